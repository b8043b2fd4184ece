"""Signs of life: when the watchdog is fed, what the status line says, and how a slow stop gets its time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediad.config.live import LiveSettings
from mediad.config.load import Loaded, Sources
from mediad.config.settings import Settings
from mediad.supervisor.systemd.heartbeat import Heartbeat
from mediad.supervisor.systemd.service_manager import ServiceManager
from tests.support.loops import on_loop, until
from tests.support.manager import Manager, listening_manager


class Workers:
    answer = True

    async def all_answer(self, timeout_s: float) -> bool:
        return self.answer


class Overview:
    def summary(self) -> str:
        return "1 room"


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Manager]:
    with listening_manager(tmp_path) as manager:
        yield manager


def heartbeat(
    systemd: Manager, watchdog_us: int = 0, live: LiveSettings | None = None
) -> tuple[Heartbeat, Workers]:
    workers = Workers()
    live = live or LiveSettings(Loaded(Settings()))
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": str(watchdog_us)})
    return Heartbeat(manager, workers, Overview(), live), workers


@on_loop
async def test_the_watchdog_is_fed_only_while_workers_answer(systemd: Manager) -> None:
    heart, workers = heartbeat(systemd, 30_000_000)
    await heart.beat()
    assert systemd.listen() == [{"WATCHDOG": "1"}, {"STATUS": "1 room"}]
    workers.answer = False
    await heart.beat()
    assert systemd.listen()[2:] == [{"STATUS": "1 room"}]


@on_loop
async def test_without_a_watchdog_nobody_is_asked(systemd: Manager) -> None:
    heart, workers = heartbeat(systemd)
    workers.answer = False
    await heart.beat()
    assert systemd.listen() == [{"STATUS": "1 room"}]


@on_loop
async def test_it_beats_often_enough_until_it_is_stopped(systemd: Manager) -> None:
    heart, _ = heartbeat(systemd, 150_000)
    heart.start()
    await until(lambda: len([message for message in systemd.listen() if "WATCHDOG" in message]) >= 3)
    assert systemd.heard[0] == {"READY": "1", "STATUS": "1 room"}
    heart.stopping()
    await until(lambda: "EXTEND_TIMEOUT_USEC" in {key for message in systemd.listen() for key in message})
    await heart.stop()
    systemd.listen()
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left that could beat"
    assert [message for message in systemd.heard if "STOPPING" in message] == [
        {"STOPPING": "1", "STATUS": "1 room"}
    ]


@on_loop
async def test_a_reload_begins_and_ends_and_a_failed_one_is_remembered(systemd: Manager) -> None:
    environ = {"MEDIAD_MAX_ROOMS": "many"}
    live = LiveSettings(Loaded(Settings(), sources=Sources(environ=environ)))
    heart, _ = heartbeat(systemd, live=live)
    await heart.reload()
    reloading, ready = systemd.listen()
    assert reloading["RELOADING"] == "1"
    assert ready["READY"] == "1"
    assert ready["STATUS"].startswith(
        "1 room; not reloaded: max_rooms: got 'many' (environment MEDIAD_MAX_ROOMS)"
    )
    await heart.beat()
    assert "not reloaded" in systemd.listen()[-1]["STATUS"]
    environ["MEDIAD_MAX_ROOMS"] = "2"
    await heart.reload()
    assert systemd.listen()[-1] == {"READY": "1", "STATUS": "1 room"}
    assert live.settings.max_rooms == 2
