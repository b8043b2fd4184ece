"""One recording: what it does when something ends."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from mediad.rooms.listener import CloseCause
from mediad.supervisor.recording import recording as module
from mediad.supervisor.recording.recording import Recording
from mediad.supervisor.recording.recordings import Recordings
from tests.support.calls import Call, Guest
from tests.support.loops import on_loop, until
from tests.support.recorders import Heard, recordings_of
from tests.support.rtp_samples import opus, vp8
from tests.support.workers import alive, open_fds

ROOM = "room"


async def singer(call: Call, peer_id: str = "ana") -> Guest:
    guest = await call.member(peer_id)
    await guest.produce("audio", opus())
    return guest


async def begun(recordings: Recordings) -> Recording:
    await recordings.start(ROOM)
    (one,) = recordings.under_way()
    await until(lambda: one.state == "recording")
    await has_files(one, 1)
    return one


async def killed(one: Recording, number: signal.Signals = signal.SIGKILL) -> int:
    """Send a signal to its recorder and return the process id, which is never that of a whole group."""
    await until(lambda: one.pid > 0 and one.state == "recording")
    pid = one.pid
    os.kill(pid, number)
    return pid


async def has_files(one: Recording, count: int) -> None:
    for _ in range(200):
        await one.refresh()
        if len(one.files()) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"there are {len(one.files())} files, not {count}")


@on_loop
async def test_it_ends_with_its_room_and_leaves_nothing(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    ana = await singer(call)
    fds = open_fds()
    one = await begun(recordings_of(call, tmp_path, heard))
    pid = one.pid
    ana.disconnect()
    await one.ended
    assert heard.heard == [("began", ROOM, None), ("file", "ana", "camera"), ("ended", "deserted", 1)]
    assert not alive(pid)
    await call.settle()
    assert call.worker.is_empty()
    await until(lambda: open_fds() <= fds + 2)


@on_loop
async def test_it_goes_on_when_its_room_comes_back_after_a_worker_died(tmp_path: Path) -> None:
    call, heard = Call(workers=2), Heard()
    await singer(call)
    one = await begun(recordings_of(call, tmp_path, heard))
    pid = one.pid
    call.worker.die()
    call.registry.worker_died(0)
    await until(lambda: one.state == "waiting")
    ben = await singer(call, "ben")
    await until(lambda: one.state == "recording")
    await has_files(one, 2)
    assert one.pid == pid
    assert [file.finished for file in one.files()] == [True, False]
    ben.disconnect()
    await one.ended
    assert heard.heard[-1] == ("ended", "deserted", 2)


@on_loop
async def test_it_ends_when_its_room_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETURN_S", 0.3)
    call, heard = Call(workers=2), Heard()
    await singer(call)
    one = await begun(recordings_of(call, tmp_path, heard))
    call.worker.die()
    call.registry.worker_died(0)
    await one.ended
    assert heard.heard[-1] == ("ended", "worker-died", 1)
    assert "not there again" in heard.reasons[-1]


@on_loop
async def test_it_does_not_wait_for_rooms_while_the_node_drains(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    ana = await singer(call)
    one = await begun(recordings_of(call, tmp_path, heard))
    call.placement.draining = True
    ana.seat.room.close(CloseCause.DRAINED, "the node stops")
    await one.ended
    assert heard.heard[-1] == ("ended", "drained", 1)


@on_loop
async def test_a_killed_recorder_is_replaced_and_new_files_begin(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    ana = await singer(call)
    one = await begun(recordings_of(call, tmp_path, heard))
    pid = await killed(one)
    await until(lambda: one.state == "recording" and one.pid not in (0, pid))
    await has_files(one, 2)
    assert ("restarted", ROOM) in heard.heard
    assert "SIGKILL" in heard.reasons[-1]
    first, second = (Path(file.path) for file in one.files())
    assert second.parent.name == first.parent.name + "-2"
    ana.disconnect()
    await one.ended
    assert heard.heard[-1] == ("ended", "deserted", 2)
    await call.settle()
    assert call.worker.is_empty()


@on_loop
async def test_a_recorder_that_dies_too_often_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RESTARTS", 1)
    call, heard = Call(), Heard()
    await singer(call)
    one = await begun(recordings_of(call, tmp_path, heard))
    first = await killed(one)
    await until(lambda: one.pid not in (0, first))
    await killed(one)
    await one.ended
    assert heard.heard[-1][:2] == ("ended", "recorder-died")
    assert "SIGKILL" in heard.reasons[-1]
    await call.settle()
    assert not call.worker.consumers
    assert len(call.worker.transports) == 2


@on_loop
async def test_a_recorder_that_does_not_answer_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.05)
    call, heard = Call(), Heard()
    await singer(call)
    one = await begun(recordings_of(call, tmp_path, heard))
    monkeypatch.setattr("mediad.supervisor.recording.link.RecorderLink.request.__defaults__", (0.2,))
    pid = await killed(one, signal.SIGSTOP)
    await until(lambda: one.pid not in (0, pid) and one.state == "recording")
    assert not alive(pid)
    one.end("stopped", "enough")
    await one.ended


@on_loop
async def test_the_recorders_own_end_is_the_reason(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    await singer(call)
    recordings = recordings_of(call, tmp_path, heard, "full")
    await recordings.start(ROOM)
    (one,) = recordings.under_way()
    await one.ended
    assert heard.heard[-1][:2] == ("ended", "disk-full")
    assert heard.reasons == ["no space is left"]


@on_loop
async def test_a_description_has_its_files(tmp_path: Path) -> None:
    call = Call()
    ana = await singer(call)
    await ana.produce("video", vp8(), share=True)
    one = await begun(recordings_of(call, tmp_path))
    await has_files(one, 2)
    description = one.describe()
    assert (description["roomId"], description["state"], description["format"]) == (ROOM, "recording", "mkv")
    assert description["bytes"] == 2000
    assert description["bitrate"] == 16000
    assert {(file["peerId"], file["source"]) for file in description["files"]} == {
        ("ana", "camera"),
        ("ana", "screen"),
    }
    one.end("stopped", "enough")
    await one.ended
    assert one.describe()["state"] == "ended"
