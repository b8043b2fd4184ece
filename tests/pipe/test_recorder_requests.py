"""Requests to a recorder: their names, and what they may carry."""

from __future__ import annotations

import msgspec
import pytest

from mediad.pipe.messages import Misfit, read
from mediad.pipe.recorder_requests import (
    ConnectRecorder,
    FileFinished,
    FileOutput,
    FileSummary,
    StartRecorder,
)
from tests.support.pipe_wire import RECORDER_REQUESTS

START = {"roomId": "r", "recordingId": "1", "output": {"type": "files", "directory": "/d"}}


def test_the_names_on_the_pipe() -> None:
    assert sorted(RECORDER_REQUESTS) == [
        f"recorder.{verb}" for verb in ("addTrack", "connect", "removeTrack", "start", "stats", "stop")
    ]


def test_an_output_is_told_by_its_type() -> None:
    request = read(StartRecorder, msgspec.msgpack.encode(START), "it")
    assert request.output == FileOutput("/d")
    assert msgspec.to_builtins(request) == START


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("roomId", ""),
        ("roomId", "x" * 1001),
        ("recordingId", None),
        ("output", {"type": "tape", "directory": "/d"}),
        ("output", {"type": "files", "directory": "/d", "format": "avi"}),
        ("output", {"type": "files", "directory": "/d", "maxFileBytes": -1}),
    ],
)
def test_what_does_not_fit_is_a_misfit(field: str, value: object) -> None:
    with pytest.raises(Misfit):
        read(StartRecorder, msgspec.msgpack.encode(START | {field: value}), "it")


@pytest.mark.parametrize("port", [0, 65536, "1"])
def test_ports_have_bounds(port: object) -> None:
    with pytest.raises(Misfit):
        read(ConnectRecorder, msgspec.msgpack.encode({"ip": "127.0.0.1", "port": port}), "it")


def test_of_a_file_the_newest_news_counts() -> None:
    file = FileSummary("/d/p.mkv", "p", "camera", "mkv", 1.0, 2.0, 3, [])
    assert FileFinished(file).subject == "/d/p.mkv"
