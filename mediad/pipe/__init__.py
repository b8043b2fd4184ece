"""The whole contract between supervisor and worker: requests, replies, events, one shell."""
