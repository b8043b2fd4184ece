"""The transports: each carries packets between a router and one client."""
