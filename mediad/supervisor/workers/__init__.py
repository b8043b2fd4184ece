"""The daemon's workers: processes and pipes, placement of rooms, ends and replacements."""
