"""Reports about rooms and peers for operators, and operators' actions on them."""

from __future__ import annotations

from mediad.errors import InvalidInput, NotFound, Unavailable
from mediad.rooms.listener import CloseCause
from mediad.supervisor.admin.room_methods import MAX_REASON_BYTES, RoomMethods, _short
from tests.support.admin_calls import ask
from tests.support.calls import Call, told
from tests.support.listeners import RecordingListener
from tests.support.loops import on_loop, raises
from tests.support.rtp_samples import opus


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
