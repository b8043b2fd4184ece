"""mediad: a WebRTC media server (SFU) for Linux."""

__version__ = "0.1.0"
