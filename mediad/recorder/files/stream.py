"""The order of one stream's frames in a container: times that only grow, as every container wants them."""

from __future__ import annotations

import bisect


class Order:
    """The decoding times of one stream's frames, in microseconds.

    Frames come in the order of decoding. One that is shown before another that came earlier (a B-frame) gets
    a decoding time from the frames around it; in a call, both times are one.
    """

    def __init__(self, reorder: int = 0) -> None:
        """Begin; `reorder` is the number of frames that may come before one that is shown earlier."""
        self._reorder = reorder
        self._shown: list[int] = []
        self._last_us: int | None = None

    def times_us(self, shown_us: int) -> tuple[int, int]:
        """Return the times of decoding and of showing of the next frame, which is to be shown at `shown_us`.

        When that is not possible any more it is shown as soon as it is decoded.
        """
        bisect.insort(self._shown, shown_us)
        while len(self._shown) > self._reorder + 1:
            del self._shown[0]
        decoded_us = self._shown[0]
        if len(self._shown) <= self._reorder:
            decoded_us -= 1000 * (self._reorder + 1 - len(self._shown))
        if self._last_us is not None:
            decoded_us = max(decoded_us, self._last_us + 1000)  # Matroska counts milliseconds
        self._last_us = decoded_us
        return decoded_us, max(decoded_us, shown_us)
