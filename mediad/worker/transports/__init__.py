"""The ways in and out of a router: what carries packets between it and one client."""
