"""Rooms come and go: opening, sharing, worker death, stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mediad.budgets.refusal import OverLimit
from mediad.errors import InvalidState, MediadError, NotFound, Unavailable
from mediad.pipe.messages import ReplyT, Request
from mediad.rooms import registry
from mediad.rooms.asker import current_asker
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause
from mediad.rooms.media_worker import Compose
from tests.support.calls import Call
from tests.support.listeners import RecordingListener
from tests.support.rtp_samples import opus


def run(scenario: Callable[[Call], Coroutine[Any, Any, None]], workers: int = 1) -> None:
    async def main() -> None:
        await scenario(Call(workers))

    asyncio.run(main())


def test_peers_that_arrive_together_share_one_room() -> None:
    async def scenario(call: Call) -> None:
        guests = await asyncio.gather(*(call.connect(f"peer{index}") for index in range(5)))
        assert len({guest.seat.room for guest in guests}) == 1
        assert len(call.worker.called("router.create")) == 1
        assert (call.registry.room_count, call.registry.peer_count) == (1, 5)

    run(scenario)


def test_rooms_are_spread_and_found() -> None:
    async def scenario(call: Call) -> None:
        for name in ("a", "b", "c"):
            await call.connect("ana", room_id=name)
        assert call.homes() == {"a": 0, "b": 1, "c": 0}

    run(scenario, workers=2)


def test_rooms_are_found_by_their_ids() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.connect("ana", room_id=name) for name in ("a", "b")]
        assert call.registry.rooms() == [guest.seat.room for guest in guests]
        assert call.registry.room("b") is guests[1].seat.room
        with pytest.raises(NotFound, match='room with id "c" not found'):
            call.registry.room("c")

    run(scenario)


def test_rooms_are_summed_up() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await call.settle()
        assert call.registry.summaries() == [
            {
                "roomId": "room",
                "workerId": 0,
                "peers": 2,
                "producers": 1,
                "consumers": 1,
                "branches": [{"workerId": 0, "peers": 2}],
            }
        ]

    run(scenario)


def test_a_room_of_the_same_name_is_a_new_room() -> None:
    async def scenario(call: Call) -> None:
        first = await call.connect("ana")
        first.disconnect()
        second = await call.connect("ana")
        assert second.seat.room is not first.seat.room
        await call.settle()
        assert list(call.worker.routers) == [second.seat.room.home.router_id]

    run(scenario)


def test_without_a_worker_nobody_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_RETRY_S", 0)

    async def scenario(call: Call) -> None:
        call.worker.dead = True
        with pytest.raises(Unavailable, match="no worker is available"):
            await call.connect("ana")
        assert call.registry.room_count == 0

    run(scenario)


def test_a_worker_that_is_coming_up_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_RETRY_S", 0)

    async def scenario(call: Call) -> None:
        call.worker.dead = True
        connecting = [asyncio.create_task(call.connect(name)) for name in ("ana", "ben")]
        for _ in range(5):
            await asyncio.sleep(0)
        call.worker.dead = False
        ana, ben = await asyncio.gather(*connecting)
        assert ana.seat.room is ben.seat.room

    run(scenario)


def test_while_draining_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_RETRY_S", 1e9)

    async def scenario(call: Call) -> None:
        await call.connect("ana", room_id="old")
        call.placement.draining = True
        with pytest.raises(Unavailable, match="draining"):
            await call.connect("ana", room_id="new")
        await call.connect("ben", room_id="old")

    run(scenario)


def test_a_router_that_cannot_be_made_leaves_no_room() -> None:
    async def scenario(call: Call) -> None:
        call.worker.failures["router.create"] = MediadError("out of memory")
        results = await asyncio.gather(*(call.connect(name) for name in "ab"), return_exceptions=True)
        assert [str(result) for result in results] == ["out of memory"] * 2
        assert call.registry.room_count == 0
        assert call.placement.placed == {}
        del call.worker.failures["router.create"]
        await call.connect("ana")

    run(scenario)


def test_a_dead_workers_peers_are_sent_away_and_others_see_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana", room_id="a"), await call.member("ben", room_id="a")
        cid = await call.member("cid", room_id="b")
        await ana.produce("audio", opus())
        await call.settle()
        cid.listener.heard.clear()
        call.worker.die()
        call.registry.worker_died(0)
        await call.settle()
        for guest in (ana, ben):
            assert guest.listener.heard[-1] == ("closed", CloseCause.WORKER_DIED)
        assert cid.listener.heard == []
        assert call.homes() == {"b": 1}
        again = await call.member("ana", room_id="a")
        assert again.seat.room.home.worker_id == 1

    run(scenario, workers=2)


def test_what_was_asked_of_a_dead_worker_fails_and_leaves_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        for method in ("transport.create", "producer.create"):
            call.worker.hold(method)
        pending = [
            asyncio.create_task(ana.seat.transports.create(consuming=True, force_tcp=False)),
            asyncio.create_task(ana.seat.producing.produce(ana.sending, "audio", opus(), {})),
        ]
        await call.settle()
        call.worker.die()
        call.registry.worker_died(0)
        results = await asyncio.gather(*pending, return_exceptions=True)
        assert [str(result) for result in results] == ["worker died"] * 2
        await asyncio.wait_for(call.registry.close(), 5)
        assert call.registry.room_count == 0

    run(scenario)


@pytest.mark.parametrize("notice_first", [True, False])
def test_a_worker_that_dies_under_an_opening_room_is_replaced(notice_first: bool) -> None:
    async def scenario(call: Call) -> None:
        call.worker.hold("router.create")
        connecting = [asyncio.create_task(call.connect(name)) for name in ("ana", "ben")]
        await call.settle()
        if notice_first:
            call.registry.worker_died(0)
        call.worker.die()
        call.registry.worker_died(0)
        guests = await asyncio.gather(*connecting)
        assert {guest.seat.room.home.worker_id for guest in guests} == {1}
        assert call.homes() == {"room": 1}

    run(scenario, workers=2)


def test_a_connection_given_up_while_the_room_opens_leaves_no_room() -> None:
    async def scenario(call: Call) -> None:
        call.worker.hold("router.create")
        connecting = asyncio.create_task(call.connect("ana"))
        await call.settle()
        connecting.cancel()
        await call.settle()
        call.worker.release("router.create")
        await call.settle()
        assert call.registry.room_count == 0
        assert call.worker.is_empty()

    run(scenario)


def test_stopping_closes_every_room() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.member("ana", room_id=name) for name in ("a", "b")]
        await call.registry.close("stopping")
        assert [guest.listener.heard[-1] for guest in guests] == [("closed", CloseCause.DRAINED)] * 2
        assert call.worker.is_empty()
        assert (call.registry.room_count, call.registry.peer_count) == (0, 0)

    run(scenario)


def test_a_moved_room_comes_back_on_another_worker() -> None:
    async def scenario(call: Call) -> None:
        ana, cid = await call.member("ana"), await call.member("cid", room_id="b")
        assert call.homes() == {"room": 0, "b": 1}
        call.registry.move_room("room")
        assert ana.listener.heard[-1] == ("closed", CloseCause.DRAINED)
        assert call.homes() == {"b": 1}
        again = await call.member("ana")
        assert again.seat.room.home.worker_id == 1
        assert ("closed", CloseCause.DRAINED) not in cid.listener.heard
        await call.settle()
        assert call.placement.workers[0].is_empty()

    run(scenario, workers=2)


def test_a_closed_room_sends_its_peers_away() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.registry.close_room("room", "enough")
        assert ana.listener.heard[-1] == ("closed", CloseCause.DRAINED)
        assert call.registry.room_count == 0
        for method in (call.registry.move_room, lambda room_id: call.registry.close_room(room_id, "")):
            with pytest.raises(NotFound, match='room with id "room" not found'):
                method("room")

    run(scenario)


def test_what_a_client_causes_is_known_as_its_doing() -> None:
    async def scenario(call: Call) -> None:
        seen: list[tuple[str, str | None]] = []
        request_for = call.worker.request_for

        async def listening(router_id: str, kind: type[Request[ReplyT]], compose: Compose[ReplyT]) -> ReplyT:
            seen.append((kind.row, current_asker()))
            return await request_for(router_id, kind, compose)

        call.worker.request_for = listening  # type: ignore[method-assign]
        for peer in ("ana", "ben"):
            await asyncio.create_task(call.member(peer))
        assert current_asker() is None
        assert {asker for method, asker in seen if method == "transport.create"} == {
            "4:room/ana",
            "4:room/ben",
        }

    run(scenario)


ROOMS, PEERS, PEERS_PER_ROOM = ("rooms", 2), ("peers", 3), ("room_peers", 2)
ADDRESS_ROOMS, ADDRESS_PEERS = ("address_rooms", 2), ("address_peers", 3)


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        (RoomLimits(), {}),
        (RoomLimits(rooms=2), {("dora", "c"): ROOMS}),
        (RoomLimits(peers=3), {("dora", "a"): PEERS, ("dora", "c"): PEERS}),
        (RoomLimits(peers=9, peers_per_room=2), {("dora", "a"): PEERS_PER_ROOM}),
        (RoomLimits(rooms_per_address=2), {("dora", "c"): ADDRESS_ROOMS}),
        (RoomLimits(peers_per_address=3), {("dora", "a"): ADDRESS_PEERS, ("dora", "c"): ADDRESS_PEERS}),
    ],
)
def test_limits_refuse_newcomers_and_nobody_else(
    limits: RoomLimits, refused: dict[tuple[str, str], tuple[str, int]]
) -> None:
    async def scenario(call: Call) -> None:
        for peer, room in (("ana", "a"), ("ben", "a"), ("cleo", "b")):
            await call.connect(peer, room_id=room)
        call.registry.set_limits(limits)
        found = {}
        for peer, room in (("ana", "a"), ("dora", "a"), ("dora", "c")):
            try:
                await call.connect(peer, room_id=room)
            except OverLimit as error:
                found[peer, room] = error.refusal.limit, error.refusal.maximum
        assert found == refused
        assert limits.budgets.refused.total() == len(refused)

    run(scenario)


def test_peers_that_arrive_together_do_not_slip_past_a_limit() -> None:
    async def scenario(call: Call) -> None:
        call.registry.set_limits(RoomLimits(peers_per_room=3))
        arriving = [call.connect(f"peer{index}") for index in range(6)]
        outcomes = await asyncio.gather(*arriving, return_exceptions=True)
        assert [isinstance(outcome, Unavailable) for outcome in outcomes] == [False] * 3 + [True] * 3
        assert call.registry.peer_count == 3

    run(scenario)


def test_new_limits_hold_in_open_rooms() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.registry.set_limits(RoomLimits(transports_per_peer=2))
        with pytest.raises(OverLimit, match="peer_transports"):
            await ana.seat.transports.create(consuming=False, force_tcp=False)
        assert len(ana.seat.peer.transports) == 2

    run(scenario)


def test_a_worker_is_relieved_of_the_room_that_holds_most() -> None:
    async def scenario(call: Call) -> None:
        small = await call.member("ana", room_id="small")
        large = [await call.member(peer_id, room_id="large") for peer_id in ("ben", "cem")]
        other = await call.member("dan", room_id="small2")
        assert call.homes() == {"small": 0, "large": 1, "small2": 0}
        call.registry.relieve(1)
        assert [guest.listener.named("closed") for guest in large] == [[("closed", CloseCause.DRAINED)]] * 2
        assert small.listener.named("closed") == other.listener.named("closed") == []
        call.registry.relieve(1)  # nothing is left there

    run(scenario, workers=2)


def test_a_broadcaster_enters_open_rooms_alone() -> None:
    async def scenario(call: Call) -> None:
        with pytest.raises(NotFound):
            await call.registry.enter("room", "cam", RecordingListener())
        await call.member("ana")
        call.registry.set_limits(RoomLimits(peers_per_room=2))
        seat = await call.registry.enter("room", "cam", RecordingListener(), address="192.0.2.7")
        assert (seat.peer.keeps_room, seat.peer.info.address) == (False, "192.0.2.7")
        with pytest.raises(Unavailable, match="the limit room_peers is reached"):
            await call.registry.enter("room", "cam2", RecordingListener())

    run(scenario)


def test_a_broadcaster_in_place_of_the_last_client_closes_the_room() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        with pytest.raises(InvalidState, match="replaced the last client"):
            await call.registry.enter("room", "ana", RecordingListener())
        assert ana.listener.named("closed") == [("closed", CloseCause.REPLACED)]
        await call.settle()
        assert call.registry.room_count == 0
        assert call.worker.is_empty()

    run(scenario)
