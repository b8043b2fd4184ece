from __future__ import annotations

import asyncio
import time

from mediad.clock import LoopClock
from tests.support.loops import on_loop


@on_loop
async def test_the_loops_clock_is_the_monotonic_one() -> None:
    clock = LoopClock()
    before_us = time.monotonic_ns() // 1000
    assert before_us <= clock.now_us() <= time.monotonic_ns() // 1000


@on_loop
async def test_what_is_due_runs_and_what_is_cancelled_does_not() -> None:
    clock, done = LoopClock(), asyncio.Event()
    ran: list[str] = []
    clock.call_at(clock.now_us(), lambda: ran.append("cancelled")).cancel()
    clock.call_at(clock.now_us() - 1, lambda: ran.append("late"))
    clock.call_at(clock.now_us() + 1, done.set)
    await done.wait()
    assert ran == ["late"]


@on_loop
async def test_nothing_runs_before_its_time() -> None:
    clock, ran = LoopClock(), asyncio.get_running_loop().create_future()
    due_us = clock.now_us() + 10_000
    clock.call_at(due_us, lambda: ran.set_result(clock.now_us()))
    assert await ran >= due_us - 1_000
