"""The work that one client may cause, whatever it sends: a budget of estimated microseconds.

Bookkeeping without I/O; time is an argument. Frames, fragments, requests and bytes cost different amounts of
work, and a client chooses which of them to send; one budget in microseconds bounds them all.
"""

from __future__ import annotations

from dataclasses import dataclass

_US_PER_S = 1_000_000

_PAUSED_BELOW = 0.95
"""The part of the budget below which a client counts as having paused."""


@dataclass(frozen=True, slots=True)
class Prices:
    """The costs of input on an ordinary core, in microseconds; only their proportions matter."""

    frame_us: int = 10
    message_us: int = 150
    """A message that is decoded, answered and sent."""
    kib_us: int = 20
    """A KiB of messages: JSON made of as many values as fit."""
    http_request_us: int = 500
    upgrade_us: int = 1500
    """A connection that is made, upgraded, seated, and ended again."""

    def input_us(self, frames: int, messages: int, size_bytes: int) -> int:
        return frames * self.frame_us + messages * self.message_us + size_bytes * self.kib_us // 1024


PRICES = Prices()


@dataclass(frozen=True, slots=True)
class InputLimits:
    """The budget of one connection. It allows some 2 500 requests at once, and 130 a second after that."""

    burst_us: int = 400_000
    per_s_us: int = 20_000
    """The work in each second that one client may cause in the long run."""
    light_us: int = 50_000
    """The recent work below which a client is served before those that have caused more."""
    patience_s: float = 10.0
    """The time for which a client may send more than the budget allows before it is closed."""


class InputBudget:
    """The work that one client has caused: it falls with time; above the limit the client waits."""

    def __init__(self, limits: InputLimits) -> None:
        self._limits = limits
        self._used_us = 0.0
        self._updated_us: int | None = None
        self._over_since_us: int | None = None

    def used_us(self, now_us: int) -> float:
        """The recent work; older work is forgotten."""
        if self._updated_us is not None:
            drained = (now_us - self._updated_us) * self._limits.per_s_us / _US_PER_S
            self._used_us = max(0.0, self._used_us - drained)
        self._updated_us = now_us
        if self._used_us < self._limits.burst_us * _PAUSED_BELOW:
            self._over_since_us = None
        return self._used_us

    def is_light(self, now_us: int) -> bool:
        return self.used_us(now_us) < self._limits.light_us

    def charge(self, cost_us: int, now_us: int) -> None:
        self._used_us = self.used_us(now_us) + cost_us

    def wait_us(self, now_us: int) -> int:
        """The time to leave more input unread; 0 is none."""
        over = self.used_us(now_us) - self._limits.burst_us
        if over <= 0:
            return 0
        if self._over_since_us is None:
            self._over_since_us = now_us
        return int(over * _US_PER_S / self._limits.per_s_us) + 1

    def exhausted(self, now_us: int) -> bool:
        """True when the client has sent too much for longer than `patience_s`."""
        since = self._over_since_us
        return since is not None and now_us - since > self._limits.patience_s * _US_PER_S
