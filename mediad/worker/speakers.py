"""Speakers of a router: who is heard, and who has the floor, told while anybody makes a sound.

The media thread reports each producer that is not silent every 300 ms. Two decisions follow from the reports,
each with an interval of its own, and no timer runs in a silent room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mediad.clock import Clock, Timer
from mediad.pipe.events import DominantSpeakerChanged, SpeakerChanged, Volume
from mediad.worker.context import Emit
from mediad.worker.policy import dominance
from mediad.worker.policy.dominance import Dominance
from mediad.worker.policy.volumes import Volumes


@dataclass(frozen=True, slots=True)
class VolumeOptions:
    """The interval over which volumes are measured, and the lowest volume that counts."""

    interval_us: int
    threshold_dbov: int


class Speakers:
    """The producers whose audio levels are measured."""

    def __init__(self, clock: Clock, emit: Emit, options: VolumeOptions) -> None:
        self.options = options
        """The options in force from the next interval on."""
        self._clock = clock
        self._emit = emit
        self._volumes = Volumes()
        self._dominance = Dominance()
        self._told: str | None = None
        self._volumes_due = _Rounds(clock, self._tell_volumes)
        self._dominance_due = _Rounds(clock, self._tell_dominant)

    def heard(self, producer_id: str, packets: int, dbov_sum: int, loudness: bytes) -> None:
        """Take a report: packets, their levels added up in dBov, and 127 + dBov of each step of 20 ms."""
        self._volumes.heard(producer_id, packets, dbov_sum)
        self._dominance.heard(producer_id, loudness, self._clock.now_us())
        self._volumes_due.begin(self.options.interval_us)
        self._dominance_due.begin(dominance.INTERVAL_US)

    def forget(self, producer_id: str) -> None:
        """Leave out a producer that is closed or paused."""
        self._volumes.forget(producer_id)
        self._dominance.forget(producer_id)
        if self._told == producer_id:
            self._dominance_due.begin(dominance.INTERVAL_US)

    def stop(self) -> None:
        """Tell nothing more."""
        self._volumes_due.stop()
        self._dominance_due.stop()

    def _tell_volumes(self) -> None:
        heard = self._volumes.decide(self.options.threshold_dbov)
        if not self._volumes.idle:
            self._volumes_due.begin(self.options.interval_us)
        if heard:
            loudest, *others = heard
            self._emit(SpeakerChanged(*loudest, [Volume(*other) for other in others]))
        elif heard is not None:
            self._emit(SpeakerChanged(None))
            self._dominance.silence()
            self._tell_change()

    def _tell_dominant(self) -> None:
        self._dominance.decide(self._clock.now_us())
        if not self._dominance.idle:
            self._dominance_due.begin(dominance.INTERVAL_US)
        self._tell_change()

    def _tell_change(self) -> None:
        if self._told != self._dominance.speaker:
            self._told = self._dominance.speaker
            self._emit(DominantSpeakerChanged(self._told))


class _Rounds:
    """A call that is due an interval after `begin`, once; further calls of `begin` until then do nothing."""

    def __init__(self, clock: Clock, act: Callable[[], None]) -> None:
        self._clock = clock
        self._act = act
        self._timer: Timer | None = None

    def begin(self, interval_us: int) -> None:
        if self._timer is None:
            self._timer = self._clock.call_at(self._clock.now_us() + interval_us, self._due)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._act()
