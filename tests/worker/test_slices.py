"""Objects made in slices. What requests make of it is in test_consumer_batch.py and test_data_methods.py."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

from mediad.errors import NotFound
from mediad.turns import Turns
from mediad.worker import slices
from mediad.worker.slices import Maker, Slices
from tests.support.fake_clock import FakeClock
from tests.support.loops import LoopTurns, on_loop


def make(order: str) -> str:
    if order == "lost":
        raise NotFound("it is lost")
    if order == "bug":
        raise ZeroDivisionError
    return f"made {order}"


MAKER = Maker("things.create", str, make, lambda code, reason: f"{code}: {reason}")


@on_loop
async def test_each_order_has_its_answer() -> None:
    made = await Slices(Turns(), FakeClock()).make(MAKER, ["a", "lost", "bug", "b"])
    assert made == [
        "made a",
        "not-found: it is lost",
        "error: ZeroDivisionError in things.create",
        "made b",
    ]


@on_loop
async def test_others_get_their_turns() -> None:
    with LoopTurns() as turns, patch.object(slices, "SLICE_US", 0):
        await Slices(Turns(), FakeClock()).make(MAKER, [str(number) for number in range(20)])
    assert turns.seen >= 20


@on_loop
async def test_what_is_called_off_is_not_made() -> None:
    making = Slices(Turns(), FakeClock())
    task = asyncio.create_task(making.make(MAKER, ["a", "b"]))
    await asyncio.sleep(0)
    assert making.call_off("b")
    assert not making.call_off("b")
    assert await task == ["made a", "state: it was closed before it was made"]
    assert not making.call_off("a")
