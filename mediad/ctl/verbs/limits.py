"""The verb limits: how near who is to each limit, and what changes it."""

from __future__ import annotations

from typing import Any

from mediad.ctl.command import Ask, Command
from mediad.ctl.render import table
from mediad.ctl.session import Data

_HEAD = ("LIMIT", "NOW", "OF", "NEAR", "REFUSED", "NEAREST", "SETTING")


def _limits(data: Data) -> str:
    return table(_HEAD, [_row(limit) for limit in data["limits"]])


def _row(limit: dict[str, Any]) -> tuple[Any, ...]:
    most = limit["maximum"]
    if limit["perSecond"] is not None:
        most = f"{most} ({limit['perSecond']:g}/s)"
    near = None if limit["usedPercent"] is None else f"{limit['usedPercent']:g} %"
    return (
        limit["name"],
        limit["current"],
        most,
        near,
        limit["refused"],
        limit["holder"],
        limit["setting"],
    )


COMMANDS = (
    Command(
        "limits",
        "all limits, how near who is to each, and the setting that changes it",
        Ask("limits", _limits),
    ),
)
"""The verb."""
