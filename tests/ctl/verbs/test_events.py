"""The output of events for people."""

from __future__ import annotations

from mediad.ctl.command import Follow
from mediad.ctl.main import build_parser
from mediad.ctl.verbs.events import COMMANDS

(COMMAND,) = COMMANDS


def shown(**event: object) -> str:
    assert isinstance(COMMAND.run, Follow)
    return COMMAND.run.show({"seq": 7, "id": "x-7", "time": "2025-03-09T12:00:00.123Z", **event})


def test_an_event_is_a_line_that_names_the_place_first() -> None:
    line = shown(type="peer.left", cause="left", reason="it went", peer="ana", room="lobby", worker=0)
    assert line == (
        '2025-03-09T12:00:00.123Z  peer.left       worker=0 room=lobby peer=ana cause=left reason="it went"'
    )


def test_what_clients_choose_stays_on_its_line() -> None:
    assert shown(type="peer.joined", displayName="a\nb\x1b[2J").count("\n") == 0


def test_a_loss_is_said() -> None:
    assert shown(type="lost", count=3) == "(3 events before this, no longer kept)"


def test_the_request_holds_what_was_typed() -> None:
    given = vars(build_parser().parse_args(["events", "-f", "--since", "4", "--type", "peer"]))
    assert COMMAND.data(given) == {"follow": True, "since": 4, "type": "peer"}
    assert COMMAND.data(vars(build_parser().parse_args(["events"]))) == {}
