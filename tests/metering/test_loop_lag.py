"""The lag of an event loop."""

from __future__ import annotations

import asyncio
import time

import pytest

from mediad.metering import loop_lag
from mediad.metering.loop_lag import BOUNDS_S, LoopLag
from tests.support.loops import on_loop, until


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
    measured = lag.report()
    await asyncio.sleep(0.03)
    assert lag.report() == measured
    lag.stop()
