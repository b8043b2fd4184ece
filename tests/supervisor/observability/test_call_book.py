"""Events and counts of rooms: over a real registry with bookkeeping workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mediad.errors import Full, MediadError
from mediad.rooms import registry as registry_module
from mediad.rooms.entities import BOT_REPLIES
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause
from mediad.rooms.regrant import regrant
from mediad.rooms.spread import SpreadRules
from mediad.supervisor.observability.call_book import CallBook
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments
from tests.support.calls import Call, Guest
from tests.support.rtp_samples import opus


class Node:
    """A call whose clock moves by a second whenever it is read."""

    def __init__(self) -> None:
        self.numbers = CollectorRegistry()
        self.feed = Feed()
        self._now_s = 0.0
        self.book = CallBook(self.feed, Instruments(self.numbers), self._tick)
        self.call = Call(observer=self.book)

    def _tick(self) -> float:
        self._now_s += 1
        return self._now_s

    def told(self) -> list[tuple[Any, ...]]:
        return [
            tuple(event[key] for key in ("type", "room", "peer", "cause") if key in event)
            for event in self.feed.after(0)
        ]

    def value(self, name: str, **labels: str) -> float | None:
        return self.numbers.get_sample_value(f"mediad_{name}", labels)


def run(scenario: Callable[[Node], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await scenario(Node())

    asyncio.run(main())


def test_channels_are_counted() -> None:
    async def scenario(node: Node) -> None:
        ana = await node.call.talker("ana")
        producer_id = await ana.produce_data("bot")
        worker = node.call.worker
        worker.emit("transport.sctpState", transportId=ana.receiving, sctpState="connected")
        for number in range(BOT_REPLIES + 3):
            said = {"dataConsumerId": producer_id, "number": number, "text": "hi"}
            worker.emit("dataConsumer.message", **said)
        assert node.value("sctp_states_total", state="connected") == 1
        assert node.value("sctp_states_total", state="failed") == 0
        assert node.value("bot_replies_dropped_total") == 3

    run(scenario)


def test_branches_are_counted_and_told() -> None:
    async def scenario(node: Node) -> None:
        node.call = Call(2, observer=node.book, limits=RoomLimits(spread=SpreadRules(2)))
        await node.call.member("ana")
        await node.call.member("ben")
        assert node.value("branches_opened_total") == 1
        assert node.value("branches_closed_total", cause="worker-died") == 0
        node.call.placement.workers[0].die()
        node.call.registry.worker_died(0)
        assert node.value("branches_closed_total", cause="worker-died") == 1
        assert node.told() == [
            ("room.opened", "room"),
            ("peer.joined", "room", "ana"),
            ("branch.opened", "room"),
            ("peer.joined", "room", "ben"),
            ("peer.left", "room", "ana", "worker-died"),
            ("branch.closed", "room", "worker-died"),
        ]
        await node.call.settle()

    run(scenario)


def test_a_short_call() -> None:
    async def scenario(node: Node) -> None:
        ana, ben = await node.call.member("ana"), await node.call.member("ben")
        ana.disconnect()
        ben.disconnect()
        assert node.told() == [
            ("room.opened", "room"),
            ("peer.joined", "room", "ana"),
            ("peer.joined", "room", "ben"),
            ("peer.left", "room", "ana", "left"),
            ("peer.left", "room", "ben", "left"),
            ("room.closed", "room", "deserted"),
        ]
        opened, joined, *_, closed = node.feed.after(0)
        assert (opened["worker"], joined["displayName"]) == (0, "Ana")
        assert closed["peakPeers"] == 2
        assert closed["durationS"] > 0
        assert node.value("peer_joins_total") == 2
        assert node.value("peer_leaves_total", cause="left") == 2
        assert node.value("rooms_closed_total", cause="deserted") == 1
        assert node.value("join_phase_seconds_count", phase="connect") == 2
        assert node.value("join_phase_seconds_count", phase="join") == 2
        assert node.value("room_peak_peers_sum") == 2

    run(scenario)


def test_who_never_joins_is_no_member() -> None:
    async def scenario(node: Node) -> None:
        ana = await node.call.connect("ana")
        ana.disconnect()
        assert node.told() == [("room.opened", "room"), ("room.closed", "room", "deserted")]

    run(scenario)


def test_a_replaced_peer_leaves_before_the_newcomer_joins() -> None:
    async def scenario(node: Node) -> None:
        await node.call.member("ana")
        again = await node.call.member("ana")
        again.disconnect()
        assert node.told()[1:5] == [
            ("peer.joined", "room", "ana"),
            ("peer.left", "room", "ana", "replaced"),
            ("peer.joined", "room", "ana"),
            ("peer.left", "room", "ana", "left"),
        ]

    run(scenario)


def test_a_dying_worker_lets_everybody_leave_and_closes_the_room() -> None:
    async def scenario(node: Node) -> None:
        await node.call.member("ana")
        await node.call.connect("ben")
        node.call.registry.worker_died(0)
        assert node.told()[2:] == [
            ("peer.left", "room", "ana", "worker-died"),
            ("room.closed", "room", "worker-died"),
        ]

    run(scenario)


def test_a_room_that_cannot_be_opened_is_not_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "_RETRY_S", 0)

    async def scenario(node: Node) -> None:
        node.call.worker.failures["router.create"] = MediadError("no memory")
        with pytest.raises(MediadError):
            await node.call.connect("ana")
        assert node.told() == []
        assert node.value("join_phase_seconds_count", phase="connect") == 0

    run(scenario)


def test_series_are_there_before_anything_happens() -> None:
    async def scenario(node: Node) -> None:
        assert node.value("peer_leaves_total", cause="worker-died") == 0
        assert node.value("rooms_closed_total", cause="deserted") == 0
        assert node.value("rejects_total", reason="unavailable") == 0

    run(scenario)


def test_refusals_are_counted_by_kind() -> None:
    async def scenario(node: Node) -> None:
        node.call.registry.observer.refused("room", "ana", "malformed", "no roomId")
        assert node.value("rejects_total", reason="malformed") == 1
        assert node.told() == []

    run(scenario)


def test_transports_on_their_way_are_timed() -> None:
    async def scenario(node: Node) -> None:
        ana = await node.call.member("ana")
        await ana.seat.transports.connect(ana.sending, {"fingerprints": []})
        producer_id = await ana.produce("audio", opus())
        worker = node.call.worker
        worker.emit("transport.iceState", transportId=ana.sending, iceState="connected")
        worker.emit("transport.dtlsState", transportId=ana.sending, dtlsState="connected")
        worker.emit(
            "producer.score", producerId=producer_id, score=[{"encodingIdx": 0, "ssrc": 1, "score": 10}]
        )
        for phase in ("ice", "dtls", "first_media"):
            assert node.value("join_phase_seconds_count", phase=phase) == 1, phase
        assert node.value("ice_states_total", state="connected") == 1

    run(scenario)


def test_lost_media_is_a_leave_with_its_reason() -> None:
    async def scenario(node: Node) -> None:
        ana = await node.call.member("ana")
        node.call.worker.emit("transport.iceState", transportId=ana.sending, iceState="disconnected")
        left = node.feed.after(0)[-2]
        assert (left["cause"], left["reason"]) == (CloseCause.MEDIA_LOST.value, "ICE disconnected")

    run(scenario)


OPERATIONS = ("connect", "join", "disconnect", "lose media", "worker dies", "room closes")
STEPS = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.sampled_from("rs"), st.sampled_from("abc")), max_size=40
)


async def act(node: Node, guests: dict[tuple[str, str], Guest], step: tuple[str, str, str]) -> None:
    """Whatever of it is possible now."""
    operation, room_id, peer_id = step
    guest = guests.get((room_id, peer_id))
    match operation:
        case "connect":
            guests[room_id, peer_id] = await node.call.connect(peer_id, room_id=room_id)
            await guests[room_id, peer_id].make_transports()
        case "join" if guest is not None and not (guest.seat.peer.closed or guest.seat.peer.joined):
            guest.join()
        case "disconnect" if guest is not None:
            guest.disconnect()
        case "lose media" if guest is not None:
            node.call.worker.emit("transport.dtlsState", transportId=guest.sending, dtlsState="closed")
        case "worker dies":
            node.call.registry.worker_died(0)
        case "room closes":
            for room in node.call.registry.rooms():
                if room.id == room_id:
                    room.close(CloseCause.REMOVED, "as asked")


@given(STEPS)
@settings(deadline=None, max_examples=150)
def test_whatever_happens_each_join_has_one_leave_and_each_opening_one_closing(
    steps: list[tuple[str, str, str]],
) -> None:
    async def scenario(node: Node) -> None:
        guests: dict[tuple[str, str], Guest] = {}
        for step in steps:
            await act(node, guests, step)
        await node.call.registry.close()
        rooms: set[str] = set()
        members: set[tuple[str, str]] = set()
        for event in node.feed.after(0):
            match event["type"]:
                case "room.opened":
                    assert event["room"] not in rooms
                    rooms.add(event["room"])
                case "room.closed":
                    assert not any(room == event["room"] for room, _ in members)
                    rooms.remove(event["room"])
                case "peer.joined":
                    assert event["room"] in rooms
                    assert (event["room"], event["peer"]) not in members
                    members.add((event["room"], event["peer"]))
                case "peer.left":
                    members.remove((event["room"], event["peer"]))
        assert (rooms, members) == (set(), set())
        assert node.book.remembered == 0

    run(scenario)


def test_refused_shares_are_counted_and_told_once_a_minute() -> None:
    async def scenario(node: Node) -> None:
        stock = node.call.registry._ground.stocks.of(0)
        holder = ("address", "192.0.2.66")
        refusals = 0
        while refusals < 70:
            try:
                stock.claim("transports", holder)
            except Full:
                refusals += 1
        assert node.value("share_refusals_total", table="transports", holder="address") == 70
        assert node.value("share_refusals_total", table="consumers", holder="room") == 0
        told = [event for event in node.feed.after(0) if event["type"] == "share.exhausted"]
        assert len(told) == 2, "the clock moves a second with each look at it"
        assert (told[0]["worker"], told[0]["table"], told[0]["address"]) == (0, "transports", "192.0.2.66")
        assert "close some, or try again later" in told[0]["reason"]

    run(scenario)


def test_grants_that_change_are_told_and_refusals_counted() -> None:
    async def scenario(node: Node) -> None:
        ana = await node.call.member("ana")
        assert node.value("grant_refusals_total", grant="maxConsumers") == 0
        regrant(ana.seat.room, ana.seat.peer, {"publish": False, "max_consumers": 0})
        ben = await node.call.member("ben")
        await ben.produce("audio", opus())
        await node.call.settle()
        assert node.value("grant_refusals_total", grant="maxConsumers") == 1
        (event,) = [e for e in node.feed.after(0) if e["type"] == "peer.grants_changed"]
        limited = {"publish": False, "maxConsumers": 0}
        assert (event["room"], event["peer"], event["worker"]) == ("room", "ana", 0)
        assert event["changes"] == event["grants"] == limited

    run(scenario)
