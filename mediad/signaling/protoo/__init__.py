"""The protoo protocol: its messages, one client's connection, and the limits of a connection."""
