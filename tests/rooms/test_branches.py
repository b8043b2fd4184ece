"""Branches come and go: opened for newcomers, closed when left, lost with their workers."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import MediadError, Unavailable
from mediad.rooms import branches
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause
from mediad.rooms.observer import RoomObserver
from mediad.rooms.spread import AUTO, SpreadRules
from tests.support.calls import Call, Guest, run, run_spread
from tests.support.rtp_samples import opus, vp8


class Diary(RoomObserver):
    """Notes what happens to branches."""

    def __init__(self) -> None:
        self.noted: list[tuple[object, ...]] = []

    def branch_opened(self, room_id: str, worker_id: int) -> None:
        self.noted.append(("opened", worker_id))

    def branch_closed(self, room_id: str, worker_id: int, cause: str, reason: str) -> None:
        self.noted.append(("closed", worker_id, cause))


def places(*guests: Guest) -> list[int]:
    return [guest.seat.peer.branch.worker_id for guest in guests]


def test_newcomers_are_spread_from_the_first_one_on() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.member(name) for name in "abcd"]
        assert places(*guests) == [0, 1, 0, 1]
        assert call.placement.placed == {"room": [0, 1]}
        assert [len(worker.called("router.create")) for worker in call.placement.workers] == [1, 1]
        room = guests[0].seat.room
        assert call.registry.summaries()[0]["branches"] == [
            {"workerId": 0, "peers": 2},
            {"workerId": 1, "peers": 2},
        ]
        assert [branch.stock.tables["rooms"].used for branch in room.branches] == [1, 1]

    run_spread(scenario)


def test_those_who_come_at_once_are_counted_before_they_are_there() -> None:
    async def scenario(call: Call) -> None:
        call.placement.workers[1].hold("router.create")
        coming = [asyncio.create_task(call.connect(name)) for name in "abcd"]
        await call.settle()
        assert len(call.placement.workers[1].called("router.create")) == 1
        call.placement.workers[1].release("router.create")
        assert sorted(places(*await asyncio.gather(*coming))) == [0, 0, 1, 1]

    run_spread(scenario)


def test_as_needed_a_newcomer_goes_where_there_is_room() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.placement.cpu[0] = 0.9
        ben = await call.member("ben")
        call.placement.cpu[0] = 0.6  # not calm enough yet
        cid = await call.member("cid")
        call.placement.cpu[0] = 0.1
        dan = await call.member("dan")
        assert places(ana, ben, cid, dan) == [0, 1, 1, 0]

    run_spread(scenario, spread=AUTO)


def test_a_room_has_its_own_wish() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ana.seat.room.spread = 2
        ben = await call.member("ben")
        call.registry.set_limits(RoomLimits(spread=SpreadRules(1)))
        cid, dan = await call.member("cid"), await call.member("dan")
        other = [await call.member(name, room_id="other") for name in "ab"]
        assert places(ana, ben, cid, dan) == [0, 1, 0, 1]
        assert len(set(places(*other))) == 1

    run(scenario, workers=2)


def test_a_client_that_connects_again_stays_on_its_branch() -> None:
    async def scenario(call: Call) -> None:
        await call.member("ana")
        await call.member("ben")
        assert places(await call.member("ben"), await call.member("ben")) == [1, 1]

    run_spread(scenario)


@pytest.mark.parametrize("error", [MediadError("out of memory"), Unavailable("no answer")])
def test_a_branch_that_cannot_be_opened_is_passed_over(error: MediadError) -> None:
    async def scenario(call: Call) -> None:
        await call.member("ana")
        call.placement.workers[1].failures["router.create"] = error
        coming = await asyncio.gather(*(call.connect(name) for name in "bcd"))
        assert places(*coming) == [0, 0, 0]
        await call.settle()
        assert call.placement.placed == {"room": [0]}
        assert call.placement.workers[1].is_empty()
        assert len(coming[0].seat.room.branches) == 1
        del call.placement.workers[1].failures["router.create"]
        assert places(await call.connect("eve")) == [1]

    run_spread(scenario)


def test_a_worker_without_room_is_passed_over() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.registry._ground.stocks.of(1).shortage = "short of memory"
        assert places(await call.connect("ben")) == [0]
        assert call.placement.placed == {"room": [0]}
        assert len(ana.seat.room.branches) == 1

    run_spread(scenario)


def test_an_empty_branch_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        diary = Diary()
        call.registry.observer = diary
        monkeypatch.setattr(branches, "HOLD_S", 0.05)
        _, ben = await call.member("ana"), await call.member("ben")
        ben.disconnect()
        ben = await call.member("ben")
        assert places(ben) == [1]
        await asyncio.sleep(0.1)
        assert diary.noted == [("opened", 1)]
        ben.disconnect()
        await asyncio.sleep(0.1)
        assert diary.noted == [("opened", 1), ("closed", 1, "deserted")]
        assert call.placement.workers[1].is_empty()
        assert call.placement.placed == {"room": [0]}

    run_spread(scenario)


def test_home_moves_when_all_have_left_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        monkeypatch.setattr(branches, "HOLD_S", 0.02)
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await ben.produce("audio", opus())
        await call.settle()
        ana.disconnect()
        await asyncio.sleep(0.05)
        room = ben.seat.room
        assert room.home is ben.seat.peer.branch
        assert call.placement.workers[0].is_empty()
        call.placement.workers[1].emit(
            "router.speaker", producerId=next(iter(room.books.producers)), volume=-20
        )
        assert ben.listener.named("speaking") != []

    run_spread(scenario)


def test_a_dead_branch_costs_only_its_peers() -> None:
    async def scenario(call: Call) -> None:
        diary = Diary()
        call.registry.observer = diary
        ana, ben, cid, dan = [await call.member(name) for name in ("ana", "ben", "cid", "dan")]
        for guest in (ana, ben):
            await guest.produce("video", vp8())
        await call.settle()
        call.placement.workers[1].die()
        for guest in (ana, ben, cid, dan):
            guest.listener.heard.clear()
        call.registry.worker_died(1)
        await call.settle()
        room = ana.seat.room
        for guest in (ben, dan):
            assert guest.listener.heard[-1] == ("closed", CloseCause.WORKER_DIED)
        assert sorted(ana.listener.named("left")) == [("left", "ben"), ("left", "dan")]
        closed = cid.listener.named("consumer closed")
        assert len(closed) == 1
        assert (room.closed, list(room.peers)) == (False, ["ana", "cid"])
        assert room.pipes.pairs() == []
        worker = call.placement.workers[0]
        assert set(worker.transports) == set(room.books.transports)
        assert set(worker.consumers) == set(room.books.consumers)
        assert diary.noted == [("opened", 1), ("closed", 1, "worker-died")]

    run_spread(scenario)


def test_when_home_dies_another_branch_takes_its_place() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, cid = await call.talker("ana"), await call.talker("ben"), await call.talker("cid")
        await ben.produce("audio", opus())
        await cid.produce("video", vp8())
        await call.settle()
        room = ana.seat.room
        call.placement.workers[0].die()
        call.registry.worker_died(0)
        await call.settle()
        assert room.home is ben.seat.peer.branch
        assert ben.listener.named("consumer closed") != []
        assert [offer.label for offer in ben.listener.data_offers] == ["bot", "bot"]
        worker = call.placement.workers[1]
        assert set(worker.data.producers) == set(room.books.data_producers)

    run_spread(scenario)


def test_the_last_branch_ends_the_room() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        for worker_id in (0, 1):
            call.placement.workers[worker_id].die()
            call.registry.worker_died(worker_id)
        assert ana.listener.heard[-1] == ben.listener.heard[-1] == ("closed", CloseCause.WORKER_DIED)
        assert call.registry.room_count == 0
        assert call.placement.placed == {}
        await call.settle()

    run_spread(scenario)


def test_a_room_ends_with_the_branch_that_all_its_clients_are_on() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        ana.disconnect()
        call.placement.workers[1].die()
        call.registry.worker_died(1)
        await call.settle()
        assert ben.seat.room.closed
        assert all(worker.dead or worker.is_empty() for worker in call.placement.workers)

    run_spread(scenario)


def test_moving_a_room_sends_away_those_on_one_worker() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.registry.move_room("room", 1)
        assert ben.listener.heard[-1] == ("closed", CloseCause.DRAINED)
        assert not ana.seat.peer.closed
        assert call.placement.placed == {"room": [0]}
        assert places(await call.member("ben")) == [2]
        await call.settle()
        assert call.placement.workers[1].is_empty()

    run_spread(scenario, workers=3, spread=2)


def test_a_worker_short_of_memory_sends_away_its_part_of_the_largest_room() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        other = await call.connect("cid", room_id="small")
        assert places(other) == [0]
        await ben.produce("video", vp8())
        call.registry.relieve(1)
        assert (ana.seat.peer.closed, ben.seat.peer.closed, other.seat.peer.closed) == (False, True, False)
        call.registry.relieve(0)
        assert (ana.seat.peer.closed, other.seat.peer.closed) == (True, False)
        await call.settle()

    run_spread(scenario)


def test_a_room_that_closes_while_a_branch_opens_lets_nobody_in() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        call.placement.workers[1].hold("router.create")
        coming = asyncio.create_task(call.connect("ben"))
        await call.settle()
        first = ana.seat.room
        first.close(CloseCause.REMOVED, "over")
        call.placement.workers[1].release("router.create")
        ben = await coming
        assert ben.seat.room is not first
        await call.settle()
        assert len([worker for worker in call.placement.workers if worker.routers]) == 1

    run_spread(scenario)
