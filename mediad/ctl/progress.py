"""Progress of a long action: a bar on a terminal, a line for each step in a file or pipe."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from mediad.ctl.render import printable

WIDTH = 30
"""The characters of the bar itself."""


class ProgressBar:
    """A bar on standard error: `with ProgressBar("draining") as bar: bar.update(2, 5, "3 rooms left")`."""

    def __init__(self, label: str, out: TextIO | None = None) -> None:
        self._label = label
        self._out = sys.stderr if out is None else out
        self._overwrites = self._out.isatty()
        self._last: str | None = None

    def update(self, done: float, total: float, note: str = "") -> None:
        """Show `done` of `total`, whatever is counted; a total of 0 is done at once."""
        share = min(1.0, max(0.0, done / total)) if total > 0 else 1.0
        text = f"{share:4.0%}  {printable(note)}".rstrip()
        if self._overwrites:
            filled = round(share * WIDTH)
            bar = "#" * filled + "." * (WIDTH - filled)
            line = f"{self._label} [{bar}] {text}"
            # a line that wraps could not be overwritten
            self._out.write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        elif text != self._last:
            self._out.write(f"{self._label} {text.lstrip()}\n")
        self._last = text
        self._out.flush()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar where it is; the next output starts on a line of its own."""
        if self._overwrites and self._last is not None:
            self._out.write("\n")
            self._out.flush()
