"""Reports about rooms and peers for operators, and operators' actions on them."""

from __future__ import annotations

from mediad.errors import InvalidInput, NotFound, Unavailable
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause
from mediad.rooms.spread import SpreadRules
from mediad.supervisor.admin.room_methods import MAX_REASON_BYTES, RoomMethods, _short
from tests.support.admin_calls import ask
from tests.support.calls import Call, told
from tests.support.listeners import RecordingListener
from tests.support.loops import on_loop, raises
from tests.support.rtp_samples import opus, vp8


@on_loop
async def test_a_room_with_what_flows_in_it() -> None:
    call = Call()
    ana = await call.member("ana")
    call.worker.flows[ana.sending] = {"recvBitrate": 64_000, "sendBitrate": 0}
    room = await ask(RoomMethods(call.registry).table(), "room.show", roomId="room")
    assert (room["roomId"], room["workerId"]) == ("room", 0)
    assert [(peer["peerId"], peer["recvBitrate"]) for peer in room["peers"]] == [("ana", 64_000)]


@on_loop
async def test_everybody() -> None:
    call = Call(workers=2)
    for room_id, peer_id in (("b", "ben"), ("a", "ana"), ("a", "abe")):
        await call.connect(peer_id, room_id=room_id)
    table = RoomMethods(call.registry).table()
    peers = (await ask(table, "peers"))["peers"]
    assert [(p["roomId"], p["workerId"], p["peerId"]) for p in peers] == [
        ("a", 1, "ana"),
        ("a", 1, "abe"),
        ("b", 0, "ben"),
    ]
    assert [p["peerId"] for p in (await ask(table, "peers", roomId="b"))["peers"]] == ["ben"]


@on_loop
async def test_a_peer_with_its_tracks_and_their_streams() -> None:
    call = Call()
    ana, ben = await call.member("ana"), await call.member("ben")
    await ana.produce("audio", opus())
    await call.settle()
    call.worker.flows[ben.receiving] = {"recvBitrate": 0, "sendBitrate": 7, "iceState": "completed"}
    table = RoomMethods(call.registry).table()
    sender = await ask(table, "peer.show", roomId="room", peerId="ana")
    assert [track["streams"] for track in sender["sends"]] == [[{"type": "inbound-rtp"}]]
    receiver = await ask(table, "peer.show", roomId="room", peerId="ben")
    assert [track["streams"][0] for track in receiver["receives"]] == [{"type": "outbound-rtp"}]
    assert [t.get("iceState") for t in receiver["transports"]] == [None, "completed"]
    assert receiver["sendBitrate"] == 7


@on_loop
async def test_a_peer_with_its_channels() -> None:
    call = Call()
    ana, _ben = await call.talker("ana"), await call.talker("ben")
    await ana.produce_data("chat")
    await call.settle()
    table = RoomMethods(call.registry).table()
    sender = await ask(table, "peer.show", roomId="room", peerId="ana")
    assert [one["streams"] for one in sender["sendsData"]] == [[{"type": "data-producer"}]]
    receiver = await ask(table, "peer.show", roomId="room", peerId="ben")
    assert [one["streams"] for one in receiver["receivesData"]] == [[{"type": "data-consumer"}]] * 2


@on_loop
async def test_a_peer_is_shown_when_its_worker_says_nothing() -> None:
    call = Call()
    ana = await call.member("ana")
    await ana.produce("audio", opus())
    for method in ("router.stats", "producer.stats"):
        call.worker.failures[method] = Unavailable("overloaded")
    peer = await ask(RoomMethods(call.registry).table(), "peer.show", roomId="room", peerId="ana")
    assert peer["recvBitrate"] is None
    assert [t["transportId"] for t in peer["transports"]] == [ana.sending, ana.receiving]
    assert peer["sends"][0]["streams"] == []


@on_loop
async def test_kicking() -> None:
    call = Call()
    ana, ben = await call.member("ana"), await call.member("ben")
    table = RoomMethods(call.registry).table()
    reply = await ask(table, "peer.kick", roomId="room", peerId="ben", reason="enough")
    assert reply == {"roomId": "room", "peerId": "ben", "roomClosed": False}
    assert ben.listener.heard[-1] == ("closed", CloseCause.REMOVED)
    assert ana.listener.heard[-1] == ("left", "ben")
    assert (await ask(table, "peer.kick", roomId="room", peerId="ana"))["roomClosed"]
    await call.settle()
    assert call.worker.is_empty()


@on_loop
async def test_closing_a_room() -> None:
    call = Call()
    guests = [await call.member(name) for name in ("ana", "ben")]
    other = await call.member("cid", room_id="other")
    table = RoomMethods(call.registry).table()
    assert await ask(table, "room.close", roomId="room") == {"roomId": "room", "peers": 2}
    assert [guest.listener.heard[-1] for guest in guests] == [("closed", CloseCause.REMOVED)] * 2
    assert not other.seat.peer.closed
    await call.settle()
    assert len(call.worker.routers) == 1


@on_loop
async def test_what_is_not_there() -> None:
    call = Call()
    await call.member("ana")
    table = RoomMethods(call.registry).table()
    for method in ("room.show", "room.close", "room.move", "peers"):
        assert await raises(NotFound, ask(table, method, roomId="x")) == 'room with id "x" not found'
    for method in ("peer.show", "peer.kick"):
        text = await raises(NotFound, ask(table, method, roomId="room", peerId="x"))
        assert text == 'peer with id "x" not found in room "room"'
    assert "peerId" in await raises(InvalidInput, ask(table, "peer.kick", roomId="room"))


def test_reasons_fit_into_a_close_frame() -> None:
    assert _short("enough") == "enough"
    assert len(_short("ä" * 200).encode()) == MAX_REASON_BYTES
    assert _short("x" + "ä" * 200).endswith("ä")


@on_loop
async def test_a_room_is_moved() -> None:
    call = Call(workers=2)
    ana = await call.member("ana")
    table = RoomMethods(call.registry).table()
    assert await ask(table, "room.move", roomId="room") == {"roomId": "room", "peers": 1, "fromWorkerId": 0}
    assert ana.listener.heard[-1] == ("closed", CloseCause.DRAINED)
    assert (await call.connect("ana")).seat.room.home.worker_id == 1


@on_loop
async def test_a_room_is_moved_off_one_of_its_workers() -> None:
    call = Call(workers=3, limits=RoomLimits(spread=SpreadRules(2)))
    ana, ben = await call.member("ana"), await call.member("ben")
    table = RoomMethods(call.registry).table()
    moved = await ask(table, "room.move", roomId="room", workerId=1)
    assert moved == {"roomId": "room", "peers": 1, "fromWorkerId": 1}
    assert ben.listener.heard[-1] == ("closed", CloseCause.DRAINED)
    assert not ana.seat.peer.closed
    reason = await raises(NotFound, ask(table, "room.move", roomId="room", workerId=1))
    assert reason == 'room with id "room" is not on worker 1'


@on_loop
async def test_a_room_is_spread_by_hand() -> None:
    call = Call(workers=2)
    ana = await call.member("ana")
    table = RoomMethods(call.registry).table()
    answer = await ask(table, "room.spread", roomId="room", spread="2")
    assert answer == {"roomId": "room", "spread": "2", "peers": 1, "workers": [0]}
    ben = await call.member("ben")
    assert (ana.seat.peer.branch.worker_id, ben.seat.peer.branch.worker_id) == (0, 1)
    reason = await raises(InvalidInput, ask(table, "room.spread", roomId="room", spread="all"))
    assert reason.startswith("expected off, auto or a number of workers")
    assert (await ask(table, "room.spread", roomId="room", spread="off"))["workers"] == [0, 1]


@on_loop
async def test_a_room_on_several_workers_with_what_is_piped() -> None:
    call = Call(workers=2, limits=RoomLimits(spread=SpreadRules(2)))
    ana, ben = await call.talker("ana"), await call.talker("ben")
    producer_id = await ana.produce("video", vp8())
    await call.settle()
    (pair,) = ana.seat.room.pipes.pairs()
    home, other = ana.seat.peer.branch, ben.seat.peer.branch
    call.worker.flows[pair.ids[home]] = {"sendBitrate": 900}
    table = RoomMethods(call.registry).table()
    shown = await ask(table, "room.show", roomId="room")
    assert shown["spread"] == "2"
    counted = ("workerId", "peers", "producers", "consumers")
    figures = [tuple(branch[name] for name in counted) for branch in shown["branches"]]
    assert figures == [(0, 1, 1, 0), (1, 1, 0, 1)]
    rates = {end["workerId"]: end["sendBitrate"] for end in shown["pipes"][0]["ends"]}
    assert rates == {0: 900, 1: None}
    assert {piped["kind"]: piped["fromPeerId"] for piped in shown["piped"]} == {"video": "ana", "data": None}
    (track,) = [piped for piped in shown["piped"] if piped["kind"] == "video"]
    assert track == {
        "producerId": producer_id,
        "kind": "video",
        "fromPeerId": "ana",
        "fromWorkerId": 0,
        "toWorkerId": 1,
        "receivers": 1,
        "bitrate": 0,
    }
    call.placement.workers[1].failures["producer.stats"] = Unavailable("silent")
    shown = await ask(table, "room.show", roomId="room")
    assert {piped["bitrate"] for piped in shown["piped"]} == {None}
    assert other.worker_id == 1


@on_loop
async def test_a_broadcaster_with_its_plain_transports() -> None:
    call = Call()
    await call.member("ana")
    seat = await call.registry.enter("room", "cam", RecordingListener())
    made = told(await seat.plain_transports.create(rtcp_mux=False, comedia=True, srtp_crypto_suite=None))
    call.worker.flows[made.id] = {"recvBitrate": 7}
    peer = await ask(RoomMethods(call.registry).table(), "peer.show", roomId="room", peerId="cam")
    assert peer["kind"] == "broadcaster"
    (transport,) = peer["transports"]
    assert (transport["kind"], transport["comedia"], transport["srtp"]) == ("plain", True, False)
    assert transport["tuple"]["localPort"] == made.tuple.local_port
    assert (transport["recvBitrate"], "rtcpTuple" in transport) == (7, True)
