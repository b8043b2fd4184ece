"""The tracks that a client sends (producers) and receives (consumers)."""
