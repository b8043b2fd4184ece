"""The last lines of the verbs that empty a node or a worker, and what they ask."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.ctl.command import Ask, Progress
from mediad.ctl.main import build_parser
from mediad.ctl.verbs.draining import COMMANDS

SHOW = {command.name: command.run.show for command in COMMANDS if isinstance(command.run, Ask | Progress)}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            {"workerId": None, "state": "drained"},
            "the node is drained and takes no rooms; end that with: mediactl undrain",
        ),
        (
            {"workerId": 0, "state": "drained"},
            "worker 0 is drained and takes no rooms; end that with: mediactl undrain --worker 0",
        ),
        ({"workerId": 2, "state": "undone"}, "worker 2 is not draining any more"),
        (
            {"workerId": 2, "state": "draining", "note": "1 room with 3 peers left"},
            "worker 2 is draining: 1 room with 3 peers left; end that with: mediactl undrain --worker 2",
        ),
    ],
)
def test_drain(data: dict[str, Any], words: str) -> None:
    assert SHOW["drain"](data) == words


def test_undrain_and_restart() -> None:
    assert SHOW["undrain"]({"workerId": 0}) == "worker 0 takes rooms again"
    assert SHOW["worker restart"]({"note": "worker 1: restarted"}) == "worker 1: restarted"


@pytest.mark.parametrize(
    ("words", "data"),
    [
        ("drain", {"move": False}),
        ("drain --worker 0 --deadline 2.5 --move", {"workerId": 0, "deadlineS": 2.5, "move": True}),
        ("drain --no-wait", {"move": False, "wait": False}),
        ("undrain --worker 1", {"workerId": 1}),
        ("worker restart 3", {"workerId": 3, "all": False, "move": False}),
        ("worker restart --all --deadline 9", {"all": True, "deadlineS": 9.0, "move": False}),
    ],
)
def test_what_is_asked(words: str, data: dict[str, Any]) -> None:
    given = vars(build_parser().parse_args(words.split()))
    assert given["command"].data(given) == data
