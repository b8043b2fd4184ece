"""The door to the native media path, and its numbers and parameters in Python's words."""
