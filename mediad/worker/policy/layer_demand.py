"""Layer demand: the highest encoding a simulcast sender should send, by what is wanted or just was.

What was wanted stays awake for a while, since wishes that change often change back, and every
return costs a key frame. What is wanted again is awake at once. The lowest encoding never sleeps: whoever
joins has a picture before the better one comes.
"""

from __future__ import annotations

REST_US = 5_000_000  # nobody wanted it for this long: it may sleep
WAKE_US = 3_000_000  # it was told to come back and did not: its sender does not send it by itself


class LayerDemand:
    """The demand for one producer's encodings, lowest quality first. In the beginning all are awake.

    `ceiling` is the highest that is awake. `want` and `settle` return whether it changed.
    """

    def __init__(self, encodings: int, now_us: int) -> None:
        self.ceiling = encodings - 1
        self._wanted = 0
        self._unwanted_us = [now_us] * encodings  # of those above `_wanted`: since when
        self._woken_us = [now_us - WAKE_US] * encodings  # long ago, those awake in the beginning included

    def want(self, highest: int, now_us: int) -> bool:
        """Note the highest encoding that is wanted now; below 0 when none is."""
        wanted = min(max(highest, 0), len(self._unwanted_us) - 1)
        for encoding in range(wanted + 1, self._wanted + 1):
            self._unwanted_us[encoding] = now_us
        self._wanted = wanted
        return self.settle(now_us)

    def settle(self, now_us: int) -> bool:
        """Let encodings sleep that nobody has wanted for long."""
        resting = range(len(self._unwanted_us) - 1, self._wanted, -1)
        awake = (encoding for encoding in resting if now_us < self._unwanted_us[encoding] + REST_US)
        before, self.ceiling = self.ceiling, next(awake, self._wanted)
        for encoding in range(before + 1, self.ceiling + 1):
            self._woken_us[encoding] = now_us
        return self.ceiling != before

    def sleeps(self, encoding: int) -> bool:
        """Return whether its sender need not send an encoding."""
        return encoding > self.ceiling

    def wakes(self, encoding: int, now_us: int) -> bool:
        """Return whether an encoding was asked for a moment ago, so that it may be on its way."""
        return encoding <= self.ceiling and now_us < self._woken_us[encoding] + WAKE_US

    def deadline_us(self, now_us: int) -> int | None:
        """Return when something may change though no wish does; None: never."""
        due = [since + WAKE_US for since in self._woken_us[: self.ceiling + 1] if now_us < since + WAKE_US]
        if self.ceiling > self._wanted:
            due.append(self._unwanted_us[self.ceiling] + REST_US)
        return min(due, default=None)
