"""The daemon: workers, placement, admin socket."""
