"""The table of verbs holds together, and with the daemon's."""

from __future__ import annotations

from pathlib import Path

from mediad.config.load import Loaded
from mediad.config.settings import Settings
from mediad.ctl.commands import COMMANDS, GROUPS
from mediad.ctl.exits import CtlExit
from mediad.supervisor.daemon import Daemon

NAMES = [command.name for command in COMMANDS]


def test_verbs_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_groups_are_those_of_the_verbs() -> None:
    assert set(GROUPS) == {name.split()[0] for name in NAMES if " " in name}
    assert all(len(name.split()) <= 2 for name in NAMES)
    assert set(GROUPS).isdisjoint(NAMES)


def test_every_verb_has_its_method() -> None:
    methods = Daemon(Loaded(Settings()), environ={}).admin_methods()
    assert [command.name for command in COMMANDS if command.method not in (None, *methods.names)] == []


def test_data_is_what_was_given() -> None:
    for command in COMMANDS:
        assert command.data({"json": True, "admin_socket": None}) == {}


def test_every_verb_and_exit_code_is_described() -> None:
    text = (Path(__file__).parents[2] / "docs" / "mediactl.md").read_text()
    assert [name for name in NAMES if f"`{name}" not in text] == []
    assert [code.value for code in CtlExit if f"\n| {code.value} |" not in text] == []
