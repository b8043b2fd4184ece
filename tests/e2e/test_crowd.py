"""A meeting's start, and what a worker's death brings back: everybody enters one room at the same moment."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.crowd import Member, all_see_each_other
from tests.support.daemon import Daemon
from tests.support.loops import on_loop


async def leave(*members: Member) -> None:
    await asyncio.gather(*(member.leave() for member in members))


@on_loop
async def test_a_crowd_that_enters_at_once_sees_itself_and_others_can_enter_meanwhile() -> None:
    with Daemon(workers=1) as daemon:
        pids = daemon.worker_pids()
        entering = asyncio.gather(*(Member.enter(daemon.url, "crowd", f"c{n}") for n in range(28)))
        others: list[Member] = []
        while not entering.done():
            others.append(await Member.enter(daemon.url, f"other {len(others)}", "ana"))
        members = await entering
        assert others, "rooms beside it were opened while the crowd came"
        await all_see_each_other(members, patience_s=60)
        late = await Member.enter(daemon.url, "other 0", "ben")
        await all_see_each_other([others[0], late], patience_s=30)
        assert "overloaded" not in daemon.log
        assert "did not answer" not in daemon.log
        assert pids == daemon.worker_pids(), "the crowd did not make it look dead"
        await leave(*members, *others, late)


@on_loop
async def test_so_does_one_that_a_worker_s_death_sends_away() -> None:
    with Daemon(workers=1) as daemon:
        rooms = ("a", "b", "c")

        async def enter() -> dict[str, list[Member]]:
            names = [(room, f"{room}{n}") for room in rooms for n in range(8)]
            members = await asyncio.gather(*(Member.enter(daemon.url, *name) for name in names))
            return {room: members[8 * n : 8 * n + 8] for n, room in enumerate(rooms)}

        first = await enter()
        for members in first.values():
            await all_see_each_other(members, patience_s=60)
        daemon.kill_worker(0)
        everybody = [member for members in first.values() for member in members]
        await asyncio.gather(*(member.closed() for member in everybody))
        for members in (await enter()).values():
            await all_see_each_other(members, patience_s=60)
            await leave(*members)
        await leave(*everybody)


@pytest.mark.crowd
@on_loop
async def test_a_hundred_who_enter_at_once_all_see_each_other_within_15_s() -> None:
    with Daemon(workers=1) as daemon:
        started_s = time.monotonic()
        members = await asyncio.gather(*(Member.enter(daemon.url, "crowd", f"c{n}") for n in range(100)))
        await all_see_each_other(list(members), patience_s=300)
        took_s = time.monotonic() - started_s
        print(f"100 peers, 19 800 consumers: {took_s:.1f} s")
        await leave(*members)
        assert took_s < 15
