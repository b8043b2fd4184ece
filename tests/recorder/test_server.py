"""The requests to a recorder, asked in this process."""

from __future__ import annotations

import importlib.util
import socket
from collections import Counter
from pathlib import Path

import pytest

from mediad.errors import InvalidState, Unavailable, Unsupported
from mediad.pipe.recorder_requests import (
    ConnectRecorder,
    FileOutput,
    GetRecorderStats,
    RecorderEvent,
    RemoveTrack,
    StartRecorder,
    StopRecorder,
)
from mediad.recorder.server import RecorderServer
from tests.support.loops import on_loop, until
from tests.support.pipe_wire import RECORDER_REQUESTS
from tests.support.recorder_feed import Sender, add_track
from tests.support.recorder_media import clip


def start(directory: Path) -> StartRecorder:
    return StartRecorder("room", "one", FileOutput(str(directory)))


def test_every_request_has_a_handler() -> None:
    @on_loop
    async def run() -> None:
        handlers = RecorderServer(lambda event: None).handlers()
        assert Counter(handler.request for handler in handlers) == Counter(RECORDER_REQUESTS.values())

    run()


def test_a_recording_from_the_start_to_its_end(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        events: list[RecorderEvent] = []
        server = RecorderServer(events.append)
        started = await server.start(start(tmp_path))
        assert started.folder == f"{tmp_path}/room/one"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as transport:
            transport.bind(("127.0.0.1", 0))
            await server.connect(ConnectRecorder(*transport.getsockname()))
            await server.add(add_track("a", "audio/opus", 22))
            for _, data in Sender("audio/opus", 22).media(clip("audio/opus", 1.0)):
                transport.sendto(data, ("127.0.0.1", started.port))
            await until(lambda: server._tracks and server._tracks._by_id["a"].reorder.received >= 50)
        await server.remove(RemoveTrack("a"))
        stats = await server.stats(GetRecorderStats())
        assert (stats.ended, len(stats.files), stats.files[0].tracks[0].frames) == ("", 1, 51)
        assert stats.rss_bytes > 1_000_000
        with pytest.raises(InvalidState, match="started already"):
            await server.start(start(tmp_path))
        stopped = await server.stop(StopRecorder())
        assert [file.finished for file in stopped.files] == [True]
        assert stopped.files == (await server.stop(StopRecorder())).files
        assert [event.row for event in events] == ["recorder.fileFinished"]
        with pytest.raises(InvalidState, match="has been stopped"):
            await server.add(add_track("b", "audio/opus", 33))

    run()


def test_a_refused_start_can_be_repeated(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        server = RecorderServer(lambda event: None)
        with pytest.raises(Unavailable, match="No such file or directory"):
            await server.start(start(tmp_path / "missing"))
        assert (await server.stop(StopRecorder())).files == []
        await server.start(start(tmp_path))
        await server.close()

    run()


def test_without_pyav_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @on_loop
    async def run() -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(Unsupported, match=r"pip install 'mediad\[recording\]'"):
            await RecorderServer(lambda event: None).start(start(tmp_path))
        assert not (tmp_path / "room").exists()

    run()


def test_nothing_is_answered_before_the_start() -> None:
    @on_loop
    async def run() -> None:
        server = RecorderServer(lambda event: None)
        with pytest.raises(InvalidState):
            await server.add(add_track("a", "audio/opus", 22))
        with pytest.raises(InvalidState):
            await server.stats(GetRecorderStats())
        await server.close()

    run()
