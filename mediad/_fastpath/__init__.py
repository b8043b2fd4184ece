"""The native media path. Only mediad.worker.plane may import it."""
