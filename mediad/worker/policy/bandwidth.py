"""Bandwidth: one transport's, by its consumers' claims, what the link carries, and how soon to try more.

Sans-I/O: told of estimates, changed claims and time passing, it allots. Raising a stream to a larger picture
that the link then does not carry costs a key frame each way and a stutter, so each such raise that fails
doubles the wait before the next. More pictures a second of the same size cost nothing to try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from mediad.worker.policy.allocation import HEADROOM, NOTHING, OVERDRAFT, Claim, Step, divide

REVIEW_US = 500_000
QUEUE_US = 100_000  # on the way to the client: while it is shorter, what is held may overdraw a little
_FIRST_HOLD_US, _LONGEST_HOLD_US = 1_000_000, 16_000_000
_TRIAL_US = 5_000_000  # a raise that lasted this long has succeeded
_DEARER = 1.5
_PLENTY, _PLENTY_US = (
    3,
    4_000_000,
)  # this many times as much, for so long: another link than the one that failed


class Claimant(Protocol):
    """A consumer, as its transport's bandwidth sees it."""

    @property
    def priority(self) -> int: ...

    def ladder(self) -> tuple[Step, ...] | None:
        """Return what it could be given; None when nothing is to be divided for it: audio, or paused."""

    def reserved_bps(self) -> int:
        """Return what it takes in any case, in bit/s: audio."""

    def allot(self, step: Step | None, *, limited: bool) -> None:
        """Take a step (None: nothing fits); `limited`: bandwidth keeps it from the best it could have."""


@dataclass(slots=True)
class _Record:
    held: tuple[int, int] | None = None  # layers
    raised_us: int = -_TRIAL_US
    raised_bps: int = 0  # what the step was thought to cost then
    lowered_bps: int = 0  # what was available when it was lowered
    hold_us: int = _FIRST_HOLD_US
    not_before_us: int = 0
    not_quicker_before_us: int = 0
    plenty_us: int | None = None  # since when several times as much has been available

    def may_rise(self, available_bps: int | None, now_us: int) -> bool:
        if available_bps is None or available_bps < _PLENTY * self.lowered_bps:
            self.plenty_us = None
        elif self.plenty_us is None:
            self.plenty_us = now_us
        patient = self.plenty_us is not None and now_us >= self.plenty_us + _PLENTY_US
        return now_us >= self.not_before_us or patient


class Bandwidth:
    """The division of one link's bandwidth among the consumers that claim it.

    Without an estimate each is allotted the top of its ladder at once.

    With one, a changed claim makes a division worth while: `ask_review(patient)` says so, and its owner calls
    `review` when it suits it. `patient`: another peer caused it. Without it, the division is made at once.
    """

    def __init__(self, ask_review: Callable[[bool], None] | None = None) -> None:
        self._ask_review = ask_review
        self.available_bps: int | None = None
        self._queue_us = 0
        self._records: dict[Claimant, _Record] = {}

    @property
    def is_limited(self) -> bool:
        return self.available_bps is not None

    def demand_bps(self) -> tuple[int, int]:
        """Return what all would take at their best, and how far up it is worth probing for that, in bit/s."""
        tops = sum(ladder[-1].bitrate_bps for c in self._records if (ladder := c.ladder()))
        reserved = sum(c.reserved_bps() for c in self._records)
        return reserved + tops, reserved + round(HEADROOM * tops)

    def join(self, claimant: Claimant) -> None:
        self._records[claimant] = _Record()

    def leave(self, claimant: Claimant, now_us: int) -> None:
        self._records.pop(claimant, None)
        if self.is_limited:
            self._want_review(now_us)

    def estimate_changed(self, available_bps: int | None, now_us: int, *, queue_us: int = 0) -> None:
        self.available_bps = available_bps
        self._queue_us = queue_us
        self.review(now_us)

    def claim_changed(self, claimant: Claimant, now_us: int, *, patient: bool = False) -> None:
        """Divide anew: a consumer's ladder, priority or need for one has changed."""
        if claimant not in self._records:
            return
        if self.is_limited:
            self._want_review(now_us, patient=patient)
        else:
            self._divide([claimant], None, now_us)

    def _want_review(self, now_us: int, *, patient: bool = False) -> None:
        if self._ask_review is None:
            self.review(now_us)
        else:
            self._ask_review(patient)

    def review(self, now_us: int) -> None:
        """Divide anew: bitrates change by themselves, and holds end."""
        available_bps = self.available_bps
        if available_bps is not None:
            available_bps = max(0, available_bps - sum(c.reserved_bps() for c in self._records))
        self._divide(list(self._records), available_bps, now_us)

    def _divide(self, claimants: Iterable[Claimant], available_bps: int | None, now_us: int) -> None:
        ladders = [(claimant, ladder) for claimant in claimants if (ladder := claimant.ladder()) is not None]
        claims = []
        for claimant, ladder in ladders:
            record = self._records[claimant]
            held = _held_step(ladder, record.held)
            may_rise = record.may_rise(available_bps, now_us)
            may_quicken = may_rise or now_us >= record.not_quicker_before_us
            claims.append(Claim(ladder, claimant.priority, held, may_rise, may_quicken))
        overdraft = OVERDRAFT if self._queue_us < QUEUE_US else 1.0
        granted = divide(available_bps, claims, overdraft=overdraft)
        for (claimant, ladder), claim, step in zip(ladders, claims, granted, strict=True):
            self._note(self._records[claimant], claim, step, available_bps or 0, now_us)
            claimant.allot(ladder[step] if step != NOTHING else None, limited=step < len(ladder) - 1)

    def _note(self, record: _Record, claim: Claim, step: int, available_bps: int, now_us: int) -> None:
        spatial = claim.ladder[step].spatial if step != NOTHING else NOTHING
        held = claim.ladder[claim.held].spatial if claim.held != NOTHING else NOTHING
        if spatial > held != NOTHING:
            record.raised_us, record.raised_bps = now_us, claim.ladder[step].bitrate_bps
        elif step < claim.held and self.is_limited:
            record.not_quicker_before_us = now_us + _FIRST_HOLD_US
            if spatial < held:
                self._note_fall(record, claim, available_bps, now_us)
        record.held = claim.ladder[step].layers if step != NOTHING else None

    def _note_fall(self, record: _Record, claim: Claim, available_bps: int, now_us: int) -> None:
        # A stream that just starts turns out dearer than it was thought to be: no fault of the link's.
        dearer = claim.ladder[claim.held].bitrate_bps > _DEARER * record.raised_bps
        failed = now_us - record.raised_us < _TRIAL_US and not dearer
        record.lowered_bps = available_bps
        record.hold_us = min(_LONGEST_HOLD_US, 2 * record.hold_us) if failed else _FIRST_HOLD_US
        record.not_before_us = now_us + record.hold_us


def _held_step(ladder: tuple[Step, ...], held: tuple[int, int] | None) -> int:
    """Return the best step that is not above what was held; steps come and go with what is sent."""
    if held is None:
        return NOTHING
    return max((index for index, step in enumerate(ladder) if step.layers <= held), default=NOTHING)
