"""Logging: one line an event on standard error, as text for people or as JSON for machines.

Context travels in the record's `extra`: any of CONTEXT_KEYS given there (`extra={"room": "r1"}`, or once for
many lines through `bind`) is shown before the message as `room=r1`, or becomes a JSON member of its own.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

CONTEXT_KEYS = ("worker", "room", "peer", "transport", "producer", "consumer")
"""What a line may be about, widest first; also the order in which they are shown."""

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "none": logging.CRITICAL + 1,
}


class Context(logging.LoggerAdapter[logging.Logger]):
    """A logger that says with every line what the line is about."""

    def bind(self, **context: object) -> Context:
        """A narrower logger: this one's context and `context`."""
        return Context(self.logger, {**(self.extra or {}), **context})

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def bind(name: str, **context: object) -> Context:
    """The logger called `name`, with `context` (keys of CONTEXT_KEYS) on each of its lines."""
    return Context(logging.getLogger(name), context)


def setup(level: str, form: str, stream: TextIO | None = None, **context: object) -> None:
    """Send every logger's lines of `level` and up to `stream` (standard error), as "text" or "json".

    `context` is put on every line of this process. Calling it again replaces what was set up before.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(context) if form == "json" else TextFormatter(context))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_level(level)


def set_level(level: str) -> None:
    """Change the least important line shown, while running. `level` is one of config.LOG_LEVELS."""
    root = logging.getLogger()
    root.setLevel(_LEVELS[level])
    # Libraries narrate every step at INFO; what an operator reads there is ours to say.
    for library in ("uvicorn", "websockets", "asyncio", "starlette"):
        logging.getLogger(library).setLevel(max(_LEVELS[level], logging.WARNING))


class _Formatter(logging.Formatter):
    def __init__(self, context: dict[str, object]) -> None:
        super().__init__()
        self._context = context

    def context_of(self, record: logging.LogRecord) -> dict[str, object]:
        every = {**self._context, **record.__dict__}
        return {key: every[key] for key in CONTEXT_KEYS if every.get(key) is not None}

    def trace_of(self, record: logging.LogRecord) -> str:
        return self.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""


class TextFormatter(_Formatter):
    """`2025-03-09T12:00:00.123Z warning worker=1 room=r1 The message`; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        context = "".join(f"{key}={_printable(value)} " for key, value in self.context_of(record).items())
        line = f"{_timestamp(record)} {record.levelname.lower():7} {context}{_printable(record.getMessage())}"
        trace = self.trace_of(record)
        return line + "".join(f"\n    {_printable(part)}" for part in trace.splitlines())


class JsonFormatter(_Formatter):
    """One object a line: time, level, logger, message, the context, and `exception` for a bug."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.context_of(record),
        }
        if trace := self.trace_of(record):
            entry["exception"] = trace
        return json.dumps(entry, default=str)  # ASCII: no U+2028, no lone surrogate on the way out


def _timestamp(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _printable(value: object) -> str:
    """Clients choose names and ids: none of them may start a line of its own or steer a terminal."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
