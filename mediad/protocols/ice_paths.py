"""The records of an ICE agent about its paths: when the peer was last there, and proof that it receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_REMEMBERED_CHECKS = 512
_REMEMBERED_BYTES = 12  # of each check's MESSAGE-INTEGRITY
_AMPLIFICATION = 3  # as for QUIC: RFC 9000 section 8.1
# Recorded checks, sent again in a flood, are dropped as true ones are, and may not keep a peer that has gone.
_MOST_EXCUSED_US = 14_000_000
_LAST_UDP_SOCKET = 0xFFFF


@dataclass(frozen=True, slots=True)
class Path:
    """One local socket (the loop's number for it) and one remote address.

    A TCP connection is a socket of its own, with a number from 65 536 up that no later connection has.
    `local` tells which of this machine's addresses the peer reaches, on a socket bound to all of them:
    answers have to come from it. Empty where the socket is bound to one.
    """

    socket: int
    host: str
    port: int
    local: str = ""

    @property
    def lent_socket(self) -> int:
        """The loop's number of the UDP socket, or of the listener that took the connection in."""
        return self.socket & _LAST_UDP_SOCKET

    @property
    def protocol(self) -> Literal["udp", "tcp"]:
        return "tcp" if self.socket > _LAST_UDP_SOCKET else "udp"


@dataclass(slots=True)
class PathState:
    """Consent (RFC 7675) and the proof that the peer receives there, of one path.

    A check proves who sent it, not where from: a source address can be forged. Authentic media and a
    handshake that ended do, as far as an agent that sends no checks can know. Until then at most three times
    the bytes that came from the path are sent to it.
    """

    checked_us: int
    heard_us: int = 0
    """The time authentic media last came from it; 0 for never."""
    excused_us: int = 0
    """The time of the last check that was not read, and may have been its peer's."""
    spared_us: int = 0
    """A time at which its peer counts as there, as this side was not: nothing was read."""
    proven: bool = False
    received_bytes: int = 0
    sent_bytes: int = 0

    @property
    def alive_us(self) -> int:
        """The time its peer was last there."""
        return max(self.checked_us, self.heard_us)

    @property
    def consent_from_us(self) -> int:
        return max(self.alive_us, min(self.excused_us, self.alive_us + _MOST_EXCUSED_US), self.spared_us)

    def allows(self, size: int) -> bool:
        """True when `size` bytes may go there; they then count as sent."""
        if not self.proven and self.sent_bytes + size > _AMPLIFICATION * self.received_bytes:
            return False
        self.sent_bytes += size
        return True


class CheckMemory:
    """The newest checks, to tell replayed ones: they are authentic, but prove nothing new.

    An honest peer sends one every 2 to 6 s on the path it uses, so this goes back for half an hour. An older
    one can only add a path that never proves anything, or nominate it once the path in use is silent.
    """

    def __init__(self) -> None:
        self._seen = bytearray()
        self._next = 0

    def is_replay(self, integrity: bytes) -> bool:
        """True when a check with this MESSAGE-INTEGRITY, which covers all of it, was seen; else note it."""
        mark = integrity[:_REMEMBERED_BYTES]
        position = self._seen.find(mark)
        while position >= 0 and position % _REMEMBERED_BYTES:
            position = self._seen.find(mark, position + 1)
        if position >= 0:
            return True
        if len(self._seen) < _REMEMBERED_CHECKS * _REMEMBERED_BYTES:
            self._seen += mark
        else:
            self._seen[self._next : self._next + _REMEMBERED_BYTES] = mark
            self._next = (self._next + _REMEMBERED_BYTES) % len(self._seen)
        return False
