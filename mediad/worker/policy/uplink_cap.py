"""A cap on the uplink of a client that goes on sending what it was told nobody receives.

Senders are told of bitrates this way, not of encodings: given too little for all, they fill the lowest first
and leave out the highest. So the cap is what the wanted encodings took at their most, and plenty of room to
grow: a picture that stood still may move. It must never cost quality that somebody gets: wherever that is in
doubt there is no cap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

_ROOM = 2.0  # times its peak, for an encoding whose limit is not known
_ROOM_WITHIN_LIMIT, _LEAST_ROOM = 3.0, 1.25
AUDIO_BPS = 100_000  # at least, for each microphone: silence now says little of later
LOWEST_CAP_BPS = 150_000


class Sending(Protocol):
    """A producer, as its transport's cap sees it."""

    kind: str
    paused: bool
    peak_bps: int  # most that was ever received of it in a second

    @property
    def wanted_bps(self) -> int | None:
        """Room for its wanted encodings, if its client ignores that the others sleep."""


def room_bps(peak_bps: int, max_bitrate_bps: float | None) -> int:
    """For one encoding that took `peak_bps` at its most, and whose encoder is set to `max_bitrate_bps`."""
    if not max_bitrate_bps or max_bitrate_bps <= 0:
        return round(_ROOM * peak_bps)
    return round(
        _LEAST_ROOM * max(peak_bps, min(_ROOM_WITHIN_LIMIT / _LEAST_ROOM * peak_bps, max_bitrate_bps))
    )


def uplink_cap_bps(producers: Iterable[Sending]) -> int:
    """For all of one transport; 0 = no cap.

    With a second picture there is none: which of the two a sender would reduce is its own choice.
    """
    sending = [producer for producer in producers if not producer.paused]
    pictures = [producer for producer in sending if producer.kind == "video"]
    if len(pictures) != 1 or (wanted_bps := pictures[0].wanted_bps) is None:
        return 0
    audio_bps = sum(max(AUDIO_BPS, producer.peak_bps) for producer in sending if producer.kind == "audio")
    return max(LOWEST_CAP_BPS, wanted_bps + audio_bps)


class Obedience:
    """Whether one producer's client lets encodings sleep when it is told to.

    `patience_us`: how long after that an encoding may still count as received.
    """

    def __init__(self, patience_us: int) -> None:
        self.deaf = False
        self.due_us: int | None = None
        """When to look whether the encodings that sleep are still received."""
        self._patience_us = patience_us
        self._spared = False

    def told(self, *, less: bool, now_us: int) -> None:
        """To send less, or more again."""
        self.due_us = now_us + self._patience_us if less and not self.deaf and not self._spared else None

    def look(self, *, excess: bool, now_us: int) -> None:
        if self.due_us is not None and now_us >= self.due_us:
            self.due_us = None
            self.deaf = excess

    def spare(self) -> None:
        """A cap has hurt: never again."""
        self.deaf, self._spared, self.due_us = False, True, None
