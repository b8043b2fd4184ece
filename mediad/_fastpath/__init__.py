"""The native media path. Only plane and news in mediad.worker.media may import it."""
