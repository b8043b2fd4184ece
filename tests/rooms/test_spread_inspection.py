"""Branches and pipes of a room as operators see them."""

from __future__ import annotations

from mediad.rooms.spread import AUTO
from mediad.rooms.spread_inspection import describe_spread
from tests.support.calls import Call, run, run_spread
from tests.support.rtp_samples import opus


def test_a_room_on_one_worker() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await call.settle()
        room = ana.seat.room
        branch = {"workerId": 0, "routerId": room.home.router_id, "peers": 2, "producers": 1, "consumers": 1}
        assert describe_spread(room) == {"spread": "off", "branches": [branch], "pipes": [], "piped": []}

    run(scenario)


def test_the_rooms_own_wish_is_shown() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        assert describe_spread(ana.seat.room)["spread"] == "2"
        ana.seat.room.spread = AUTO
        assert describe_spread(ana.seat.room)["spread"] == "auto"

    run_spread(scenario)


def test_pipes_have_two_ends() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        producer_id = await ben.produce("audio", opus())
        await call.settle()
        shown = describe_spread(ana.seat.room)
        (pipe,) = shown["pipes"]
        assert {end["workerId"] for end in pipe["ends"]} == {0, 1}
        ends = {end["transportId"] for end in pipe["ends"]}
        assert all(ends & set(worker.transports) for worker in call.placement.workers)
        (piped,) = shown["piped"]
        assert (piped["producerId"], piped["fromWorkerId"], piped["toWorkerId"]) == (producer_id, 1, 0)

    run_spread(scenario)
