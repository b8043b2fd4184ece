"""The door to the native media path, and the translation of its numbers and parameters."""
