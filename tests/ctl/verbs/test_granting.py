"""The verb `peer grant`: what it asks for, and what it shows."""

from __future__ import annotations

from mediad.ctl.commands import COMMANDS as ALL_COMMANDS
from mediad.ctl.verbs.granting import COMMANDS

(GRANT,) = COMMANDS


def test_it_is_in_the_table() -> None:
    assert GRANT in ALL_COMMANDS


def test_only_what_was_typed_is_asked_for() -> None:
    given = {"roomId": "lobby", "peerId": "ana", "publish": "off", "sources": None, "ttlS": None}
    assert GRANT.data(given) == {"roomId": "lobby", "peerId": "ana", "publish": "off"}


def test_the_answer() -> None:
    data = {"roomId": "lobby", "peerId": "ana", "grants": {"publish": False}}
    assert GRANT.run.show(data) == "peer ana of room lobby has now: no publish"  # type: ignore[attr-defined]
