"""The words of the verbs about rooms that are shown, and the requests that they make."""

from __future__ import annotations

from typing import Any

from mediad.ctl.command import Ask
from mediad.ctl.main import build_parser
from mediad.ctl.verbs.hls import COMMANDS

SHOWS = {command.name: command.run.show for command in COMMANDS if isinstance(command.run, Ask)}
STREAM = {"peerId": "ana", "displayName": "Ana", "segment": 4}
SHOW: dict[str, Any] = {
    "roomId": "a room",
    "peerId": None,
    "state": "recording",
    "since": 1000.0,
    "pid": 7,
    "streams": [STREAM, {**STREAM, "peerId": "ben"}],
}


def test_start_says_where_to_watch_and_how_to_stop() -> None:
    words = "is shown at /watch/a%20room of the server's URL; end that with: mediactl hls stop a room"
    assert SHOWS["hls start"](SHOW) == f"a room {words}"
    assert SHOWS["hls start"]({**SHOW, "peerId": "ana"}) == f"ana in a room {words}"
    assert SHOWS["hls stop"]({"roomId": "a\x1b[2Jroom"}).count("\x1b") == 0


def test_list_shows_each_room_and_whose_streams_it_has() -> None:
    assert SHOWS["hls list"]({"shows": []}) == "no room is shown over HLS"
    lines = SHOWS["hls list"]({"shows": [SHOW]}).splitlines()
    assert "ana, ben" in lines[1]
    assert lines[-1] == "1 room"


def test_what_is_asked() -> None:
    parser = build_parser()
    start = next(command for command in COMMANDS if command.name == "hls start")
    given = vars(parser.parse_args(["hls", "start", "room", "--peer", "ana", "--transcode"]))
    assert start.data(given) == {"roomId": "room", "peerId": "ana", "transcode": True}
    assert start.data(vars(parser.parse_args(["hls", "start", "room"]))) == {"roomId": "room"}
