"""The words of the verbs about recordings, and the requests that they make."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mediad.ctl.command import Ask
from mediad.ctl.main import build_parser
from mediad.ctl.verbs.recording import COMMANDS
from mediad.errors import NotFound
from tests.support.scripted_session import ScriptedSession

SHOW = {command.name: command.run.show for command in COMMANDS if isinstance(command.run, Ask)}

FILE = {
    "path": "/srv/room/r1/ana/camera.mkv",
    "peerId": "ana",
    "source": "camera",
    "format": "mkv",
    "codecs": ["video/VP8", "audio/opus"],
    "startedAt": 1.0,
    "durationS": 61.2,
    "bytes": 2048,
    "finished": True,
}
RECORDING: dict[str, Any] = {
    "recordingId": "r1",
    "roomId": "room",
    "peerId": None,
    "state": "recording",
    "since": 1000.0,
    "format": "mkv",
    "folder": "/srv/room/r1",
    "pid": 7,
    "bytes": 2048,
    "bitrate": 850_000,
    "files": [FILE],
}


def test_start_says_where_to_and_how_to_stop() -> None:
    words = "room is being recorded to /srv/room/r1; end that with: mediactl record stop r1"
    assert SHOW["record start"](RECORDING) == words
    assert SHOW["record start"]({**RECORDING, "peerId": "ana"}) == f"ana in {words}"


def test_stop_shows_the_files() -> None:
    lines = SHOW["record stop"]({"recordings": [RECORDING]}).splitlines()
    assert lines[0].split() == ["recording", "r1"]
    assert lines[-1].split() == [
        "ana",
        "camera",
        "VP8",
        "+",
        "opus",
        "1m",
        "1s",
        "2",
        "KiB",
        "ana/camera.mkv",
    ]
    assert "no files" in SHOW["record stop"]({"recordings": [{**RECORDING, "files": []}]})


def test_list_shows_state_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1075.0)
    lines = SHOW["record list"]({"recordings": [RECORDING]}).splitlines()
    assert lines[1].split() == ["r1", "room", "-", "recording", "1m", "15s", "1", "2", "KiB", "850", "kbps"]
    assert lines[-1] == "1 recording"
    assert SHOW["record list"]({"recordings": []}) == "nothing is being recorded"


@pytest.mark.parametrize(
    ("words", "data"),
    [
        ("record start room", {"roomId": "room"}),
        (
            "record start room --peer ana --out /srv/x --format mp4",
            {"roomId": "room", "peerId": "ana", "directory": "/srv/x", "format": "mp4"},
        ),
        ("record start room --out here", {"roomId": "room", "directory": os.path.abspath("here")}),
        ("record stop r1", {"recording": "r1"}),
        ("record list", {}),
        ("record compose room --out x.mp4", {"what": "room", "out": "x.mp4"}),
    ],
)
def test_what_is_asked(words: str, data: dict[str, Any]) -> None:
    given = vars(build_parser().parse_args(words.split()))
    assert given["command"].data(given) == data


def test_compose_asks_for_the_directory_of_a_room_and_looks_into_a_folder(tmp_path: Path) -> None:
    run: Any = next(command.run for command in COMMANDS if command.name == "record compose")
    session = ScriptedSession({"directory": str(tmp_path)})
    with pytest.raises(NotFound, match="no recording of room"):
        run(session, {"what": "lobby"})
    assert session.asked == [("record.directory", {})]
    with pytest.raises(NotFound, match="is no recording"):
        run(session, {"what": str(tmp_path)})
    assert len(session.asked) == 1
