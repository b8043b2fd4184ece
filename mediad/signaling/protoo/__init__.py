"""The protoo protocol: its messages, one client's connection, and what that may cost."""
