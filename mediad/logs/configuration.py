"""The set-up of logging, and the counts of lines since then."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TextIO

import msgspec

from mediad.logs.addresses import IN_FORCE
from mediad.logs.formats import Formatter, JournalFormatter, JsonFormatter, TextFormatter
from mediad.logs.limit import RateLimit
from mediad.logs.sink import JOURNAL_SOCKET, Sink, to_descriptor, to_journal

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "none": logging.CRITICAL + 1,
}

_FORMATTERS: dict[str, type[Formatter]] = {
    "text": TextFormatter,
    "json": JsonFormatter,
    "journal": JournalFormatter,
}


def setup(level: str, form: str, stream: TextIO | None = None, **context: object) -> None:
    """Log lines of `level` and above as "text", "json" or "journal"; "auto" chooses one of them.

    They go to standard error, "journal" to journald if there is one; to `stream` at once when one is given.
    `context` is put on every line of this process. Another call replaces the set-up of the one before.
    """
    form = choose_form(os.environ) if form == "auto" else form
    missing = form == "journal" and stream is None and not os.path.exists(JOURNAL_SOCKET)
    form = "text" if missing else form
    formatter = _FORMATTERS[form](context)
    handler: logging.Handler
    if stream is not None:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
    else:
        handler = _Handler(formatter, journal=form == "journal")
    counting = _Count()
    handler.addFilter(counting.limit)
    handler.addFilter(counting)
    root = logging.getLogger()
    old, root.handlers[:] = root.handlers[:], [handler]
    for other in old:
        if isinstance(other, _Handler):
            other.close()
    set_level(level)
    if missing:
        logging.getLogger(__name__).warning("there is no journald here: the log is text on standard error")


def set_level(level: str) -> None:
    """Change the lowest level that is logged, while running. `level` is one of config.LOG_LEVELS."""
    root = logging.getLogger()
    root.setLevel(_LEVELS[level])
    # Libraries log every step at INFO; mediad's own lines tell operators what they need.
    for library in ("uvicorn", "websockets", "asyncio", "starlette"):
        logging.getLogger(library).setLevel(max(_LEVELS[level], logging.WARNING))


def set_addresses(how: str, own: Iterable[str]) -> None:
    """Show addresses as `how` says, one of config.LOG_ADDRESSES; the server's `own` are always shown."""
    IN_FORCE.how, IN_FORCE.own = how, frozenset(own)


class LineCounts(msgspec.Struct, rename="camel"):
    """Lines since logging was set up."""

    lines: dict[str, int]
    """Lines logged, by level."""
    left_out: dict[str, int]
    """Lines left out, by reason: "rate" (too many of a kind) or "reader" (it was not read fast enough, or
    could not be written)."""


def counts() -> LineCounts:
    """Return the numbers of lines that this process has logged and left out."""
    lines: Counter[str] = Counter()
    left_out = {"rate": 0, "reader": 0}
    for handler in logging.getLogger().handlers:
        for part in handler.filters:
            if isinstance(part, _Count):
                lines += part.lines
                left_out["rate"] += part.limit.left_out
        if isinstance(handler, _Handler):
            left_out["reader"] += handler.sink.lost
    return LineCounts({level: lines[level] for level in _LEVELS if level != "none"}, left_out)


def choose_form(environ: Mapping[str, str]) -> str:
    """The form: "journal" if standard error is journald (systemd.exec(5), $JOURNAL_STREAM), else "text"."""
    try:
        there = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # closed, or not a file at all
        return "text"
    return "journal" if environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}" else "text"


class _Handler(logging.Handler):
    def __init__(self, formatter: Formatter, *, journal: bool) -> None:
        super().__init__()
        self._encode = formatter.encode
        self.sink = Sink(to_journal() if journal else to_descriptor(2), self._own_line)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.sink.put(self._encode(record))
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Write what is waiting; logging.shutdown calls this at the end of the process."""
        self.sink.flush()

    def close(self) -> None:
        self.sink.close()
        super().close()

    def _own_line(self, text: str) -> bytes:
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, None, None)
        record.created = time.time()
        return self._encode(record)


class _Count(logging.Filter):
    """Counts the lines that have passed the limit."""

    def __init__(self) -> None:
        super().__init__()
        self.limit = RateLimit()
        self.lines: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        level = record.levelname.lower()
        self.lines["error" if level == "critical" else level] += 1
        return True
