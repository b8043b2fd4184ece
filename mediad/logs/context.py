"""What a line is about: the keys, and loggers that say them with each line."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

CONTEXT_KEYS = ("worker", "room", "peer", "transport", "producer", "consumer")
"""What a line may be about, widest first; also the order in which they are shown."""


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


def context_of(record: logging.LogRecord, process: Mapping[str, object]) -> dict[str, object]:
    """What the line is about; `process` is what every line of this process is about."""
    every = {**process, **record.__dict__}
    return {key: every[key] for key in CONTEXT_KEYS if every.get(key) is not None}
