"""The daemon: workers, placement, admin socket, HTTP port, systemd, what operators see."""
