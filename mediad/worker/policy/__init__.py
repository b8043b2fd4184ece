"""Decisions of a worker as pure functions: bitrates, layers, caps and speakers; time is an argument."""
