"""A display that is drawn again and again: in place on a terminal, one below the other in a file."""

from __future__ import annotations

import shutil
import signal
import sys
from typing import Any, TextIO

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # the alternate screen, without a cursor
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """A display: `with Screen() as screen: screen.draw(text)`.

    Text that does not fit is cut off, and the terminal's earlier contents come back at the end.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._in_place = self._out.isatty()
        self._drawn = False
        self._before: Any = signal.SIG_DFL

    @property
    def lines(self) -> int | None:
        """The number of lines that fit; None where there is no end."""
        return shutil.get_terminal_size().lines if self._in_place else None

    def draw(self, text: str) -> None:
        if self._in_place:
            columns, lines = shutil.get_terminal_size()
            shown = [line[:columns] + _CLEAR_LINE for line in text.splitlines()[:lines]]
            self._out.write(_HOME + "\r\n".join(shown) + _CLEAR_BELOW)
        else:
            self._out.write(("\n" if self._drawn else "") + text + "\n")
        self._drawn = True
        self._out.flush()

    def __enter__(self) -> Screen:
        if self._in_place:
            # any other signal than Ctrl-C must not leave a terminal without a cursor
            self._before = signal.signal(signal.SIGTERM, _end)
            self._out.write(_ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        if self._in_place:
            self._out.write(_LEAVE)
            self._out.flush()
            signal.signal(signal.SIGTERM, self._before)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
