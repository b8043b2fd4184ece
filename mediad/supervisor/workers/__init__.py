"""The daemon's workers: processes and pipes, which room goes to which, how they end and are replaced."""
