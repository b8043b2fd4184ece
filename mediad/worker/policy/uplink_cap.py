"""Uplink cap: a limit for a client that sends encodings although it was told that nobody receives them.

A cap tells senders of a bitrate, not of encodings: when it is too little for all, they fill the lowest first
and leave out the highest. So the cap is the highest bitrate of the wanted encodings so far, and much room to
grow: a picture that stood still may move. A cap must never reduce the quality that a receiver gets: wherever
that is in doubt there is no cap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

_ROOM = 2.0  # times its peak, for an encoding whose limit is not known
_ROOM_WITHIN_LIMIT, _LEAST_ROOM = 3.0, 1.25
AUDIO_BPS = 100_000  # at least, for each microphone: one that is silent now may not be later
LOWEST_CAP_BPS = 150_000


class CappedProducer(Protocol):
    """A producer, as the cap of its transport sees it."""

    kind: str
    paused: bool
    peak_bps: int  # the most that was received of it in a second

    @property
    def wanted_bps(self) -> int | None:
        """The bitrate to leave for its wanted encodings; None unless its client goes on sending others."""


def room_bps(peak_bps: int, max_bitrate_bps: float | None) -> int:
    """Return the bitrate to leave for an encoding, by its peak and the limit its encoder is set to."""
    if not max_bitrate_bps or max_bitrate_bps <= 0:
        return round(_ROOM * peak_bps)
    return round(
        _LEAST_ROOM * max(peak_bps, min(_ROOM_WITHIN_LIMIT / _LEAST_ROOM * peak_bps, max_bitrate_bps))
    )


def uplink_cap_bps(producers: Iterable[CappedProducer]) -> int:
    """Return the cap for all producers of a transport; 0: none.

    With a second video there is none: the sender would choose which of the two to reduce.
    """
    sending = [producer for producer in producers if not producer.paused]
    pictures = [producer for producer in sending if producer.kind == "video"]
    if len(pictures) != 1 or (wanted_bps := pictures[0].wanted_bps) is None:
        return 0
    audio_bps = sum(max(AUDIO_BPS, producer.peak_bps) for producer in sending if producer.kind == "audio")
    return max(LOWEST_CAP_BPS, wanted_bps + audio_bps)


def lower(one_bps: int, other_bps: int) -> int:
    """Return the lower of two limits; 0 is none."""
    return min(one_bps, other_bps) if one_bps and other_bps else one_bps or other_bps


class Compliance:
    """The record of one client: it stops sending encodings when it is told to, or it does not.

    `patience_us`: the time after that in which an encoding may still count as received.
    """

    def __init__(self, patience_us: int) -> None:
        self.ignores = False
        """True when it goes on sending encodings after it was told that nobody receives them."""
        self.due_us: int | None = None
        """The time to look whether the encodings that sleep are still received."""
        self._patience_us = patience_us
        self._exempt = False

    def told(self, *, less: bool, now_us: int) -> None:
        """Note that the client was told to send less, or more again."""
        self.due_us = now_us + self._patience_us if less and not self.ignores and not self._exempt else None

    def look(self, *, excess: bool, now_us: int) -> None:
        """Decide when it is time; `excess`: encodings that sleep are still received."""
        if self.due_us is not None and now_us >= self.due_us:
            self.due_us = None
            self.ignores = excess

    def exempt(self) -> None:
        """Allow no cap any more: a cap has stopped an encoding that was wanted."""
        self.ignores, self._exempt, self.due_us = False, True, None
