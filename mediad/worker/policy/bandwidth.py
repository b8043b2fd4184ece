"""Bandwidth: the division of a link's bitrate among a transport's consumers, and the waits before a raise.

Sans-I/O: it is told of estimates, changed claims and the time, and allots steps. Raising a stream to a larger
picture that the link then does not carry costs a key frame each way and a stutter, so each such raise that
fails doubles the wait before the next. Trying more pictures a second of the same size costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from mediad.worker.policy.allocation import HEADROOM, NOTHING, OVERDRAFT, Claim, Step, divide

REVIEW_US = 500_000
QUEUE_US = 100_000  # on the way to the client: while it is shorter, held steps may take a little too much
_FIRST_HOLD_US, _LONGEST_HOLD_US = 1_000_000, 16_000_000
_TRIAL_US = 5_000_000  # a raise that lasted this long has succeeded
_COSTLIER = 1.5
# this many times the bitrate, for this long, means another link than the one on which a raise failed
_PLENTY, _PLENTY_US = 3, 4_000_000


class AllottedConsumer(Protocol):
    """A consumer, as the bandwidth of its transport sees it."""

    @property
    def priority(self) -> int: ...

    def ladder(self) -> tuple[Step, ...] | None:
        """Return the steps to choose from; None when there is no choice: audio, or paused."""

    def reserved_bps(self) -> int:
        """Return the bitrate that is needed in any case, in bit/s: audio."""

    def allot(self, step: Step | None, *, limited: bool) -> None:
        """Send this step (None: nothing fits); `limited`: too little bandwidth for the best step."""


@dataclass(slots=True)
class _Record:
    held: tuple[int, int] | None = None  # layers
    raised_us: int = -_TRIAL_US
    raised_bps: int = 0  # the expected cost of the step at that time
    lowered_bps: int = 0  # the available bitrate when it was lowered
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

    Without an estimate each is allotted the best step of its ladder at once.

    With one, a changed claim calls `ask_review(patient)`, and the owner calls `review` now or later;
    `patient`: another peer caused the change. Without `ask_review`, the division is made at once.
    """

    def __init__(self, ask_review: Callable[[bool], None] | None = None) -> None:
        self._ask_review = ask_review
        self.available_bps: int | None = None
        self._queue_us = 0
        self._records: dict[AllottedConsumer, _Record] = {}

    @property
    def is_limited(self) -> bool:
        return self.available_bps is not None

    def demand_bps(self) -> tuple[int, int]:
        """Return the bitrate of all consumers at their best, and the most to probe for, both in bit/s."""
        tops = sum(ladder[-1].bitrate_bps for c in self._records if (ladder := c.ladder()))
        reserved = sum(c.reserved_bps() for c in self._records)
        return reserved + tops, reserved + round(HEADROOM * tops)

    def join(self, consumer: AllottedConsumer) -> None:
        self._records[consumer] = _Record()

    def leave(self, consumer: AllottedConsumer, now_us: int) -> None:
        self._records.pop(consumer, None)
        if self.is_limited:
            self._want_review(now_us)

    def estimate_changed(self, available_bps: int | None, now_us: int, *, queue_us: int = 0) -> None:
        self.available_bps = available_bps
        self._queue_us = queue_us
        self.review(now_us)

    def claim_changed(self, consumer: AllottedConsumer, now_us: int, *, patient: bool = False) -> None:
        """Divide anew after a change of a consumer's ladder or priority, or of its need for either."""
        if consumer not in self._records:
            return
        if self.is_limited:
            self._want_review(now_us, patient=patient)
        else:
            self._divide([consumer], None, now_us)

    def _want_review(self, now_us: int, *, patient: bool = False) -> None:
        if self._ask_review is None:
            self.review(now_us)
        else:
            self._ask_review(patient)

    def review(self, now_us: int) -> None:
        """Divide anew because time has passed: bitrates change, and waits end."""
        available_bps = self.available_bps
        if available_bps is not None:
            available_bps = max(0, available_bps - sum(c.reserved_bps() for c in self._records))
        self._divide(list(self._records), available_bps, now_us)

    def _divide(self, consumers: Iterable[AllottedConsumer], available_bps: int | None, now_us: int) -> None:
        ladders = [(consumer, ladder) for consumer in consumers if (ladder := consumer.ladder()) is not None]
        claims = []
        for consumer, ladder in ladders:
            record = self._records[consumer]
            held = _held_step(ladder, record.held)
            may_rise = record.may_rise(available_bps, now_us)
            may_quicken = may_rise or now_us >= record.not_quicker_before_us
            claims.append(Claim(ladder, consumer.priority, held, may_rise, may_quicken))
        overdraft = OVERDRAFT if self._queue_us < QUEUE_US else 1.0
        granted = divide(available_bps, claims, overdraft=overdraft)
        for (consumer, ladder), claim, step in zip(ladders, claims, granted, strict=True):
            self._note(self._records[consumer], claim, step, available_bps or 0, now_us)
            consumer.allot(ladder[step] if step != NOTHING else None, limited=step < len(ladder) - 1)

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
        # A stream that has just started may need more than was expected: then the link did not fail.
        costlier = claim.ladder[claim.held].bitrate_bps > _COSTLIER * record.raised_bps
        failed = now_us - record.raised_us < _TRIAL_US and not costlier
        record.lowered_bps = available_bps
        record.hold_us = min(_LONGEST_HOLD_US, 2 * record.hold_us) if failed else _FIRST_HOLD_US
        record.not_before_us = now_us + record.hold_us


def _held_step(ladder: tuple[Step, ...], held: tuple[int, int] | None) -> int:
    """Return the best step that is not above the layers held before: the steps change with what is sent."""
    if held is None:
        return NOTHING
    return max((index for index, step in enumerate(ladder) if step.layers <= held), default=NOTHING)
