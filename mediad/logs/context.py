"""The context of a line: its keys, and loggers that put it on each line."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

CONTEXT_KEYS = ("worker", "room", "peer", "transport", "producer", "consumer")
"""The keys of a line's context, widest first; also the order in which they are shown."""


class Context(logging.LoggerAdapter[logging.Logger]):
    """A logger that puts its context on every line."""

    def bind(self, **context: object) -> Context:
        """A narrower logger: this one's context and `context`."""
        return Context(self.logger, {**(self.extra or {}), **context})

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def bind(name: str, **context: object) -> Context:
    """The logger called `name`, with `context` (keys of CONTEXT_KEYS) on each of its lines."""
    return Context(logging.getLogger(name), context)


def context_of(record: logging.LogRecord, process: Mapping[str, object]) -> dict[str, object]:
    """The context of a line; `process` is the context of every line of this process."""
    every = {**process, **record.__dict__}
    return {key: every[key] for key in CONTEXT_KEYS if every.get(key) is not None}
