"""The table of limits, as people read it."""

from __future__ import annotations

from typing import Any

from mediad.ctl.command import Ask
from mediad.ctl.verbs.limits import COMMANDS

RATE: dict[str, Any] = {
    "name": "joins",
    "counts": "seats taken",
    "current": 1500,
    "maximum": 2000,
    "perSecond": 50.0,
    "usedPercent": 75.0,
    "refused": 12,
    "holder": "192.0.2.7",
    "setting": "max_joins_per_s",
}
UNKNOWN = {
    **RATE,
    "name": "connection_input",
    "current": None,
    "maximum": None,
    "perSecond": None,
    "usedPercent": None,
    "holder": "",
    "setting": None,
}


def test_each_limit_is_a_row() -> None:
    (command,) = COMMANDS
    assert isinstance(command.run, Ask)
    assert (command.name, command.run.method) == ("limits", "limits")
    head, joins, unknown = command.run.show({"limits": [RATE, UNKNOWN]}).splitlines()
    assert head.split() == ["LIMIT", "NOW", "OF", "NEAR", "REFUSED", "NEAREST", "SETTING"]
    assert joins.split() == [
        "joins",
        "1500",
        "2000",
        "(50/s)",
        "75",
        "%",
        "12",
        "192.0.2.7",
        "max_joins_per_s",
    ]
    assert unknown.split()[0] == "connection_input"


def test_names_of_clients_cannot_move_the_cursor() -> None:
    (command,) = COMMANDS
    assert isinstance(command.run, Ask)
    assert "\x1b" not in command.run.show({"limits": [{**RATE, "holder": "room \x1b[2J"}]})
