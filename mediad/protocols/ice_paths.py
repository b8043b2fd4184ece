"""What an ICE agent knows of each path: when its peer was last there, and whether it proved to receive."""

from __future__ import annotations

from dataclasses import dataclass

_REMEMBERED_CHECKS = 512
_REMEMBERED_BYTES = 12  # of each check's MESSAGE-INTEGRITY
_AMPLIFICATION = 3  # as for QUIC: RFC 9000 §8.1


@dataclass(frozen=True, slots=True)
class Path:
    """One local socket (the loop's number for it) and one remote address.

    `local` tells which of this machine's addresses the peer reaches, on a socket bound to all of them:
    answers have to come from it. Empty where the socket is bound to one.
    """

    socket: int
    host: str
    port: int
    local: str = ""


@dataclass(slots=True)
class PathState:
    """Consent (RFC 7675) and the proof that somebody receives there, of one path.

    A check proves who sent it, not where from: a source address can be forged. Authentic media and a
    handshake that ended do, as far as an agent that sends no checks can know. Until then at most three times
    the bytes that came from the path are sent to it.
    """

    checked_us: int
    heard_us: int = 0
    """When authentic media came from it; 0 for never."""
    excused_us: int = 0
    """Until then its peer may have spoken without being heard."""
    proven: bool = False
    received_bytes: int = 0
    sent_bytes: int = 0

    @property
    def alive_us(self) -> int:
        """When its peer was last there."""
        return max(self.checked_us, self.heard_us)

    @property
    def consent_from_us(self) -> int:
        return max(self.alive_us, self.excused_us)

    def allows(self, size: int) -> bool:
        """Whether so many bytes may go there; they count as sent."""
        if not self.proven and self.sent_bytes + size > _AMPLIFICATION * self.received_bytes:
            return False
        self.sent_bytes += size
        return True


class CheckMemory:
    """Which of the newest checks were seen before: a replayed one is authentic, but says nothing new.

    An honest peer sends one every 2 to 6 s on the path it uses, so this goes back for half an hour; and an
    older one can only add a path that never proves anything, or name it once the path in use has fallen
    silent.
    """

    def __init__(self) -> None:
        self._seen = bytearray()
        self._next = 0

    def is_replay(self, integrity: bytes) -> bool:
        """By the check's MESSAGE-INTEGRITY, which covers all of it. False counts as seen."""
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
