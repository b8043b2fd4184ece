"""The recordings of a node: what begins them, what ends them, and what is refused."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from mediad import needs
from mediad.config.settings import Settings
from mediad.errors import Full, InvalidInput, InvalidState, MediadError, NotFound, Unavailable, Unsupported
from mediad.rooms.options import RoomOptions
from mediad.supervisor.recording.recordings import Recordings
from tests.support.calls import Call
from tests.support.loops import on_loop, raises, until
from tests.support.recorders import Heard, recordings_of, tiny_recorder
from tests.support.rtp_samples import opus
from tests.support.workers import open_fds


@on_loop
async def test_a_room_and_a_peer_are_recorded_to_the_directory_of_the_settings(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    recordings = recordings_of(call, tmp_path)
    whole = await recordings.start("room")
    part = await recordings.start("room", "ana", container="webm")
    assert whole["folder"] == str(tmp_path / "room" / whole["recordingId"])
    assert (whole["format"], part["format"]) == ("mkv", "webm")
    assert [one["peerId"] for one in await recordings.list()] == [None, "ana"]
    ended = await recordings.stop_by_name("room")
    assert {one["recordingId"] for one in ended} == {whole["recordingId"], part["recordingId"]}
    assert {one["state"] for one in ended} == {"ended"}
    assert len(recordings) == 0


@on_loop
async def test_one_is_stopped_by_its_id(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    await call.member("ana")
    recordings = recordings_of(call, tmp_path, heard)
    first = await recordings.start("room")
    await recordings.start("room", "ana")
    await recordings.stop_by_name(first["recordingId"])
    assert [one["peerId"] for one in await recordings.list()] == ["ana"]
    assert heard.heard[-1] == ("ended", "stopped", 0)
    assert "no recording" in await raises(NotFound, recordings.stop_by_name("room2"))
    await recordings.close()
    assert heard.heard[-1] == ("ended", "shutdown", 0)


@on_loop
async def test_another_directory_may_be_named(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    (tmp_path / "other").mkdir()
    recordings = recordings_of(call, tmp_path, recording_dir=None)
    assert "recording_dir" in await raises(InvalidState, recordings.start("room"))
    started = await recordings.start("room", directory=str(tmp_path / "other"))
    assert started["folder"].startswith(str(tmp_path / "other"))
    await recordings.close()


@on_loop
async def test_refusals_say_why_and_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call, heard = Call(), Heard()
    await call.member("ana")
    recordings = recordings_of(call, tmp_path, heard)
    assert "not found" in await raises(NotFound, recordings.start("elsewhere"))
    assert "not found" in await raises(NotFound, recordings.start("room", "ben"))
    assert "absolute" in await raises(InvalidInput, recordings.start("room", directory="here"))
    assert "unknown" in await raises(InvalidInput, recordings.start("room", container="avi"))
    missing = str(tmp_path / "missing")
    assert "is no directory" in await raises(Unavailable, recordings.start("room", directory=missing))
    recordings.settings = Settings(recording_dir=str(tmp_path), recording_min_free_bytes=2**50)
    assert "MiB free" in await raises(Unavailable, recordings.start("room"))
    monkeypatch.setattr(needs, "recording_problem", lambda: "pip install mediad[recording]")
    assert "pip install" in await raises(Unsupported, recordings.start("room"))
    assert [event[0] for event in heard.heard] == ["refused"] * 7
    assert len(recordings) == 0


@on_loop
async def test_there_are_not_more_than_the_settings_allow(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    await call.member("ben")
    recordings = recordings_of(call, tmp_path, max_recordings=2)
    both = await asyncio.gather(recordings.start("room"), recordings.start("room", "ana"))
    assert "already" in await raises(InvalidState, recordings.start("room", "ana"))
    assert "max_recordings" in await raises(Full, recordings.start("room", "ben"))
    await recordings.stop(recording_id=both[0]["recordingId"])
    await recordings.start("room", "ben")
    await recordings.close()


@pytest.mark.parametrize("mode", ["refuse", "crash"])
def test_a_recorder_that_cannot_start_leaves_nothing(tmp_path: Path, mode: str) -> None:
    @on_loop
    async def scenario() -> None:
        call = Call()
        ana = await call.member("ana")
        fds = open_fds()
        recordings = recordings_of(call, tmp_path, mode=mode)
        reason = await raises(Unavailable, recordings.start("room"))
        assert reason == {
            "refuse": "the disk is full",
            "crash": "the recorder process could not start: it was killed by SIGKILL",
        }.get(mode)
        assert len(recordings) == 0
        assert not ana.seat.room.taps
        await until(lambda: open_fds() <= fds + 2)

    scenario()


@on_loop
async def test_a_worker_that_makes_no_transport_leaves_nothing(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    call.worker.failures["transport.createPlain"] = Unavailable("no port is free")
    recordings = recordings_of(call, tmp_path)
    assert "no port" in await raises(Unavailable, recordings.start("room"))
    assert len(recordings) == 0


@on_loop
async def test_a_token_begins_one_for_a_room(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    recordings = recordings_of(call, tmp_path)
    recordings.room_entered("room", RoomOptions())
    for _ in range(3):
        recordings.room_entered("room", RoomOptions(record=True, record_format="webm"))
    await until(lambda: len(recordings) == 1 and recordings.under_way()[0].state == "recording")
    recordings.room_entered("room", RoomOptions(record=True))
    await call.settle()
    assert [one["format"] for one in await recordings.list()] == ["webm"]
    await recordings.close()


@on_loop
async def test_a_token_in_vain_costs_the_call_nothing(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    await call.member("ana")
    recordings = recordings_of(call, tmp_path, heard, max_recordings=0)
    recordings.room_entered("room", RoomOptions(record=True))
    await until(lambda: heard.heard)
    assert heard.heard == [("refused", "room")]
    assert call.registry.room_count == 1


@on_loop
async def test_many_starts_and_stops_leave_everything_as_it_was(tmp_path: Path) -> None:
    call = Call()
    ana = await call.member("ana")
    await ana.produce("audio", opus())
    recordings = recordings_of(call, tmp_path)
    await recordings.start("room")
    await recordings.close()
    fds = open_fds()
    for _ in range(10):
        await recordings.start("room")
        await recordings.stop("room")
    await call.settle()
    assert open_fds() <= fds
    assert len(call.worker.transports) == 2
    assert not call.worker.consumers
    assert len(os.listdir(tmp_path / "room")) == 11


@on_loop
async def test_the_default_directory_is_systemds(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    environ = {"STATE_DIRECTORY": str(tmp_path)}
    settings = Settings(recording_min_free_bytes=0)
    recordings = Recordings(call.registry, settings, environ, command=tiny_recorder())
    started = await recordings.start("room")
    assert started["folder"].startswith(str(tmp_path / "recordings"))
    await recordings.close()


@on_loop
async def test_closing_while_one_begins_waits_for_it(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    recordings = recordings_of(call, tmp_path)
    starting = asyncio.create_task(recordings.start("room"))
    await until(lambda: len(recordings) == 1)
    await recordings.close()
    outcome = await asyncio.gather(starting, return_exceptions=True)
    assert not isinstance(outcome[0], BaseException) or isinstance(outcome[0], MediadError)
    assert len(recordings) == 0
