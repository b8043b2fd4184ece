"""Shares of a worker's tables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediad import capacity
from mediad.errors import Full, MediadError
from mediad.rooms.stock import (
    ADDRESS,
    ALL,
    ROOM,
    SIZES,
    Claim,
    Holder,
    Refusal,
    Size,
    Stock,
    Stocks,
    Table,
)
from tests.support.calls import Call, Guest
from tests.support.rtp_samples import opus

TRANSPORTS = capacity.TRANSPORTS


def address(number: int) -> Holder:
    return ADDRESS, f"192.0.2.{number}"


def fill(stock: Stock, table: str, *holders: Holder) -> list[Claim]:
    """Claim as much as there is for them."""
    claims: list[Claim] = []
    while stock.tables[table].refusal(holders, 0) is None:
        claims.append(stock.claim(table, *holders))
    with pytest.raises(Full):
        stock.claim(table, *holders)
    return claims


def fill_by_clients(stock: Stock, holder: Holder, each: int) -> list[int]:
    """Client after client takes all the transports it gets, up to `each`; how many every one got."""
    got: list[int] = []
    while True:
        has = 0
        try:
            while has < each:
                stock.claim("transports", holder, has=has)
                has += 1
        except Full:
            pass
        if not has:
            return got
        got.append(has)


@pytest.mark.parametrize("table", sorted(SIZES))
def test_one_holder_leaves_much_to_strangers(table: str) -> None:
    stock = Stock()
    size = SIZES[table].capacity
    least = 0.7 if SIZES[table].clients else 0.6
    assert least * size < len(fill(stock, table, address(1))) < (least + 0.02) * size
    assert len(fill(stock, table, address(2))) > size // 7


def test_what_clients_need_is_left_when_others_of_their_address_have_more() -> None:
    stock = Stock()
    while stock.tables["transports"].used < 0.61 * TRANSPORTS:
        stock.claim("transports", address(1))
    with pytest.raises(Full):
        stock.claim("transports", address(1), has=2)
    for _ in range(300):
        for has in range(2):
            stock.claim("transports", address(1), has=has)


def test_many_who_take_all_they_get_one_after_the_other_leave_enough_for_a_call() -> None:
    stock = Stock()
    for number in range(20):
        fill(stock, "transports", address(number))
    assert stock.tables["transports"].free > TRANSPORTS // 200
    for number in range(100, 120):
        for has in range(2):
            stock.claim("transports", address(number), has=has)


def test_a_worker_that_is_not_busy_refuses_nobody() -> None:
    stock = Stock()
    for _ in range(TRANSPORTS // 8):
        for has in range(4):
            stock.claim("transports", address(1), has=has)
    assert stock.tables["transports"].used == TRANSPORTS // 2


def test_clients_of_one_address_get_fewer_each_as_its_share_runs_out() -> None:
    """Attackers with sixteen transports each do not leave their neighbours without the two they need."""
    stock = Stock()
    got = fill_by_clients(stock, address(1), 16)
    assert got[:100] == [16] * 100
    assert got == sorted(got, reverse=True), "fewer and fewer"
    assert got[-101:-1] == [2] * 100
    assert len(got) > 600


def test_a_room_is_a_holder_like_an_address() -> None:
    stock = Stock()
    room: Holder = (ROOM, "huge")
    count = len(fill(stock, "consumers", room))
    assert count > 39_900, "140 members with two tracks each"
    with pytest.raises(Full, match=rf"this room has {count} of the 65536 consumers of this worker"):
        stock.claim("consumers", room, address(1))
    stock.claim("consumers", (ROOM, "small"), address(1))


def test_a_refusal_says_whose_what_how_much_and_what_to_do() -> None:
    heard: list[tuple[int, Refusal]] = []
    stock = Stock(3, lambda worker_id, refusal: heard.append((worker_id, refusal)))
    fill(stock, "transports", address(1))
    ((worker_id, refusal),) = heard
    assert worker_id == 3
    assert (refusal.table, refusal.kind, refusal.name) == ("transports", *address(1))
    assert refusal.reason == (
        "your address has 5763 of the 8192 transports of this worker, and the 2429 that are free are for "
        "others: close some, or try again later"
    )


def test_a_full_table_is_full_for_everybody() -> None:
    table = Table("things", Size(2))
    for number in range(2):
        assert table.refusal((address(number),), 0) is None
        table.take((address(number),))
    refused = table.refusal((address(9),), 0)
    assert refused is not None
    assert refused == ((ALL, ""), "all 2 things of this worker are in use: try again later")


def test_who_takes_over_is_not_asked() -> None:
    stock = Stock()
    old = fill(stock, "peers", address(1))[0]
    new = stock.take_over("peers", address(1))
    old.release()
    before = stock.tables["peers"].used
    new.release()
    new.release()
    assert stock.tables["peers"].used == before - 1


def test_a_shortage_refuses_everything_and_says_why() -> None:
    stock = Stock()
    stock.shortage = "this worker is short of memory"
    with pytest.raises(Full, match="this worker is short of memory: try again later"):
        stock.claim("rooms", address(1))
    stock.shortage = None
    stock.claim("rooms", address(1))


def test_the_fullest_table_decides() -> None:
    stock = Stock()
    for _ in range(capacity.PRODUCERS // 4):
        stock.claim("producers", address(1))
    stock.claim("transports", address(1))
    assert stock.fullest() == ("producers", 0.25)


def test_stocks_are_by_worker_and_tell_of_refusals() -> None:
    stocks = Stocks()
    heard: list[int] = []
    first = stocks.of(0)
    stocks.on_refused = lambda worker_id, refusal: heard.append(worker_id)
    assert stocks.of(0) is first
    assert stocks.of(1) is not first
    first.shortage = "no"
    with pytest.raises(Full):
        first.claim("rooms")
    assert heard == [0]


def test_where_each_transport_has_a_port_there_are_no_more_transports_than_ports() -> None:
    stocks = Stocks(lambda worker_id: (None, 40)[worker_id])
    assert stocks.of(0).tables["transports"].capacity == capacity.TRANSPORTS
    few = stocks.of(1)
    taken = [claim for n in range(40) for claim in fill(few, "transports", address(n))]
    assert len(taken) == few.tables["transports"].capacity == 40
    with pytest.raises(
        Full, match="all 40 transports of this worker, one for each of its media ports, are in"
    ):
        few.claim("transports", address(99))
    taken[0].release()
    few.claim("transports", address(99))


def test_the_ports_of_plain_transports_are_shared_out_too() -> None:
    stock = Stocks(own_ports=lambda worker_id: 100).of(0)
    assert stock.tables["media ports"].capacity == 100
    alone = fill(stock, "media ports", address(1))
    assert 60 <= len(alone) < 80
    assert fill(stock, "media ports", address(2)) != []
    assert Stocks(own_ports=lambda worker_id: 0).of(0).fullest()[1] == 0


# -- in rooms ----------------------------------------------------------------------------------------------


class Node:
    """Rooms on one worker, whose stock the test looks at."""

    def __init__(self) -> None:
        self.stocks = Stocks()
        self.stock = self.stocks.of(0)
        self.call = Call(stocks=self.stocks)

    @property
    def used(self) -> dict[str, int]:
        return {name: table.used for name, table in self.stock.tables.items() if table.used}

    async def conversation(self) -> tuple[Guest, Guest]:
        """Two members; the first sends one track, the second receives it."""
        ana = await self.call.member("ana", address="192.0.2.1")
        ben = await self.call.member("ben", address="192.0.2.2")
        await ana.produce("audio", opus())
        await self.call.settle()
        return ana, ben

    def exhaust(self, table: str, *holders: Holder) -> list[Claim]:
        return fill(self.stock, table, *holders)


def run(scenario: Callable[[Node], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await scenario(Node())

    asyncio.run(main())


def test_a_call_takes_what_it_has_and_gives_it_back() -> None:
    async def scenario(node: Node) -> None:
        ana, _ = await node.conversation()
        everything = {"rooms": 1, "peers": 2, "transports": 4, "producers": 1, "consumers": 1}
        assert node.used == everything
        await node.call.member("ben", address="192.0.2.2")
        await node.call.settle()
        assert node.used == everything, "a newer connection takes the place of the older"
        ana.disconnect()
        await node.call.settle()
        assert node.used == {"rooms": 1, "peers": 1, "transports": 2}

    run(scenario)


@pytest.mark.parametrize("end", ["leave", "close", "worker dies"])
def test_however_a_room_ends_it_leaves_nothing(end: str) -> None:
    async def scenario(node: Node) -> None:
        guests = await node.conversation()
        await node.call.connect("cem", address="192.0.2.3")
        if end == "leave":
            for peer_id in ("ana", "ben", "cem"):
                room = guests[0].seat.room
                room.leave(room.peers[peer_id])
        elif end == "close":
            node.call.registry.close_room("room", "over")
        else:
            node.call.registry.worker_died(0)
        await node.call.settle()
        assert node.used == {}
        assert all(table.holders == 0 for table in node.stock.tables.values())

    run(scenario)


@pytest.mark.parametrize("method", ["transport.create", "producer.create", "router.create"])
def test_what_the_worker_does_not_make_is_given_back(method: str) -> None:
    async def scenario(node: Node) -> None:
        if method != "router.create":
            ana = await node.call.member("ana")
        before = node.used
        node.call.worker.failures[method] = MediadError("no")
        if method == "router.create":
            asking: Any = node.call.connect("ben", room_id="other")
        elif method == "transport.create":
            asking = ana.make_transports()
        else:
            asking = ana.produce("audio", opus())
        with pytest.raises(MediadError, match="no"):
            await asking
        await node.call.settle()
        assert node.used == before

    run(scenario)


def test_a_stranger_finds_room_beside_an_address_that_took_all_it_gets() -> None:
    async def scenario(node: Node) -> None:
        for table in SIZES:
            node.exhaust(table, address(66))
        with pytest.raises(Full, match="your address has"):
            await node.call.connect("mallory", room_id="a", address="192.0.2.66")
        await node.conversation()
        assert len(node.call.worker.consumers) == 1

    run(scenario)


def test_a_track_that_may_not_be_sent_claims_no_streams() -> None:
    async def scenario(node: Node) -> None:
        ana = await node.call.member("ana", address="192.0.2.66")
        claims = node.exhaust("producers", address(66))
        with pytest.raises(Full, match="producers of this worker"):
            await ana.produce("audio", opus())
        for claim in claims:
            claim.release()
        await ana.produce("audio", opus())

    run(scenario)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=200))
def test_the_book_holds_what_is_alive_and_nothing_else(steps: list[tuple[int, bool]]) -> None:
    table = Table("things", Size(40))
    alive: list[tuple[Holder, Claim]] = []
    for number, release in steps:
        holder = address(number)
        if release and alive:
            _, claim = alive.pop(number % len(alive))
            claim.release()
            claim.release()
        elif table.refusal((holder,), 0) is None:
            held = sum(other == holder for other, _ in alive)
            assert held < max(1, 4 * (40 - len(alive)) ** 2 // 40)
            alive.append((holder, table.take((holder,))))
        assert table.used == len(alive)
        assert table.holders == len({holder for holder, _ in alive})
