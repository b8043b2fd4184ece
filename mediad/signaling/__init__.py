"""The front: HTTP, WebSocket and the dialects spoken on it."""
