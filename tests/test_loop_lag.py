"""The lag of an event loop."""

from __future__ import annotations

import asyncio
import time

import pytest

from mediad import loop_lag
from mediad.loop_lag import BOUNDS_S, LoopLag
from tests.support.loops import on_loop, until


def test_a_lag_falls_into_the_bucket_that_holds_it() -> None:
    lag = LoopLag()
    for seconds in (0.0, BOUNDS_S[0], 0.3, 100.0):
        lag.observe(seconds)
    buckets = lag.report()["buckets"]
    assert buckets[0] == 2  # bounds belong to the bucket below them
    assert buckets[BOUNDS_S.index(0.5)] == 1
    assert buckets[-1] == 1
    assert sum(buckets) == 4
    assert lag.report()["sumS"] == pytest.approx(100.3 + BOUNDS_S[0])


@on_loop
async def test_a_loop_that_is_held_up_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL_S", 0.01)
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(0)
    time.sleep(0.3)  # noqa: ASYNC251 - that is the fault
    await until(lambda: sum(lag.report()["buckets"]) >= 2)
    assert sum(lag.report()["buckets"][BOUNDS_S.index(0.25) + 1 :]) >= 1
    lag.stop()
    lag.stop()
