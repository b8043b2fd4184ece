"""One slice of long work in each turn of the loop, in the order they were asked for."""

from __future__ import annotations

import asyncio

from mediad.turns import Turns
from tests.support.loops import on_loop


@on_loop
async def test_others_come_in_between_slices_however_many_there_are() -> None:
    turns = Turns()
    happened: list[str] = []

    async def long_work(name: str) -> None:
        for _ in range(3):
            await turns.take()
            happened.append(name)

    async def something_else() -> None:
        while len(happened) - happened.count("-") < 12:
            happened.append("-")
            await asyncio.sleep(0)

    await asyncio.gather(something_else(), *(long_work(name) for name in "abcd"))
    slices = [name for name in happened if name != "-"]
    assert slices == [*"abcd"] * 3, "each has one slice, then the next"
    between = "".join(happened).strip("-").split("-")
    assert max(map(len, between)) == 1, "never two in one turn of the loop"


@on_loop
async def test_one_that_goes_away_takes_nobody_s_turn() -> None:
    turns = Turns()
    first, gone, last = (asyncio.create_task(turns.take()) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(asyncio.gather(first, last), 5)
    await asyncio.wait_for(turns.take(), 5)
