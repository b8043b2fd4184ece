"""Enums of counts.pxd for Python."""
