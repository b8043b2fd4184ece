"""Enums of messages.pxd for Python."""
