"""The sizes of a worker's tables; rooms are placed by what is free in them."""

from __future__ import annotations

ROOMS, PEERS = 8192, 8192
TRANSPORTS, PRODUCERS, CONSUMERS = 8192, 8192, 65536
TCP_CONNECTIONS = 8192
DATA_PRODUCERS, DATA_CONSUMERS = 8192, 65536
OWN_PORTS = 999
"""The media ports for one transport each, when WebRTC transports share the first of a thousand."""
