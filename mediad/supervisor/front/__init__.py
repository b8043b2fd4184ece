"""The daemon's one HTTP port: its sockets, TLS, and how many connections it takes in."""
