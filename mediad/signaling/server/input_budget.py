"""How much work one client may make, whatever it sends: a budget of estimated microseconds.

Pure bookkeeping with time as an argument. Frames, fragments, requests and bytes cost different amounts of
work, and a client chooses which of them to send many of; one budget in the unit of what is scarce bounds all.
"""

from __future__ import annotations

from dataclasses import dataclass

_US_PER_S = 1_000_000

_SILENCE = 0.95
"""Who has fallen below this part of the budget has stopped for a moment: it does not keep on."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost on an ordinary core, in microseconds; only their proportions matter."""

    frame_us: int = 10
    message_us: int = 150
    """Decoded, answered and sent."""
    kib_us: int = 20
    """Of messages: JSON made of as many values as fit."""
    http_request_us: int = 500

    def input_us(self, frames: int, messages: int, size_bytes: int) -> int:
        return frames * self.frame_us + messages * self.message_us + size_bytes * self.kib_us // 1024


PRICES = Prices()


@dataclass(frozen=True, slots=True)
class InputLimits:
    """The budget of one connection. Some 2 500 requests at once, and 130 a second after that, fit in."""

    burst_us: int = 400_000
    per_s_us: int = 20_000
    """How much of each second's work one client may take in the long run."""
    light_us: int = 50_000
    """Who has used less than this of late is served before those who have used more."""
    patience_s: float = 10.0
    """Who sends more than the budget allows for longer than this is closed."""


class InputBudget:
    """What one client has used: it drains with time, and while it is over the brim the client waits."""

    def __init__(self, limits: InputLimits) -> None:
        self._limits = limits
        self._used_us = 0.0
        self._updated_us: int | None = None
        self._over_since_us: int | None = None

    def used_us(self, now_us: int) -> float:
        """Of late; what was used long ago is forgotten."""
        if self._updated_us is not None:
            drained = (now_us - self._updated_us) * self._limits.per_s_us / _US_PER_S
            self._used_us = max(0.0, self._used_us - drained)
        self._updated_us = now_us
        if self._used_us < self._limits.burst_us * _SILENCE:
            self._over_since_us = None
        return self._used_us

    def is_light(self, now_us: int) -> bool:
        return self.used_us(now_us) < self._limits.light_us

    def charge(self, cost_us: int, now_us: int) -> None:
        self._used_us = self.used_us(now_us) + cost_us

    def wait_us(self, now_us: int) -> int:
        """How long to leave more input unread; 0 is not at all."""
        over = self.used_us(now_us) - self._limits.burst_us
        if over <= 0:
            return 0
        if self._over_since_us is None:
            self._over_since_us = now_us
        return int(over * _US_PER_S / self._limits.per_s_us) + 1

    def exhausted(self, now_us: int) -> bool:
        """The client has kept on for longer than anybody waits for."""
        since = self._over_since_us
        return since is not None and now_us - since > self._limits.patience_s * _US_PER_S
