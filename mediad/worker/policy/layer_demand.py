"""Layer demand: the highest encoding a simulcast sender should send, by what is wanted or was until lately.

An encoding *sleeps* when its sender need not send it, else it is *awake*. One that is wanted no more stays
awake for a while, since wishes that change often change back, and every return costs a key frame. One that is
wanted again is awake at once. The lowest encoding never sleeps, so that a new receiver has a picture before
the better one comes.
"""

from __future__ import annotations

REST_US = 5_000_000  # an encoding that was not wanted for this long sleeps
WAKE_US = 3_000_000  # an encoding that is not received this long after it was asked for will not come


class LayerDemand:
    """The demand for one producer's encodings, lowest quality first. In the beginning all are awake.

    `ceiling` is the highest that is awake. `want` and `settle` return True when it changed.
    """

    def __init__(self, encodings: int, now_us: int) -> None:
        self.ceiling = encodings - 1
        self._wanted = 0
        self._unwanted_us = [now_us] * encodings  # the time since which each above `_wanted` is not wanted
        self._woken_us = [now_us - WAKE_US] * encodings  # the time each was woken; in the beginning, long ago

    def want(self, highest: int, now_us: int) -> bool:
        """Note the highest encoding that is wanted now; below 0 when none is."""
        wanted = min(max(highest, 0), len(self._unwanted_us) - 1)
        for encoding in range(wanted + 1, self._wanted + 1):
            self._unwanted_us[encoding] = now_us
        self._wanted = wanted
        return self.settle(now_us)

    def settle(self, now_us: int) -> bool:
        """Let encodings sleep that have not been wanted for REST_US."""
        resting = range(len(self._unwanted_us) - 1, self._wanted, -1)
        awake = (encoding for encoding in resting if now_us < self._unwanted_us[encoding] + REST_US)
        before, self.ceiling = self.ceiling, next(awake, self._wanted)
        for encoding in range(before + 1, self.ceiling + 1):
            self._woken_us[encoding] = now_us
        return self.ceiling != before

    def sleeps(self, encoding: int) -> bool:
        """True when the sender need not send this encoding."""
        return encoding > self.ceiling

    def wakes(self, encoding: int, now_us: int) -> bool:
        """True when this encoding was asked for less than WAKE_US ago, so that it may still come."""
        return encoding <= self.ceiling and now_us < self._woken_us[encoding] + WAKE_US

    def deadline_us(self, now_us: int) -> int | None:
        """Return the time of the next change that comes without a new wish; None: there is none."""
        due = [since + WAKE_US for since in self._woken_us[: self.ceiling + 1] if now_us < since + WAKE_US]
        if self.ceiling > self._wanted:
            due.append(self._unwanted_us[self.ceiling] + REST_US)
        return min(due, default=None)
