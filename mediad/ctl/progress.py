"""How far something has come: a bar where a person looks, a line for each step where a file or pipe does."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from mediad.ctl.render import printable

WIDTH = 30
"""Characters of the bar itself."""


class ProgressBar:
    """`with ProgressBar("draining") as bar: bar.update(2, 5, "3 rooms left")`; on standard error."""

    def __init__(self, label: str, out: TextIO | None = None) -> None:
        self._label = label
        self._out = sys.stderr if out is None else out
        self._overwrites = self._out.isatty()
        self._last: str | None = None

    def update(self, done: float, total: float, note: str = "") -> None:
        """`done` of `total` of whatever is counted; no more than nothing to do is done at once."""
        share = min(1.0, max(0.0, done / total)) if total > 0 else 1.0
        text = f"{share:4.0%}  {printable(note)}".rstrip()
        if self._overwrites:
            filled = round(share * WIDTH)
            bar = "#" * filled + "." * (WIDTH - filled)
            line = f"{self._label} [{bar}] {text}"
            # a line that wraps could not be written over
            self._out.write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        elif text != self._last:
            self._out.write(f"{self._label} {text.lstrip()}\n")
        self._last = text
        self._out.flush()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        """The bar stays where it is; what comes next starts a line of its own."""
        if self._overwrites and self._last is not None:
            self._out.write("\n")
            self._out.flush()
