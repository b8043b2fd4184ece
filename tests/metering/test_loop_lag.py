"""The lag of an event loop."""

from __future__ import annotations

import asyncio
import time

from mediad.clock import LoopClock
from mediad.metering.loop_lag import BOUNDS_S, INTERVAL_S, LoopLag
from tests.support.fake_clock import FakeClock
from tests.support.loops import on_loop, until


def late(lag: LoopLag, than_s: float) -> int:
    """Return the number of times that the timer fired later than that."""
    return sum(lag.report().buckets[BOUNDS_S.index(than_s) + 1 :])


def test_a_loop_that_is_held_up_shows() -> None:
    clock = FakeClock()
    lag = LoopLag(clock)
    lag.start()
    clock.pass_s(4 * INTERVAL_S)
    assert (sum(lag.report().buckets), late(lag, 0.001)) == (4, 0)
    clock.stall_s(INTERVAL_S + 0.3)
    clock.pass_s(INTERVAL_S)
    assert (sum(lag.report().buckets), late(lag, 0.25), late(lag, 0.5)) == (6, 1, 0)
    lag.stop()
    measured = lag.report()
    clock.pass_s(10)
    assert lag.report() == measured
    lag.stop()


@on_loop
async def test_a_real_loop_is_measured() -> None:
    lag = LoopLag(LoopClock())
    lag.start()
    await asyncio.sleep(0)
    time.sleep(INTERVAL_S + 0.3)  # noqa: ASYNC251 - that is the fault
    await until(lambda: late(lag, 0.25))
    lag.stop()
