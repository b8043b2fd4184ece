"""The native media path. Only mediad.worker.media.plane may import it."""
