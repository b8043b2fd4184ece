"""RouterContext: what all objects of a router use: media path, ports, SCTP, handshakes, events, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mediad.clock import Clock
from mediad.pipe.events import RouterEvent
from mediad.worker.data.sctp import Sctp
from mediad.worker.media.plane import MediaPlane
from mediad.worker.transports.handshakes import Handshakes
from mediad.worker.transports.ports import Ports

Emit = Callable[[RouterEvent], None]
"""A function that sends an event, a change that nobody asked for, to the supervisor."""


@dataclass(frozen=True, slots=True)
class RouterContext:
    """The media path, ports, SCTP, turns of handshakes, events, the clock, for all objects of a router."""

    plane: MediaPlane
    emit: Emit
    clock: Clock
    ports: Ports
    sctp: Sctp
    handshakes: Handshakes
