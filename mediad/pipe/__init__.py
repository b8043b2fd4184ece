"""The whole contract between supervisor and worker: requests, replies, events, and the shell of both ends."""
