"""The pool with real processes: start, death by any cause, restart, placement, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from mediad.config.settings import Settings
from mediad.errors import ConfigError, Forbidden, MediadError, PortError, Unavailable, WorkerDied
from mediad.pipe.messages import Done, ReplyT, Request
from mediad.rooms.asker import set_asker
from mediad.supervisor.workers import memory_watch, restarts
from mediad.supervisor.workers import pool as worker_pool
from mediad.supervisor.workers.link import WorkerLink
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.process import configuration
from tests.support.loops import on_loop, raises, until
from tests.support.pools import Deaths, is_new, pid_of, running
from tests.support.tiny_requests import (
    AskBack,
    Die,
    Echo,
    Exit,
    Fail,
    Garbage,
    Number,
    Sicken,
    Silence,
    Spin,
    StopReading,
)
from tests.support.workers import alive, open_fds, tiny


@on_loop
async def test_all_are_ready_and_all_stop() -> None:
    fds = open_fds()
    async with running(workers=3) as pool:
        pids = [pid_of(worker) for worker in pool.workers]
        assert len(set(pids)) == 3
        assert all(alive(pid) for pid in pids)
    assert not any(alive(pid) for pid in pids)
    await until(lambda: open_fds() <= fds + 2)


@pytest.mark.parametrize("mode", ["config", "port", "crash"])
@on_loop
async def test_a_start_that_fails_leaves_nothing_and_is_not_retried(mode: str) -> None:
    pool = WorkerPool(Settings(workers=3), Deaths(), tiny(mode))
    kind = {"config": ConfigError, "port": PortError, "crash": MediadError}[mode]
    await raises(kind, pool.start())
    assert all(worker.pid is None for worker in pool.workers)
    assert children() == []


def children() -> list[int]:
    return [
        int(pid)
        for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if alive(int(pid))
    ]


@on_loop
async def test_kill_9_costs_only_its_own_rooms() -> None:
    deaths = Deaths()
    async with running(deaths) as pool:
        one, other = pool.place("a"), pool.place("b")
        assert (one.worker_id, other.worker_id) == (0, 1)
        pids = [pid_of(worker) for worker in pool.workers]
        asking = asyncio.create_task(one.request(Silence()))
        await other.request(Echo())
        os.kill(pids[0], signal.SIGKILL)
        assert await raises(WorkerDied, asking) == "worker 0 died"
        await until(lambda: is_new(pool.workers[0], pids[0]))
        assert deaths.told == [0]
        assert (pool.workers[0].rooms, pool.workers[1].rooms) == (set(), {"b"})
        assert pool.workers[1].pid == pids[1]
        assert await other.request(Echo(1)) == Number(1)
        assert pool.workers[0].last_death == "it was killed by SIGKILL"
        assert (pool.workers[0].restarts, pool.workers[1].restarts) == (1, 0)
        again = pool.place("a")
        assert await again.request(Echo(2)) == Number(2)
        assert await raises(WorkerDied, one.request(Echo())) == "worker 0 is gone"


@on_loop
async def test_while_none_is_ready_no_room_is_placed() -> None:
    deaths = Deaths()
    async with running(deaths, workers=1) as pool:
        os.kill(pid_of(pool.workers[0]), signal.SIGKILL)
        await until(lambda: deaths.told)
        with pytest.raises(Unavailable, match="no worker is ready"):
            pool.place("a")
        await until(lambda: pool.workers[0].pid)
        assert pool.place("a").worker_id == 0


@on_loop
async def test_a_hung_worker_is_killed_and_replaced() -> None:
    deaths = Deaths()
    async with running(deaths, worker_ping_interval_s=0.05, worker_ping_timeout_s=0.5) as pool:
        pid = pid_of(pool.workers[1])
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: is_new(pool.workers[1], pid))
        assert deaths.told == [1]
        assert pool.workers[1].last_death == "it did not answer for 0.5 s"
        assert not alive(pid)


@on_loop
async def test_a_worker_that_is_not_well_is_replaced() -> None:
    deaths = Deaths()
    async with running(deaths, worker_ping_interval_s=0.05) as pool:
        pid = pid_of(pool.workers[0])
        await pool.place("a").request(Sicken())
        await until(lambda: is_new(pool.workers[0], pid))
        assert deaths.told == [0]
        assert pool.workers[0].last_death == "it is not well: the media thread has ended"
        assert not alive(pid)


@on_loop
async def test_a_busy_worker_is_not_taken_for_a_hung_one() -> None:
    deaths = Deaths()
    async with running(deaths, worker_ping_interval_s=0.1, worker_ping_timeout_s=3.0) as pool:
        link = pool.place("a")
        await link.request(Spin(0.8))
        assert deaths.told == []


@on_loop
async def test_a_supervisor_that_was_stopped_blames_nobody() -> None:
    deaths = Deaths()
    async with running(deaths, worker_ping_interval_s=0.05, worker_ping_timeout_s=0.3) as pool:
        for worker in pool.workers:
            os.kill(pid_of(worker), signal.SIGSTOP)
        await asyncio.sleep(0.1)  # a ping is on its way to each
        time.sleep(0.6)  # noqa: ASYNC251 - the loop stands still, and so do they
        for worker in pool.workers:
            os.kill(pid_of(worker), signal.SIGCONT)
        link = pool.place("a")
        await link.request(Echo())
        assert deaths.told == []


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Exit(7), "it exited with status 7"),
        (Garbage(), "it broke the pipe's format: frame of 4294967295 bytes exceeds 4194304"),
        (AskBack(), "it broke the pipe's format: a worker may not ask: may.i"),
    ],
)
@on_loop
async def test_every_kind_of_death_is_named(request_: Request[Done], reason: str) -> None:
    async with running(workers=1) as pool:
        worker = pool.workers[0]
        pid = worker.pid
        await raises(WorkerDied, pool.place("a").request(request_))
        await until(lambda: is_new(worker, pid))
        assert worker.last_death == reason


@on_loop
async def test_a_restart_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_DELAY_S", 0.05)
    broken = tmp_path / "broken"
    async with running(mode=f"crash-if:{broken}", workers=1) as pool:
        worker = pool.workers[0]
        broken.touch()
        os.kill(pid_of(worker), signal.SIGKILL)
        await until(lambda: worker.history.failures >= 5)
        assert worker.pid is None
        assert worker.last_death == "worker 0 could not start: it exited with status 3"
        broken.unlink()
        await until(lambda: worker.pid)
        assert await pool.place("a").request(Echo(1)) == Number(1)


@on_loop
async def test_a_death_that_is_not_taken_well_does_not_stop_the_pool() -> None:
    def fail(worker_id: int) -> None:
        raise ValueError("a bug in rooms")

    pool = WorkerPool(Settings(workers=1), fail, tiny())
    await pool.start()
    pid = pid_of(pool.workers[0])
    os.kill(pid, signal.SIGKILL)
    await until(lambda: is_new(pool.workers[0], pid))
    await pool.stop()


@on_loop
async def test_stop_during_back_off_starts_nothing_more(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    async with running(mode=f"crash-if:{broken}", workers=1) as pool:
        broken.touch()
        os.kill(pid_of(pool.workers[0]), signal.SIGKILL)
        await until(lambda: pool.workers[0].next_start_s)
    assert children() == []


@on_loop
async def test_repeated_crashes_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_DELAY_S", 0.0)
    deaths = Deaths()
    async with running(deaths, workers=1) as pool:
        worker = pool.workers[0]
        fds = open_fds()
        for _ in range(8):
            pid = pid_of(worker)
            os.kill(pid, signal.SIGKILL)
            await until(lambda: is_new(worker, pid))
        assert len(deaths.told) == worker.restarts == 8
        await until(lambda: open_fds() <= fds)
        assert children() == [worker.pid]


@on_loop
async def test_a_replaced_worker_is_no_death_to_hold_against_it() -> None:
    deaths = Deaths()
    async with running(deaths) as pool:
        worker, pid = pool.workers[1], pool.workers[1].pid
        pool.place("a")
        pool.place("b")
        await pool.replace(worker)
        assert is_new(worker, pid)
        assert deaths.told == [1]  # its rooms have to know
        assert (worker.history.failures, worker.last_death, worker.rooms) == (0, None, set())
        assert pool.workers[0].rooms == {"a"}
        assert await pool.place("b").request(Echo(1)) == Number(1)


@on_loop
async def test_one_that_backs_off_is_replaced_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "FIRST_DELAY_S", 3600.0)
    monkeypatch.setattr(restarts, "LONGEST_DELAY_S", 3600.0)
    broken = tmp_path / "broken"
    async with running(mode=f"crash-if:{broken}", workers=1) as pool:
        worker = pool.workers[0]
        broken.touch()
        os.kill(pid_of(worker), signal.SIGKILL)
        await until(lambda: worker.next_start_s)
        reason = await raises(MediadError, pool.replace(worker))
        assert reason == "worker 0 could not start: it exited with status 3"
        await until(lambda: worker.next_start_s)
        broken.unlink()
        await pool.replace(worker)
        assert worker.pid is not None
        assert not worker.history.looping


@pytest.mark.parametrize(("signal_", "refused"), [(signal.SIGSEGV, True), (signal.SIGKILL, False)])
@on_loop
async def test_a_request_two_workers_died_of_is_refused(signal_: signal.Signals, refused: bool) -> None:
    """A kill by an operator, or by the kernel when memory is short, proves nothing."""
    set_asker("room", "mallory")
    async with running() as pool:
        for attempt in range(2):
            link = pool.place("a")
            worker = pool.workers[link.worker_id]
            await raises(WorkerDied, link.request(Die(signal_, f"r{attempt}")))
            pid = worker.pid
            await until(lambda: is_new(worker, pid))
        link = pool.place("a")
        again = Die(signal_, "r3")
        if refused:
            assert "has crashed a worker" in await raises(Forbidden, link.request(again))
            assert await link.request(Echo(1)) == Number(1)
        else:
            await raises(WorkerDied, link.request(again))


@on_loop
async def test_new_settings_reach_running_and_later_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, Request[Any]]] = []
    request = WorkerLink.request

    async def listen(link: WorkerLink, asked: Request[ReplyT]) -> ReplyT:
        told.append((link.worker_id, asked))
        return await request(link, asked)

    monkeypatch.setattr(WorkerLink, "request", listen)
    async with running() as pool:
        new = Settings(workers=2, log_level="debug")
        await pool.configure(new)
        await pool.configure(new)  # no news
        live = configuration(new.worker_settings(0))
        assert sorted(told, key=lambda one: one[0]) == [(0, live), (1, live)]
        worker, pid = pool.workers[0], pid_of(pool.workers[0])
        os.kill(pid, signal.SIGKILL)
        await until(lambda: is_new(worker, pid))
        assert worker.process is not None
        assert worker.process.settings == new.worker_settings(0)
        assert len(told) == 2


@on_loop
async def test_a_worker_that_refuses_new_settings_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    request = WorkerLink.request

    async def fail(link: WorkerLink, asked: Request[Any]) -> Done:
        return await request(link, Fail("invalid"))

    async with running(workers=1) as pool:
        worker, pid = pool.workers[0], pid_of(pool.workers[0])
        monkeypatch.setattr(WorkerLink, "request", fail)
        await pool.configure(Settings(workers=1, log_level="debug"))
        await until(lambda: is_new(worker, pid))
        assert worker.last_death == "it did not take new settings: as asked"


@on_loop
async def test_a_worker_that_stays_above_its_memory_is_replaced_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_pool, "CPU_SAMPLE_INTERVAL_S", 0.05)
    monkeypatch.setattr(memory_watch, "RELIEF_S", 0.1)
    monkeypatch.setattr(memory_watch, "REPLACE_S", 0.5)
    relieved: list[int] = []
    async with running(workers=1) as pool:
        worker, pid = pool.workers[0], pid_of(pool.workers[0])
        await until(lambda: worker.rss_bytes)
        limit = worker.rss_bytes // 2
        pool.memory.relieve = relieved.append
        pool._settings = Settings(workers=1, worker_memory_max_bytes=limit)
        await until(lambda: is_new(worker, pid))
        pool._settings = Settings(workers=1)
        assert worker.last_death is not None
        assert worker.last_death.endswith("s, although it accepted nothing new")
        assert set(relieved) == {0}
        assert worker.stock.shortage is None, "the new one is not short"


@on_loop
async def test_a_worker_near_its_memory_lets_nothing_new_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "CPU_SAMPLE_INTERVAL_S", 0.05)
    async with running(workers=2) as pool:
        worker, pid = pool.workers[0], pid_of(pool.workers[0])
        await until(lambda: worker.rss_bytes)
        worker.memory.short = True
        worker.stock.shortage = "as before"
        assert [pool.place(f"r{n}").worker_id for n in range(3)] == [1, 1, 1]
        pool.workers[1].memory.short = True
        with pytest.raises(Unavailable, match="all workers are full: try again later"):
            pool.place("a")
        await until(lambda: worker.stock.shortage is None)
        assert pool.place("a").worker_id == 0
        assert pid_of(worker) == pid


@on_loop
async def test_whether_all_answer() -> None:
    async with running() as pool:
        assert await pool.all_answer(10)
        os.kill(pid_of(pool.workers[1]), signal.SIGSTOP)
        assert not await pool.all_answer(0.2)
        os.kill(pid_of(pool.workers[1]), signal.SIGKILL)
        assert await pool.all_answer(10)  # dead is not silent
    assert await pool.all_answer(10)


@on_loop
async def test_a_request_two_workers_hung_on_is_refused() -> None:
    set_asker("room", "mallory")
    async with running(worker_ping_interval_s=0.05, worker_ping_timeout_s=0.5) as pool:
        for _ in range(2):
            link = pool.place("a")
            worker = pool.workers[link.worker_id]
            pid = worker.pid
            await raises(WorkerDied, link.request(StopReading()))
            await until(lambda: is_new(worker, pid))
        await raises(Forbidden, pool.place("a").request(StopReading()))


@on_loop
async def test_a_worker_in_a_crash_loop_draws_no_rooms_while_there_are_others() -> None:
    async with running() as pool:
        for _ in range(restarts.FREE_RESTARTS + 1):
            pool.workers[0].history.died(0.1)
        assert [pool.place(f"r{n}").worker_id for n in range(3)] == [1, 1, 1]
        pool.workers[1].draining = True
        assert pool.place("r4").worker_id == 0


@on_loop
async def test_a_worker_whose_pipe_is_another_is_refused() -> None:
    pool = WorkerPool(Settings(workers=1), lambda _: None, tiny("other:9.9.9:0"))
    reason = await raises(MediadError, pool.start())
    assert reason.startswith("worker 0 is of mediad 9.9.9, and does not fit this daemon, which is ")
    assert reason.endswith("; restart the daemon (systemctl restart mediad)")
