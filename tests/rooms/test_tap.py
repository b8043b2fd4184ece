"""A hidden receiver: what it gets, and that nobody is told of it."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import Forbidden, Full, InvalidState, Unsupported, WorkerDied
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import ConsumerOffer
from mediad.rooms.room import Room
from mediad.rooms.tap import Tap
from tests.support.bookkeeping_plain import FIRST_PORT
from tests.support.calls import Call, run, told
from tests.support.rtp_samples import opus, vp8

PORT = 47000


class Notes:
    """A TapListener that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []
        self.tracks: list[ConsumerOffer] = []
        self.refused: set[str] = set()

    async def track_began(self, track: ConsumerOffer) -> None:
        self.heard.append(("began", track.peer_id, track.kind))
        self.tracks.append(track)
        if track.kind in self.refused:
            raise Forbidden("not this kind")

    def track_paused(self, track_id: str, paused: bool) -> None:
        self.heard.append(("paused" if paused else "resumed", self._kind(track_id)))

    def track_ended(self, track_id: str) -> None:
        self.heard.append(("ended", self._kind(track_id)))

    def peer_left(self, peer_id: str) -> None:
        self.heard.append(("left", peer_id))

    def tap_ended(self, cause: str, reason: str) -> None:
        self.heard.append(("tap ended", cause))

    def _kind(self, track_id: str) -> str:
        return next(track.kind for track in self.tracks if track.consumer_id == track_id)


async def tapped(room: Room, only: str | None = None) -> tuple[Tap, Notes]:
    notes = Notes()
    tap = Tap(room, notes, only)
    await tap.open(PORT)
    tap.begin()
    return tap, notes


def test_it_gets_present_and_future_tracks_unpaused() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus(), source="mic")
        await call.settle()
        _, notes = await tapped(ana.seat.room)
        await ben.produce("video", vp8(), source="webcam")
        await call.settle()
        assert notes.heard == [("began", "ana", "audio"), ("began", "ben", "video")]
        assert [track.app_data for track in notes.tracks] == [{"source": "mic"}, {"source": "webcam"}]
        made = [call.worker.consumers[track.consumer_id] for track in notes.tracks]
        assert [consumer["paused"] for consumer in made] == [False, False]

    run(scenario)


def test_its_transport_sends_to_the_port_on_the_loopback_address() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        assert await Tap(ana.seat.room, Notes()).open(PORT) == FIRST_PORT
        (asked,) = call.worker.called("transport.createPlain")
        assert asked["localOnly"]
        (connected,) = call.worker.called("transport.connectPlain")
        assert (connected["ip"], connected["port"]) == ("127.0.0.1", PORT)

    run(scenario)


def test_nothing_is_sent_before_it_begins() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("audio", opus())
        await call.settle()
        notes = Notes()
        tap = Tap(ana.seat.room, notes)
        await tap.open(PORT)
        await call.settle()
        assert not call.worker.consumers
        tap.begin()
        await call.settle()
        assert len(call.worker.consumers) == len(notes.tracks) == 1

    run(scenario)


def test_what_it_receives_has_an_ssrc_and_no_retransmissions() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("video", vp8())
        await call.settle()
        _, notes = await tapped(ana.seat.room)
        await call.settle()
        parameters = notes.tracks[0].rtp_parameters
        assert [codec["mimeType"] for codec in parameters["codecs"]] == ["video/VP8"]
        (encoding,) = parameters["encodings"]
        assert encoding["ssrc"]
        assert "rtx" not in encoding
        uris = [extension["uri"] for extension in parameters["headerExtensions"]]
        assert not [uri for uri in uris if "transport-wide-cc" in uri or "abs-send-time" in uri]

    run(scenario)


def test_of_one_peer_it_gets_nothing_of_others() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await ben.produce("audio", opus())
        await call.settle()
        _, notes = await tapped(ana.seat.room, only="ben")
        await ana.produce("video", vp8())
        await ben.produce("video", vp8())
        await call.settle()
        assert notes.heard == [("began", "ben", "audio"), ("began", "ben", "video")]

    run(scenario)


def test_pauses_ends_and_leaves_are_told() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        audio = await ana.produce("audio", opus())
        await ana.produce("video", vp8())
        _, notes = await tapped(ben.seat.room)
        await call.settle()
        notes.heard.clear()
        told(await ana.seat.producing.pause(audio))
        told(await ana.seat.producing.resume(audio))
        told(await ana.seat.producing.close(audio))
        assert notes.heard == [("paused", "audio"), ("resumed", "audio"), ("ended", "audio")]
        notes.heard.clear()
        ana.disconnect()
        assert notes.heard == [("left", "ana"), ("ended", "video")]

    run(scenario)


def test_a_peer_that_is_replaced_ends_its_tracks_and_begins_new_ones() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        _, notes = await tapped(ben.seat.room)
        await call.settle()
        again = await call.member("ana")
        await again.produce("audio", opus())
        await call.settle()
        began = ("began", "ana", "audio")
        assert notes.heard == [began, ("ended", "audio"), began]

    run(scenario)


def test_a_track_that_it_refuses_costs_nothing_more() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("audio", opus())
        notes = Notes()
        notes.refused.add("audio")
        tap = Tap(ana.seat.room, notes)
        await tap.open(PORT)
        tap.begin()
        await call.settle()
        assert notes.heard == [("began", "ana", "audio")]
        assert not call.worker.consumers

    run(scenario)


def test_nobody_is_told_of_it() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("audio", opus())
        await call.settle()
        heard = list(ana.listener.heard)
        tap, _ = await tapped(ana.seat.room)
        await call.settle()
        assert ana.listener.heard == heard
        ben = await call.member("ben")
        assert ben.others == ["ana"]
        tap.close()
        await call.settle()
        assert ana.listener.heard == [*heard, ("joined", "ben", "Ben")]
        assert call.registry.peer_count == 2

    run(scenario)


def test_it_counts_in_no_limit_of_members() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await tapped(ana.seat.room)
        await call.member("ben")
        assert call.registry.peer_count == 2

    run(scenario, limits=RoomLimits(peers=2, peers_per_room=2))


def test_it_keeps_no_room_open_and_is_told_of_its_end() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("audio", opus())
        tap, notes = await tapped(ana.seat.room)
        await call.settle()
        ana.disconnect()
        await call.settle()
        assert notes.heard[-1] == ("tap ended", "deserted")
        assert call.registry.room_count == 0
        assert call.worker.is_empty()
        tap.close()

    run(scenario)


def test_a_dead_worker_ends_it() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        _, notes = await tapped(ana.seat.room)
        call.worker.die()
        call.registry.worker_died(0)
        assert notes.heard == [("tap ended", "worker-died")]

    run(scenario)


def test_closing_it_leaves_nothing_and_tells_it_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("audio", opus())
        for _ in range(3):
            tap, notes = await tapped(ana.seat.room)
            await call.settle()
            notes.heard.clear()
            tap.close()
            tap.close()
            await call.settle()
            assert notes.heard == []
        assert set(call.worker.transports) == {ana.sending, ana.receiving}
        assert not call.worker.consumers
        stock = ana.seat.peer.branch.stock
        assert {name: table.used for name, table in stock.tables.items() if table.used} == {
            "rooms": 1,
            "peers": 1,
            "transports": 2,
            "producers": 1,
        }

    run(scenario)


@pytest.mark.parametrize("request_name", ["transport.createPlain", "transport.connectPlain"])
def test_a_worker_that_makes_no_transport_leaves_nothing(request_name: str) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.failures[request_name] = Unsupported("no ports")
        notes = Notes()
        with pytest.raises(Unsupported):
            await Tap(ana.seat.room, notes).open(PORT)
        await call.settle()
        assert set(call.worker.transports) == {ana.sending, ana.receiving}
        assert not ana.seat.room.taps
        assert ana.seat.peer.branch.stock.tables["transports"].used == 2
        ana.disconnect()
        await call.settle()
        assert notes.heard == []

    run(scenario)


@pytest.mark.parametrize("request_name", ["transport.createPlain", "transport.connectPlain"])
def test_a_room_that_ends_meanwhile_leaves_nothing(request_name: str) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.hold(request_name)
        opening = asyncio.create_task(Tap(ana.seat.room, Notes()).open(PORT))
        await call.settle()
        ana.disconnect()
        await call.settle()
        call.worker.release(request_name)
        with pytest.raises(InvalidState):
            await opening
        await call.settle()
        assert call.worker.is_empty()

    run(scenario)


def test_a_worker_that_dies_meanwhile_leaves_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.hold("transport.createPlain")
        opening = asyncio.create_task(Tap(ana.seat.room, Notes()).open(PORT))
        await call.settle()
        call.worker.die()
        with pytest.raises(WorkerDied):
            await opening
        assert not ana.seat.room.taps

    run(scenario)


def test_a_worker_without_room_refuses_it() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ana.seat.peer.branch.stock.shortage = "the worker is short of memory"
        with pytest.raises(Full):
            await Tap(ana.seat.room, Notes()).open(PORT)

    run(scenario)


def test_who_is_recorded_is_told_and_nobody_else() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        taps = [Tap(ana.seat.room, Notes(), only, records=True) for only in ("ana", None)]
        for tap in taps:
            await tap.open(PORT)
        cleo = await call.member("cleo")
        assert ana.listener.named("recording") == [("recording", True)]
        assert ben.listener.named("recording") == [("recording", True)]
        assert cleo.listener.named("recording") == [("recording", True)]
        taps[1].close()
        assert ana.listener.named("recording") == [("recording", True)]
        assert ben.listener.named("recording") == [("recording", True), ("recording", False)]
        taps[0].close()
        assert ana.listener.named("recording") == [("recording", True), ("recording", False)]
        await Tap(ana.seat.room, Notes()).open(PORT)
        assert len(ben.listener.named("recording")) == 2

    run(scenario)
