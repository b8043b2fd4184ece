"""Socket.IO clients: their transports, their packets and their namespaces."""
