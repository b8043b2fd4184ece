"""A link at work: what goes in at one end comes out at the other when its time has come."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.clock import Alarm, SimulatedClock
from tests.support.link import Link


class Hop:
    def __init__(self, clock: SimulatedClock, link: Link, deliver: Callable[[bytes], object]) -> None:
        self.link = link
        self._clock = clock
        self._deliver = deliver
        self._alarm = Alarm(clock, self._carry)

    def send(self, data: bytes) -> None:
        self.link.send(self._clock.now_us, data)
        self._arm()

    def _arm(self) -> None:
        due_us = self.link.deadline()
        if due_us is not None:
            self._alarm.by(due_us)

    def _carry(self) -> None:
        for data in self.link.due(self._clock.now_us):
            self._deliver(data)
        self._arm()
