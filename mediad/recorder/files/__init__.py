"""Frames to files: names, folders, containers, and the thread that waits for the disk."""
