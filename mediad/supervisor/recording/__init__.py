"""Recordings: a process that writes files for each, and the room that it is fed from."""
