"""The two ends of a pipe: made once, connected to each other, closed together."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import Full, InvalidState, MediadError
from mediad.ortc.acceptance import SSRC_RANGE
from mediad.rooms import pipe_pair
from mediad.rooms.background import Background
from mediad.rooms.branch import Branch
from mediad.rooms.pipe_pair import PipePair
from mediad.rooms.stock import ROOM
from tests.support.bookkeeping_worker import BookkeepingWorker
from tests.support.loops import on_loop

HOLDER = (ROOM, "room")


async def branches() -> tuple[Background, list[BookkeepingWorker], list[Branch]]:
    background, workers = Background(), [BookkeepingWorker(0), BookkeepingWorker(1)]
    opened = [Branch(worker, background) for worker in workers]
    for branch in opened:
        await branch.open()
    return background, workers, opened


def used(branches: list[Branch]) -> list[int]:
    return [branch.stock.tables["transports"].used for branch in branches]


@on_loop
async def test_both_ends_know_each_other() -> None:
    background, workers, (one, other) = await branches()
    pair = PipePair(one, other, HOLDER)
    assert (pair.begun, used([one, other])) == (False, [1, 1])
    await asyncio.gather(*(pair.opened() for _ in range(3)))
    ends = [next(iter(worker.transports.values())) for worker in workers]
    assert [end["connected"] for end in ends] == [ends[1]["port"], ends[0]["port"]]
    assert all(end["enableSctp"] and not end.get("enableSrtp") for end in ends)
    pair.close()
    pair.close()
    await background.settled()
    assert [worker.transports for worker in workers] == [{}, {}]
    assert used([one, other]) == [0, 0]


@on_loop
async def test_one_end_that_cannot_be_made_leaves_none() -> None:
    for method in ("transport.createPipe", "transport.connectPipe"):
        background, workers, (one, other) = await branches()
        workers[1].failures[method] = MediadError("no socket")
        pair = PipePair(one, other, HOLDER)
        with pytest.raises(MediadError, match="no socket"):
            await pair.opened()
        await background.settled()
        assert pair.closed
        assert [worker.transports for worker in workers] == [{}, {}]
        assert used([one, other]) == [0, 0]


@on_loop
async def test_one_that_is_closed_while_it_is_opened_leaves_nothing() -> None:
    background, workers, (one, other) = await branches()
    workers[0].hold("transport.createPipe")
    pair = PipePair(one, other, HOLDER)
    opening = asyncio.create_task(pair.opened())
    await asyncio.sleep(0.01)
    pair.close()
    workers[0].release("transport.createPipe")
    with pytest.raises(InvalidState):
        await opening
    await background.settled()
    assert [worker.transports for worker in workers] == [{}, {}]


@on_loop
async def test_without_room_on_one_worker_nothing_is_claimed() -> None:
    _, _, (one, other) = await branches()
    other.stock.shortage = "short of memory"
    with pytest.raises(Full, match="short of memory"):
        PipePair(one, other, HOLDER)
    assert used([one, other]) == [0, 0]


@on_loop
async def test_ssrcs_are_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, (one, other) = await branches()
    monkeypatch.setattr(pipe_pair, "draw_ssrc", lambda count: SSRC_RANGE.stop - 5)
    pair = PipePair(one, other, HOLDER)
    assert pair.take_ssrcs(3) == SSRC_RANGE.stop - 5
    assert [pair.take_ssrcs(3), pair.take_ssrcs(1)] == [SSRC_RANGE.start, SSRC_RANGE.start + 3]
