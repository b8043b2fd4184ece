"""The messages between the daemon and systemd."""
