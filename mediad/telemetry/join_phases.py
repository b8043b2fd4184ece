"""The time of each step of a join, from the events that a room reports about its transports.

connect      the upgrade request → a seat in the room (which may have to be opened on a worker first)
join         the seat → the client's join request
ice          the client says how it will connect a transport → ICE has a path
dtls         the path → the DTLS handshake is verified
first_media  the handshake → the first stream sent on the transport flows
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PHASES = ("connect", "join", "ice", "dtls", "first_media")

_UP = {"ice": ("connected", "completed"), "dtls": ("connected",)}
_NEXT = {"ice": "dtls", "dtls": "first_media"}


@dataclass(slots=True)
class _Step:
    phase: str
    began_s: float


class TransportClock:
    """Times the last three steps of each transport.

    `observe(phase, seconds)` is called once for each step, `abandon(phase)` when the transport is closed
    before it has a path or keys. A step out of order (an ICE restart, DTLS before ICE was reported) is not
    part of a join, and is not timed.
    """

    def __init__(
        self,
        now_s: Callable[[], float],
        observe: Callable[[str, float], None],
        abandon: Callable[[str], None],
    ) -> None:
        self._now_s = now_s
        self._observe = observe
        self._abandon = abandon
        self._steps: dict[str, _Step] = {}

    def asked_for(self, transport_id: str) -> None:
        self._steps[transport_id] = _Step("ice", self._now_s())

    def state(self, transport_id: str, layer: str, state: str) -> None:
        if state in _UP.get(layer, ()):
            self._finish(transport_id, layer)

    def media_arrived(self, transport_id: str) -> None:
        self._finish(transport_id, "first_media")

    def closed(self, transport_id: str) -> None:
        step = self._steps.pop(transport_id, None)
        if step is not None and step.phase in _NEXT:
            self._abandon(step.phase)

    @property
    def timed(self) -> int:
        """The transports that are connecting."""
        return len(self._steps)

    def _finish(self, transport_id: str, phase: str) -> None:
        step = self._steps.get(transport_id)
        if step is None or step.phase != phase:
            return
        now_s = self._now_s()
        self._observe(phase, now_s - step.began_s)
        if phase in _NEXT:
            self._steps[transport_id] = _Step(_NEXT[phase], now_s)
        else:
            del self._steps[transport_id]
