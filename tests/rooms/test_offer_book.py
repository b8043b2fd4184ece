"""The offers of a room: a few at a time, and again when there was no room."""

from __future__ import annotations

import asyncio
import logging

import pytest

from mediad.errors import Unavailable
from mediad.rooms import offer_book
from mediad.rooms.background import Background
from mediad.rooms.entities import DataProducer
from mediad.rooms.offer_book import BATCH, BATCHES, OfferBook
from mediad.rooms.offer_queue import Pair
from tests.support.calls import stranger


class Maker:
    """Makes offers when it is told to, and writes down the batches."""

    def __init__(self) -> None:
        self.batches: list[list[Pair]] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.book = OfferBook(Background(), logging.LoggerAdapter(logging.getLogger("test"), {}), self.make)

    async def make(self, pairs: list[Pair]) -> None:
        self.batches.append(pairs)
        self.begun.set()
        await self.go.wait()
        for peer, _ in pairs:
            self.book.done(peer)


def channel(name: str) -> DataProducer:
    return DataProducer(name, stranger("sender").branch, None, "chat", "", {})


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def test_few_batches_are_made_at_a_time() -> None:
    async def scenario() -> None:
        maker = Maker()
        for number in range(4 * BATCH):
            maker.book.want(stranger(str(number)), channel("c"))
        maker.book.proceed()
        await settle()
        assert [len(batch) for batch in maker.batches] == [BATCH] * BATCHES
        maker.go.set()
        await settle()
        assert [len(batch) for batch in maker.batches] == [BATCH] * 4

    asyncio.run(scenario())


def test_what_is_put_off_is_offered_again_unless_an_end_of_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(offer_book, "RETRY_S", 0)

    async def scenario() -> None:
        maker = Maker()
        here, gone, wanted, ended = stranger("here"), stranger("gone"), channel("c"), channel("e")
        for pair in ((here, wanted), (gone, wanted), (here, ended)):
            maker.book.put_off(pair, Unavailable("full"))
        gone.closed = ended.closed = True
        await settle()
        assert maker.batches == [[(here, wanted)]]

    asyncio.run(scenario())


def test_the_wait_grows_until_one_succeeds() -> None:
    async def scenario() -> None:
        loop, waits = asyncio.get_running_loop(), []
        later = loop.call_later

        def call_later(delay_s: float, call: object, *arguments: object) -> asyncio.TimerHandle:
            waits.append(delay_s)
            return later(0, call, *arguments)  # type: ignore[arg-type]

        loop.call_later = call_later  # type: ignore[method-assign,assignment]
        maker = Maker()
        for attempt in range(8):
            if attempt == 7:
                maker.book.succeeded()
            maker.book.put_off((stranger("ana"), channel("c")), Unavailable("full"))
            await settle()
        assert waits == [1, 2, 4, 8, 16, 16, 16, 1]

    asyncio.run(scenario())


def test_a_worker_that_has_no_room_for_hours_is_still_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offer_book, "LONGEST_RETRY_S", 0)

    async def scenario() -> None:
        maker = Maker()
        maker.go.set()
        pair = stranger("ana"), channel("c")
        for _ in range(1100):
            maker.book.put_off(pair, Unavailable("no room"))
            await maker.begun.wait()
            maker.begun.clear()

    asyncio.run(scenario())
