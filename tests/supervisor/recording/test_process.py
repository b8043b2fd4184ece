"""One recorder process: real exec, real pipes, and each way it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from mediad.errors import MediadError, Unavailable
from mediad.pipe.recorder_requests import FileOutput, GetRecorderStats, RecorderStarted, StartRecorder
from mediad.supervisor.recording.process import NICE, RecorderProcess
from tests.support.loops import on_loop, raises, until
from tests.support.recorders import tiny_recorder
from tests.support.workers import alive, open_fds


async def spawned(mode: str = "ready") -> RecorderProcess:
    process = RecorderProcess(lambda event: None)
    await process.spawn("info", "text", tiny_recorder(mode))
    return process


async def started(folder: Path) -> tuple[RecorderProcess, RecorderStarted]:
    process = await spawned()
    output = FileOutput(str(folder))
    return process, await process.link.request(StartRecorder("room", "r1", output))


@on_loop
async def test_it_starts_at_a_low_priority_and_stops_by_itself(tmp_path: Path) -> None:
    fds = open_fds()
    process, answer = await started(tmp_path)
    assert answer.folder == str(tmp_path / "room" / "r1")
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == NICE
    await process.stop()
    assert not alive(process.pid)
    assert await process.gone == "it exited with status 0"
    await until(lambda: open_fds() <= fds + 2)  # the loop's own descriptors remain


@on_loop
async def test_its_death_is_noticed_and_fails_what_is_asked(tmp_path: Path) -> None:
    process, _ = await started(tmp_path)
    os.kill(process.pid, signal.SIGSTOP)
    asked = asyncio.create_task(process.link.request(GetRecorderStats()))
    await asyncio.sleep(0)
    os.kill(process.pid, signal.SIGKILL)
    assert "is gone" in await raises(Unavailable, asked)
    assert await process.gone == "it was killed by SIGKILL"
    assert "is gone" in await raises(Unavailable, process.link.request(GetRecorderStats()))
    await process.end()


@on_loop
async def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediad.supervisor.recording.process.STOP_TIMEOUT_S", 0.2)
    process, _ = await started(tmp_path)
    os.kill(process.pid, signal.SIGSTOP)
    await process.stop()
    assert await process.gone == "it was killed by SIGKILL"


@on_loop
async def test_a_command_that_cannot_run_is_an_error() -> None:
    fds = open_fds()
    process = RecorderProcess(lambda event: None)
    assert "could not be started" in await raises(MediadError, process.spawn("info", "text", ("/no/such",)))
    await process.end()
    assert open_fds() <= fds + 2
