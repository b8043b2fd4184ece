"""Packets of one stream, put in order, each once; what does not come in time is lost.

A loss before the server is repaired there, and the repeated packet is forwarded late. A recording is in no
hurry, so this waits longer than a call would.
"""

from __future__ import annotations

from typing import NamedTuple

from mediad.recorder.rtp.packet import RtpPacket

WAIT_US = 800_000
"""The time that a missing packet is waited for: repairs over a slow path take several round trips."""

MAX_HELD = 2048
"""Packets that are held behind a missing one; about what 20 Mbit/s bring in WAIT_US."""

MAX_JUMP = 3000
"""A jump of sequence numbers that is a loss; a larger one is another beginning (RFC 3550 appendix A.1)."""


class Ordered(NamedTuple):
    """A packet in its turn."""

    packet: RtpPacket
    lost: int
    """The number of packets that are missing directly before it; a new beginning counts as one."""
    arrival_us: int


class Reorder:
    """The reorder buffer of one stream."""

    def __init__(self) -> None:
        self.received = self.lost = self.duplicates = self.late = 0
        self.highest = 0
        """The highest sequence number received, with the wraps counted (RFC 3550 section 6.4.1)."""
        self._next = -1
        """The number whose turn it is; -1 before the first packet."""
        self._held: dict[int, tuple[RtpPacket, int]] = {}
        self._suspect: int | None = None
        self._restarted = False

    def push(self, packet: RtpPacket, now_us: int) -> list[Ordered]:
        """Take a packet and return those whose turn it is."""
        self.received += 1
        if self._next < 0:
            self._next = self.highest = packet.sequence
        return self._take(packet, now_us)

    def poll(self, now_us: int) -> list[Ordered]:
        """Return what is not held any more, because the packets before it did not come in time."""
        return self._release(now_us) if self._held else []

    def flush(self) -> list[Ordered]:
        """Return everything that is held: nothing more comes."""
        return self._release(1 << 62)

    def _take(self, packet: RtpPacket, now_us: int) -> list[Ordered]:
        step = ((packet.sequence - self._next + 0x8000) & 0xFFFF) - 0x8000
        if not -MAX_JUMP <= step < MAX_JUMP:
            return self._restart(packet, now_us)
        self._suspect = None
        if step < 0:
            self.late += 1
            return []
        number = self._next + step
        self.highest = max(self.highest, number)
        if step == 0 and not self._held:  # nearly always
            self._next += 1
            return [Ordered(packet, self._take_restart(), now_us)]
        if number in self._held:
            self.duplicates += 1
            return []
        self._held[number] = (packet, now_us)
        return self._release(now_us)

    def _restart(self, packet: RtpPacket, now_us: int) -> list[Ordered]:
        """Begin anew when two packets in a row are far from all others: a single one is an error."""
        if packet.sequence != self._suspect:
            self._suspect = (packet.sequence + 1) & 0xFFFF
            self.late += 1
            return []
        self._suspect = None
        ready = self.flush()
        cycle = (self._next >> 16) + 1
        self._next = self.highest = (cycle << 16) + packet.sequence
        self._restarted = True
        return ready + self._take(packet, now_us)

    def _take_restart(self) -> int:
        restarted, self._restarted = self._restarted, False
        return int(restarted)

    def _release(self, now_us: int) -> list[Ordered]:
        ready: list[Ordered] = []
        while self._held:
            entry = self._held.pop(self._next, None)
            missing = 0
            if entry is None:
                _, oldest_us = next(iter(self._held.values()))  # held in the order of arrival
                if now_us - oldest_us < WAIT_US and len(self._held) < MAX_HELD:
                    break
                number = min(self._held)
                missing = number - self._next
                self.lost += missing
                entry, self._next = self._held.pop(number), number
            self._next += 1
            ready.append(Ordered(entry[0], missing + self._take_restart(), entry[1]))
        return ready
