"""Tokens: the keys they are signed with, what their claims mean, and which of them count no more.

Sans-I/O: bytes, texts and the time are arguments; who reads files and fetches URLs is elsewhere.
"""
