"""Clients with data channels that come and go leave nothing behind in a worker's process."""

from __future__ import annotations

from tests.bench.cycles import Visits
from tests.support.loops import on_loop
from tests.support.worker_shell import REAL, started_worker

WARM_UP, CYCLES = 40, 60
GROWTH = 1.03
"""The allocator fills its pools at first: 1 000 cycles after the first hundred grow by 1.3 %."""


@on_loop
async def test_nothing_is_left_behind() -> None:
    with started_worker(REAL) as started:
        visits = Visits(started)
        for number in range(WARM_UP):
            await visits.visit(number)
        before = visits.held()
        for number in range(WARM_UP, WARM_UP + CYCLES):
            await visits.visit(number)
        after = visits.held()
    assert (after.descriptors, after.packet_slots_free) == (before.descriptors, before.packet_slots_free)
    assert (after.associations, after.transports) == (0, 0)
    assert after.rss_bytes < before.rss_bytes * GROWTH
