"""Gives Python the enums of messages.pxd."""
