"""Review plan: the times at which a transport's bandwidth is divided anew after claims to it changed.

A division looks at every consumer of the transport, and one event may change many claims: all consumers
of a newcomer, all streams of a peer whose network is gone. So the first change is answered at once, and
those that follow in the same turn of the event loop together at its end. Changes that other peers cause
wait a little longer than that, because this transport's client cannot limit how often they come.
"""

from __future__ import annotations

from collections.abc import Callable

from mediad.clock import Clock, Timer

PATIENCE_US = 200_000


class ReviewPlan:
    """The planned calls of `review`, which gets the time in microseconds."""

    def __init__(self, review: Callable[[int], None], clock: Clock) -> None:
        self._review = review
        self._clock = clock
        self._reviewed_us = -PATIENCE_US
        self._same_turn = False
        self._due_us = 0
        self._planned: Timer | None = None

    def ask(self, *, patient: bool) -> None:
        """Ask for a division because a claim has changed; `patient`: another peer caused it."""
        now_us = self._clock.now_us()
        if patient and now_us < self._reviewed_us + PATIENCE_US:
            self._plan(self._reviewed_us + PATIENCE_US)
        elif self._same_turn:
            self._plan(now_us)
        else:
            self._same_turn = True
            self._clock.call_at(now_us, self._turn_ended)
            self._divide()

    def cancel(self) -> None:
        """Cancel the division that is planned, if one is."""
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None

    def _plan(self, due_us: int) -> None:
        if self._planned is not None and self._due_us <= due_us:
            return
        self.cancel()
        self._due_us = due_us
        self._planned = self._clock.call_at(due_us, self._divide)

    def _divide(self) -> None:
        self.cancel()
        self._reviewed_us = self._clock.now_us()
        self._review(self._reviewed_us)

    def _turn_ended(self) -> None:
        self._same_turn = False
