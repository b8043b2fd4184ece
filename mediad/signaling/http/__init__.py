"""The HTTP endpoints beside signaling."""
