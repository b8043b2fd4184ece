"""The HTTP endpoints that are not signaling."""
