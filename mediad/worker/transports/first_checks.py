"""First checks: the transports that have waited too long for a first valid connectivity check of ICE.

A client asks for its transports as soon as it connects, and may need one of them an hour later:
mediasoup-client tells the server of DTLS, and begins with ICE, when the first track comes. So time alone says
nothing about a transport that is not in use. One that is in use (it was told the client's DTLS parameters, or
carries a producer or a consumer) belongs to a client that is trying to connect: its checks arrive within a
second, or never.
"""

from __future__ import annotations

from typing import Protocol

from mediad.clock import Clock, Timer
from mediad.overdue import Overdue

FIRST_CHECK_S = 30


class UncheckedTransport(Protocol):
    """A transport whose first check is waited for."""

    def first_check_missed(self) -> None:
        """Act on a first check that did not come in time."""


class FirstChecks:
    """The transports whose first check is waited for; each is told once when its time is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: Overdue[UncheckedTransport] = Overdue(FIRST_CHECK_S * 1_000_000)
        self._timer: Timer | None = None

    def expect(self, transport: UncheckedTransport) -> None:
        """Start the time in which a transport's first check must come."""
        self._waiting.expect(transport, self._clock.now_us())
        if self._timer is None:
            self._arm()

    def met(self, transport: UncheckedTransport) -> None:
        """Wait no longer for a transport: it has a path, or is closed."""
        self._waiting.met(transport)

    def stop(self) -> None:
        """Cancel the timer: the router is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        due_us = self._waiting.get_timer()
        self._timer = None if due_us is None else self._clock.call_at(due_us, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        for transport in self._waiting.take_due(self._clock.now_us()):
            transport.first_check_missed()
        if self._timer is None:
            self._arm()
