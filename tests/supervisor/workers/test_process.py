"""One worker process: real exec, real pipes, and each way it starts or ends."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from typing import Any

import pytest

from mediad.config.listen import ListenInfo
from mediad.config.settings import KEYS, Settings
from mediad.errors import ConfigError, MediadError, PortError
from mediad.pipe.worker_requests import Configure
from mediad.supervisor.workers.process import WorkerProcess, configuration, describe_exit
from tests.support.loops import on_loop, raises, until
from tests.support.tiny_requests import Echo, LeaveChild, Number
from tests.support.worker_settings import worker_settings
from tests.support.workers import alive, open_fds, tiny

SETTINGS = worker_settings(5)


def descriptors(process: object) -> set[str]:
    folder = f"/proc/{process}/fd"
    return {os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if os.path.lexists(f"{folder}/{fd}")}


async def started(mode: str = "ready") -> WorkerProcess:
    process = WorkerProcess(SETTINGS)
    await process.spawn(tiny(mode))
    await process.wait_ready(20)
    return process


@on_loop
async def test_it_starts_answers_and_stops_by_itself() -> None:
    fds = open_fds()
    process = await started()
    assert alive(process.pid)
    assert await process.link.request(Echo(1)) == Number(1)
    await process.stop()
    assert not alive(process.pid)
    assert not process.killed
    assert await process.gone == "its pipe closed"
    await until(lambda: open_fds() <= fds + 2)  # the loop's own descriptors remain


@on_loop
async def test_its_pipes_are_its_own() -> None:
    """A worker that inherited another's pipe would keep it open, and that one's death would not show."""
    inherited = descriptors("self")
    first, second = await started(), await started()
    shared = descriptors(first.pid) & descriptors(second.pid)
    assert {name for name in shared - inherited if name.startswith("pipe:")} == set()
    await asyncio.gather(first.stop(), second.stop())


@pytest.mark.parametrize(
    ("mode", "kind", "reason"),
    [
        ("config", ConfigError, "worker 5: wrong config"),
        ("port", PortError, "worker 5: wrong port"),
        ("crash", MediadError, "worker 5 could not start: it exited with status 3"),
    ],
)
@on_loop
async def test_a_failed_start_says_why(mode: str, kind: type[MediadError], reason: str) -> None:
    process = WorkerProcess(SETTINGS)
    await process.spawn(tiny(mode))
    assert await raises(kind, process.wait_ready(20)) == reason
    assert not alive(process.pid)


@on_loop
async def test_exit_status_alone_tells_bad_settings_from_bad_luck() -> None:
    process = WorkerProcess(SETTINGS)
    await process.spawn(("sh", "-c", "exit 78"))
    assert await raises(ConfigError, process.wait_ready(20)) == (
        "worker 5 could not start: it exited with status 78"
    )


@on_loop
async def test_never_ready_is_killed() -> None:
    process = WorkerProcess(SETTINGS)
    await process.spawn(tiny("mute"))
    assert await raises(MediadError, process.wait_ready(0.2)) == "worker 5 was not ready within 0.2 s"
    assert not alive(process.pid)


@on_loop
async def test_a_command_that_does_not_exist() -> None:
    fds = open_fds()
    process = WorkerProcess(SETTINGS)
    reason = await raises(MediadError, process.spawn(("/nonexistent/worker",)))
    assert reason.startswith("worker 5 could not be started: ")
    assert await process.end(0) == 0
    await until(lambda: open_fds() <= fds + 2)


@on_loop
async def test_kill_9_shows_at_once() -> None:
    process = await started()
    os.kill(process.pid, signal.SIGKILL)
    assert await process.gone == "its pipe closed"
    assert await process.end(5) == -signal.SIGKILL
    assert not process.killed


@on_loop
async def test_death_shows_even_when_a_child_keeps_the_pipe() -> None:
    process = await started()
    child = (await process.link.request(LeaveChild())).pid
    try:
        os.kill(process.pid, signal.SIGKILL)
        assert await process.gone == "it was killed by SIGKILL"
        assert alive(child)
        assert await process.end(0) == -signal.SIGKILL
    finally:
        os.kill(child, signal.SIGKILL)


@on_loop
async def test_one_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediad.supervisor.workers.process.STOP_TIMEOUT_S", 0.1)
    process = await started()
    os.kill(process.pid, signal.SIGSTOP)
    await process.stop()
    assert process.killed
    assert not alive(process.pid)


@on_loop
async def test_giving_up_kills() -> None:
    process = await started()
    process.give_up("it hung")
    assert await process.gone == "it hung"
    assert await process.end(5) == -signal.SIGKILL
    assert process.killed


def test_exit_statuses_in_words() -> None:
    assert describe_exit(3) == "exited with status 3"
    assert describe_exit(-11) == "was killed by SIGSEGV"
    assert describe_exit(-signal.SIGSYS).startswith("was killed by SIGSYS, for a system call")
    assert describe_exit(-123) == "was killed by signal 123"


def test_what_a_running_worker_is_told() -> None:
    told = (ListenInfo("10.0.0.5", ("203.0.113.7", "10.0.0.5")), ListenInfo("::1", ("::1",)))
    settings = Settings(announced=told, ice_consent_timeout_s=0, audio_level_interval_ms=500)
    assert configuration(settings.worker_settings(0)) == Configure(
        announced_ip="203.0.113.7",
        max_incoming_bitrate_bps=0,
        initial_outgoing_bitrate_bps=600_000,
        ice_consent_timeout_s=0,
        log_level="info",
        announced=(("203.0.113.7", "10.0.0.5"), ("::1",)),
        audio_level_interval_ms=500,
        audio_level_threshold_dbov=-80,
    )


def test_a_running_worker_is_told_of_every_live_setting_it_has() -> None:
    settings = Settings().worker_settings(0)
    has = {field.name for field in dataclasses.fields(settings)}
    plain = set(Configure.__struct_fields__) - {"announced_ip", "announced"}
    assert {name for name in has if name in KEYS and KEYS[name].live} == plain
    for name in plain:
        change: dict[str, Any] = {name: "new"}
        assert getattr(configuration(dataclasses.replace(settings, **change)), name) == "new"
