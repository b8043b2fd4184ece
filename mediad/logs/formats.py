"""The three forms of a line: text, JSON, and what journald takes."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping

from mediad.logs.addresses import IN_FORCE
from mediad.logs.context import context_of

MAX_JOURNAL_BYTES = 48 * 1024
"""The most bytes in one field: a datagram to journald holds some 200 KiB, and needs no memfd below that."""

MAX_MESSAGE_LENGTH = 2000
"""The most characters of a message up to INFO: a client's words may be in it, and only lines are counted."""

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""The numbers of syslog(3) for levels."""


class Formatter(logging.Formatter):
    """Base of the formatters. `context` is put on every line of this process."""

    def __init__(self, context: Mapping[str, object]) -> None:
        super().__init__()
        self._context = context

    def context_of(self, record: logging.LogRecord) -> dict[str, object]:
        return context_of(record, self._context)

    def message_of(self, record: logging.LogRecord) -> str:
        """The message, with addresses as `log_addresses` says; of a long one its beginning."""
        message = record.getMessage()
        missing = len(message) - MAX_MESSAGE_LENGTH
        if missing > 0 and record.levelno <= logging.INFO:
            message = f"{message[:MAX_MESSAGE_LENGTH]}… ({missing} more characters)"
        return IN_FORCE.shown(message)

    def trace_of(self, record: logging.LogRecord) -> str:
        if not record.exc_info or not record.exc_info[0]:
            return ""
        return IN_FORCE.shown(self.formatException(record.exc_info))

    def encode(self, record: logging.LogRecord) -> bytes:
        """The bytes of the line as it is written."""
        return (self.format(record) + "\n").encode("utf-8", "backslashreplace")


class TextFormatter(Formatter):
    """Text as `2025-03-09T12:00:00.123Z warning worker=1 room=r1 The message`; a traceback is indented."""

    def format(self, record: logging.LogRecord) -> str:
        context = "".join(f"{key}={_printable(value)} " for key, value in self.context_of(record).items())
        message = _printable(self.message_of(record))
        line = f"{_timestamp(record)} {record.levelname.lower():7} {context}{message}"
        trace = self.trace_of(record)
        return line + "".join(f"\n    {_printable(part)}" for part in trace.splitlines())


class JsonFormatter(Formatter):
    """One JSON object a line: time, level, logger, message, the context, and `exception` for a bug."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message_of(record),
            **self.context_of(record),
        }
        if trace := self.trace_of(record):
            entry["exception"] = trace
        return json.dumps(entry, default=str)  # ASCII: no U+2028, no lone surrogate on the way out


class JournalFormatter(Formatter):
    """Fields for journald (systemd.io, "Native Journal Protocol"): MESSAGE, PRIORITY, LOGGER, the context.

    The context is in MEDIAD_ROOM, MEDIAD_PEER, …, for `journalctl MEDIAD_ROOM=lobby`.
    """

    def format(self, record: logging.LogRecord) -> str:
        trace = self.trace_of(record)
        message = "\n".join([_printable(self.message_of(record)), *map(_printable, trace.splitlines())])
        context = "".join(f"{key}={_printable(value)} " for key, value in self.context_of(record).items())
        return context + message

    def encode(self, record: logging.LogRecord) -> bytes:
        fields: dict[str, object] = {
            "MESSAGE": self.format(record),
            "PRIORITY": next((number for level, number in _PRIORITIES if record.levelno >= level), 7),
            "SYSLOG_IDENTIFIER": "mediad",
            "LOGGER": record.name,
            **{f"MEDIAD_{key.upper()}": value for key, value in self.context_of(record).items()},
        }
        return b"".join(_field(name, str(value)) for name, value in fields.items())


def _field(name: str, value: str) -> bytes:
    """The bytes of a field: `NAME=value`, or with a length when the value holds a line end."""
    data = value.encode("utf-8", "backslashreplace")[:MAX_JOURNAL_BYTES]
    if b"\n" not in data:
        return name.encode() + b"=" + data + b"\n"
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"


def _timestamp(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _printable(value: object) -> str:
    """The value without control characters: clients choose names, which must not start a line or steer a
    terminal."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
