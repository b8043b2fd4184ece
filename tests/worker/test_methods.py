from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, reject

from mediad import logs
from mediad.config.settings import WorkerSettings
from mediad.errors import (
    EnvelopeError,
    InvalidInput,
    InvalidState,
    MediadError,
    NotFound,
    PortError,
    from_code,
)
from mediad.protocols.envelope import Request, encode
from mediad.worker import methods
from mediad.worker.methods import METHODS, WorkerServer
from tests.support.engine import parse_rtp, pli, rtp, vp8_payload
from tests.support.loops import on_loop, raises, until
from tests.support.media_peer import CERTIFICATE, MediaPeer
from tests.support.negotiation import accept, chrome_opus, chrome_vp8, video
from tests.support.negotiation_junk import corrupted
from tests.support.recording_loop import recorded_plane
from tests.support.worker_objects import consumer_wire
from tests.support.worker_settings import worker_settings
from tests.support.worker_shell import free_port

DTLS = {"fingerprints": [{"algorithm": f.algorithm, "value": f.value} for f in CERTIFICATE.fingerprints]}


class Worker:
    """A WorkerServer and what it told, asked as the supervisor would."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.server = WorkerServer(settings, lambda name, data: self.events.append((name, data)))

    async def ask(self, method: str, /, **data: Any) -> dict[str, Any]:
        return await self.server.handle(method, data)

    async def consume(self, /, **data: Any) -> dict[str, Any]:
        """Ask for one consumer; raises what kept it from being made."""
        (answer,) = (await self.ask("consumers.create", **data))["consumers"]
        if "code" in answer:
            raise from_code(answer["code"], answer["reason"])
        return dict(answer)

    async def refused(self, error: type[MediadError], method: str, /, **data: Any) -> str:
        asking = self.consume(**data) if method == "consumers.create" else self.ask(method, **data)
        return await raises(error, asking)

    async def connected(self, transport_id: str) -> MediaPeer:
        """A client on a new transport of router "r", its handshake done."""
        peer = MediaPeer(await self.ask("transport.create", routerId="r", transportId=transport_id))
        await self.ask("transport.connect", transportId=transport_id, dtlsParameters=peer.dtls.parameters)
        await peer.connect()
        return peer

    def told(self, name: str) -> list[dict[str, Any]]:
        return [data for told, data in self.events if told == name]


def recorded_worker() -> Worker:
    """Over a media loop that only records."""
    with patch.object(methods, "MediaPlane", lambda clock: recorded_plane(clock)[0]):
        return Worker(worker_settings())


async def with_router() -> Worker:
    worker = recorded_worker()
    await worker.ask("router.create", routerId="r")
    return worker


@asynccontextmanager
async def real_worker() -> AsyncIterator[Worker]:
    """With its media thread and its port, and a router "r"."""
    worker = Worker(worker_settings(4, rtc_first_port=free_port()))
    await worker.server.start()
    try:
        await worker.ask("router.create", routerId="r")
        yield worker
    finally:
        worker.server.close()


def producer(wire: dict[str, Any], kind: str = "video", producer_id: str = "p") -> dict[str, Any]:
    """The data of producer.create."""
    accepted = accept(wire, kind=kind)
    return {
        "transportId": "a",
        "producerId": producer_id,
        "kind": kind,
        "rtpParameters": accepted.rtp_parameters.to_wire(),
        "rtpMapping": accepted.mapping.to_wire(),
        "paused": False,
        "levels": kind == "audio",
    }


def consumer(wire: dict[str, Any], kind: str = "video", consumer_id: str = "c") -> dict[str, Any]:
    """The data of consumers.create for one of them."""
    accepted = accept(wire, kind=kind)
    parameters = consumer_wire(accepted.consumable)
    (encoding,) = parameters["encodings"]
    new = {"consumerId": consumer_id, "transportId": "b", "form": 0, "mid": "0", "ssrc": encoding["ssrc"]}
    if "rtx" in encoding:
        new["rtxSsrc"] = encoding["rtx"]["ssrc"]
    return {
        "forms": [{"producerId": "p", "type": accepted.type, "rtpParameters": parameters}],
        "consumers": [new],
        "paused": False,
        "ignoreDtx": False,
    }


async def with_everything() -> Worker:
    """Router r, transports a and b, producer p on a, its consumer c on b."""
    worker = await with_router()
    for transport_id in ("a", "b"):
        await worker.ask("transport.create", routerId="r", transportId=transport_id, forceTcp=False)
    await worker.ask("producer.create", **producer(chrome_vp8()))
    await worker.consume(**consumer(chrome_vp8()))
    return worker


# -- the table ---------------------------------------------------------------------------------------------


def test_every_method_the_supervisor_knows() -> None:
    assert sorted(METHODS) == sorted(
        [f"worker.{verb}" for verb in ("ping", "stats", "trim", "configure")]
        + [f"router.{verb}" for verb in ("create", "close", "stats")]
        + [f"transport.{verb}" for verb in ("create", "connect", "restartIce", "close", "stats")]
        + [f"producer.{verb}" for verb in ("create", "pause", "resume", "close", "stats")]
        + [f"consumers.{verb}" for verb in ("create", "resume")]
        + [f"consumer.{verb}" for verb in ("pause", "resume", "close", "stats")]
        + [f"consumer.{verb}" for verb in ("setPreferredLayers", "setPriority", "requestKeyFrame")]
    )


@on_loop
async def test_unknown_methods() -> None:
    assert await recorded_worker().refused(NotFound, "router.dance") == 'unknown method "router.dance"'


@on_loop
async def test_new_settings_are_for_new_transports() -> None:
    worker = await with_router()
    old = await worker.ask("transport.create", routerId="r", transportId="old")
    live = {**worker.server._settings.live(), "announcedIp": "203.0.113.7", "maxIncomingBitrateBps": 9_000}
    await worker.ask("worker.configure", **live)
    assert worker.server._settings.live() == live
    new = await worker.ask("transport.create", routerId="r", transportId="new")
    await worker.ask("router.create", routerId="r2")
    other = await worker.ask("transport.create", routerId="r2", transportId="other")
    addresses = [reply["iceCandidates"][0]["address"] for reply in (old, new, other)]
    assert addresses == ["127.0.0.1", "203.0.113.7", "203.0.113.7"]
    assert "logLevel" in await worker.refused(
        InvalidInput, "worker.configure", **{**live, "logLevel": "loud"}
    )


@on_loop
async def test_the_log_level_changes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[str] = []
    monkeypatch.setattr(logs, "set_level", levels.append)
    worker = recorded_worker()
    await worker.ask("worker.configure", **{**worker.server._settings.live(), "logLevel": "debug"})
    assert levels == ["debug"]


@pytest.mark.parametrize(
    ("method", "data", "text"),
    [
        ("router.create", {}, "router.create: Object missing required field `routerId`"),
        ("router.create", {"routerId": 7}, "router.create: Expected `str`, got `int` - at `$.routerId`"),
        ("transport.connect", {"transportId": "a"}, "missing required field `dtlsParameters`"),
        (
            "transport.connect",
            {"transportId": "a", "dtlsParameters": {**DTLS, "role": "both"}},
            "Invalid enum value 'both' - at `$.dtlsParameters.role`",
        ),
        ("producer.create", producer(chrome_vp8()) | {"kind": "smell"}, "Invalid enum value 'smell'"),
        (
            "consumer.setPreferredLayers",
            {"consumerId": "c", "spatialLayer": -1},
            "Expected `int` >= 0 - at `$.spatialLayer`",
        ),
        ("consumer.setPreferredLayers", {"consumerId": "c"}, "missing required field `spatialLayer`"),
        ("consumer.setPriority", {"consumerId": "c", "priority": 0}, "priority is 0, expected 1..255"),
        ("consumer.setPriority", {"consumerId": "c", "priority": 256}, "priority is 256, expected 1..255"),
    ],
)
@on_loop
async def test_malformed_requests_are_refused_by_name(method: str, data: dict[str, Any], text: str) -> None:
    worker = await with_everything()
    assert text in await worker.refused(InvalidInput, method, **data)


@pytest.mark.parametrize(
    ("what", "methods_of_it"),
    [
        ("router", ["router.close", "router.stats", "transport.create"]),
        ("transport", ["transport.connect", "transport.restartIce", "transport.close", "transport.stats"]),
        ("transport", ["producer.create"]),
        ("producer", [f"producer.{verb}" for verb in ("pause", "resume", "close", "stats")]),
        ("consumer", [f"consumer.{verb}" for verb in ("pause", "resume", "close", "stats")]),
        (
            "consumer",
            [f"consumer.{verb}" for verb in ("setPreferredLayers", "setPriority", "requestKeyFrame")],
        ),
    ],
)
@on_loop
async def test_ids_that_name_nothing(what: str, methods_of_it: list[str]) -> None:
    worker = await with_everything()
    for method in methods_of_it:
        data = {
            "transportId": "new",
            "dtlsParameters": DTLS,
            "spatialLayer": 0,
            "priority": 1,
            **(producer(chrome_vp8()) if method == "producer.create" else {}),
            f"{what}Id": "ghost",
        }
        assert await worker.refused(NotFound, method, **data) == f'{what} with id "ghost" not found'


@on_loop
async def test_an_id_of_another_kind_names_nothing() -> None:
    worker = await with_everything()
    for method, key in (("transport.close", "transportId"), ("consumer.close", "consumerId")):
        await worker.refused(NotFound, method, **{key: "p"})
    await worker.refused(NotFound, "producer.close", producerId="c")


@on_loop
async def test_a_consumer_of_no_producer() -> None:
    worker = await with_everything()
    data = consumer(chrome_vp8(), consumer_id="d")
    data["forms"][0]["producerId"] = "ghost"
    assert await worker.refused(NotFound, "consumers.create", **data) == 'producer with id "ghost" not found'


@on_loop
async def test_a_consumer_without_encodings() -> None:
    worker = await with_everything()
    data = consumer(chrome_vp8(), consumer_id="d")
    data["forms"][0]["rtpParameters"]["encodings"] = []
    text = await worker.refused(InvalidInput, "consumers.create", **data)
    assert text == "rtpParameters.encodings is empty"


@on_loop
async def test_ids_are_given_once() -> None:
    worker = await with_everything()
    for method, data in (
        ("router.create", {"routerId": "r"}),
        ("transport.create", {"routerId": "r", "transportId": "a"}),
        ("producer.create", producer(chrome_vp8())),
        ("consumers.create", consumer(chrome_vp8())),
    ):
        assert "already exists" in await worker.refused(InvalidState, method, **data)


@on_loop
async def test_routers_are_worlds_apart() -> None:
    worker = await with_everything()
    await worker.ask("router.create", routerId="s")
    await worker.ask("transport.create", routerId="s", transportId="elsewhere")
    data = consumer(chrome_vp8(), consumer_id="d")
    data["consumers"][0]["transportId"] = "elsewhere"
    assert "another router" in await worker.refused(InvalidInput, "consumers.create", **data)


@on_loop
async def test_connect_only_once() -> None:
    worker = await with_everything()
    role = await worker.ask("transport.connect", transportId="a", dtlsParameters={**DTLS, "role": "client"})
    assert role == {"dtlsLocalRole": "server"}
    text = await worker.refused(InvalidState, "transport.connect", transportId="a", dtlsParameters=DTLS)
    assert text == "connect() already called"


@on_loop
async def test_replies() -> None:
    worker = await with_everything()
    created = await worker.ask("transport.create", routerId="r", transportId="t")
    assert set(created) == {"iceParameters", "iceCandidates", "dtlsParameters"}
    restarted = await worker.ask("transport.restartIce", transportId="t")
    assert set(restarted["iceParameters"]) == {"usernameFragment", "password", "iceLite"}
    for method, data in (
        ("producer.pause", {"producerId": "p"}),
        ("producer.resume", {"producerId": "p"}),
        ("consumer.pause", {"consumerId": "c"}),
        ("consumer.resume", {"consumerId": "c"}),
        ("consumer.setPriority", {"consumerId": "c", "priority": 255}),
        ("consumer.requestKeyFrame", {"consumerId": "c"}),
    ):
        assert await worker.ask(method, **data) == {}
    layers = await worker.ask("consumer.setPreferredLayers", consumerId="c", spatialLayer=1)
    assert layers == {"preferredLayers": {"spatialLayer": 1, "temporalLayer": 2}}
    data = consumer(chrome_vp8(), consumer_id="d")
    score = await worker.consume(**data)
    assert score == {"score": {"score": 10, "producerScore": 0, "producerScores": [0, 0, 0]}}


@on_loop
async def test_tcp_is_not_on_offer() -> None:
    worker = await with_router()
    text = await worker.refused(
        InvalidInput, "transport.create", routerId="r", transportId="t", forceTcp=True
    )
    assert "no TCP candidates" in text


@on_loop
async def test_closing_forgets_all_that_closes_with_it() -> None:
    worker = await with_everything()
    await worker.ask("producer.close", producerId="p")
    await worker.refused(NotFound, "consumer.stats", consumerId="c")
    await worker.ask("producer.create", **producer(chrome_vp8()))
    await worker.consume(**consumer(chrome_vp8()))
    await worker.ask("transport.close", transportId="a")
    for method, data in (
        ("producer.stats", {"producerId": "p"}),
        ("consumer.stats", {"consumerId": "c"}),
        ("transport.stats", {"transportId": "a"}),
    ):
        await worker.refused(NotFound, method, **data)
    await worker.ask("router.close", routerId="r")
    await worker.refused(NotFound, "transport.stats", transportId="b")
    assert worker.server._router_of == {}
    assert worker.server._routers == {}


@given(corrupted(producer(chrome_vp8())), corrupted(consumer(chrome_vp8(), consumer_id="d")))
def test_any_request_is_met_or_refused_and_nothing_else(producing: Any, consuming: Any) -> None:
    try:
        encode(Request(1, "producer.create", {"both": [producing, consuming]}))
    except EnvelopeError:
        reject()  # nothing the pipe can carry

    @on_loop
    async def try_both() -> None:
        worker = await with_everything()
        for method, data in (("producer.create", producing), ("consumers.create", consuming)):
            with suppress(MediadError):
                answer = await worker.server.handle(method, data)
                assert all(one.get("code") != "error" for one in answer.get("consumers", []))

    try_both()


# -- a worker that is really there -------------------------------------------------------------------------


@on_loop
async def test_a_taken_port() -> None:
    async with real_worker() as first:
        port = first.server._settings.rtc_first_port
        second = Worker(worker_settings(5, rtc_first_port=port))
        assert str(port) in await raises(PortError, second.server.start())
        second.server.close()


@on_loop
async def test_worker_statistics_and_ping() -> None:
    async with real_worker() as worker:
        assert await worker.ask("worker.ping") == {}
        peer = MediaPeer(await worker.ask("transport.create", routerId="r", transportId="a"))
        await peer.check()
        stats = await worker.ask("worker.stats")
        assert (stats["transports"], stats["producers"], stats["consumers"]) == (1, 0, 0)
        assert stats["rssBytes"] > 1_000_000
        assert isinstance(stats["udpGso"], bool)
        assert isinstance(stats["udpGro"], bool)
        assert stats["udpBufferBytes"] > 65_536
        assert not any(name.startswith("drop_") for name in [*stats["counters"], *stats["dropped"]])
        assert (stats["iceStates"], sum(stats["dtlsStates"].values())) == ({"completed": 1}, 1)
        assert set(stats["log"]) == {"lines", "leftOut"}
        assert set(stats["loopLag"]) == {"bounds", "buckets", "sum"}
        assert set(stats["links"]) == {"bitrates", "roundTrip", "loss"}
        peer.close()
    assert "ended" in await worker.refused(InvalidState, "worker.ping")


@on_loop
async def test_a_routers_transports_are_asked_at_once() -> None:
    async with real_worker() as worker:
        assert await worker.ask("router.stats", routerId="r") == {"transports": []}
        for transport_id in ("a", "b"):
            await worker.ask("transport.create", routerId="r", transportId=transport_id)
        stats = (await worker.ask("router.stats", routerId="r"))["transports"]
        assert [entry["transportId"] for entry in stats] == ["a", "b"]
        alone = (await worker.ask("transport.stats", transportId="a"))["stats"]
        assert stats[0].keys() == alone[0].keys() >= {"recvBitrate", "sendBitrate"}


@on_loop
async def test_refused_checks_are_counted_beyond_their_transport() -> None:
    async with real_worker() as worker:
        created = await worker.ask("transport.create", routerId="r", transportId="a")
        created["iceParameters"]["password"] = "guessed" * 4
        peer = MediaPeer(created)
        await peer.check()  # which is answered with an error
        for _ in range(2):
            assert (await worker.ask("worker.stats"))["dropped"]["ice_unauthenticated"] == 1
            if "a" in worker.server._router_of:
                await worker.ask("transport.close", transportId="a")
        peer.close()


@on_loop
async def test_speech_goes_from_one_client_to_another() -> None:
    async with real_worker() as worker:
        ana, ben = await worker.connected("a"), await worker.connected("b")
        await worker.ask("producer.create", **producer(chrome_opus(), "audio"))
        await worker.consume(**consumer(chrome_opus(), "audio"))
        level = {1: bytes([0x80 | 30])}  # voice, -30 dBov
        for number in range(60):
            ana.send_rtp(
                rtp(number, 960 * number, b"opus%d" % number, ssrc=1111, payload_type=111, extensions=level)
            )
        await until(lambda: len(ben.packets) == 60)
        arrived = [parse_rtp(packet) for packet in ben.packets]
        assert [packet.payload for packet in arrived] == [b"opus%d" % number for number in range(60)]
        assert {(packet.ssrc, packet.payload_type) for packet in arrived} == {(700_000_000, 100)}
        first = arrived[0]
        assert [packet.sequence - first.sequence for packet in arrived] == list(range(60))
        assert {packet.timestamp - first.timestamp - 960 * n for n, packet in enumerate(arrived)} == {0}
        assert all(packet.extensions[1] == b"0" for packet in arrived)  # the consumer's MID
        assert worker.told("producer.score")[0]["score"] == [{"encodingIdx": 0, "ssrc": 1111, "score": 10}]
        await until(lambda: worker.told("router.speaker"))
        speaking = {"routerId": "r", "producerId": "p", "volume": -30}
        assert worker.told("router.speaker")[0] == speaking
        (inbound,) = (await worker.ask("producer.stats", producerId="p"))["stats"]
        assert (inbound["packetCount"], inbound["packetsLost"], inbound["ssrc"]) == (60, 0, 1111)
        outbound, source = (await worker.ask("consumer.stats", consumerId="c"))["stats"]
        assert (outbound["type"], outbound["packetCount"], outbound["ssrc"]) == (
            "outbound-rtp",
            60,
            700_000_000,
        )
        assert (source["type"], source["ssrc"]) == ("inbound-rtp", 1111)
        (transport,) = (await worker.ask("transport.stats", transportId="a"))["stats"]
        assert transport["iceSelectedTuple"]["remotePort"] == ana.port
        assert transport["rtpBytesReceived"] > 60 * 12
        for peer in (ana, ben):
            peer.close()


@on_loop
async def test_pictures_begin_with_a_key_frame() -> None:
    async with real_worker() as worker:
        ana, ben = await worker.connected("a"), await worker.connected("b")
        wire = video("video/VP8", encodings=[{"ssrc": 2222}])
        await worker.ask("producer.create", **producer(wire))
        await worker.consume(**consumer(wire))
        frames = [vp8_payload(number, keyframe=number == 3) for number in range(6)]
        for number, frame in enumerate(frames):
            ana.send_rtp(rtp(number, 3000 * number, frame, ssrc=2222))
        await until(lambda: len(ben.packets) == 3)
        assert [len(parse_rtp(packet).payload) for packet in ben.packets] == [len(f) for f in frames[3:]]
        assert any(pli(2222)[:2] in report and report.endswith(b"\x00\x00\x08\xae") for report in ana.reports)
        await worker.ask("consumer.pause", consumerId="c")
        await worker.ask("consumer.resume", consumerId="c")
        ana.send_rtp(rtp(6, 18_000, vp8_payload(6), ssrc=2222))
        await until(lambda: len(ben.packets) == 3 + 4)
        # what was sent since the last key frame, the newest last
        again = [parse_rtp(packet) for packet in ben.packets[3:]]
        assert [packet.payload[6] & 1 for packet in again] == [0, 1, 1, 1]
        first = parse_rtp(ben.packets[0])
        assert [packet.sequence - first.sequence for packet in again] == [3, 4, 5, 6]
        for peer in (ana, ben):
            peer.close()


@on_loop
async def test_a_client_hears_goodbye_and_says_it() -> None:
    async with real_worker() as worker:
        ana, ben = await worker.connected("a"), await worker.connected("b")
        await worker.ask("transport.close", transportId="a")
        await until(lambda: ana.dtls.endpoint.state == "closed")
        ben.close(goodbye=True)
        closed = {"routerId": "r", "transportId": "b", "dtlsState": "closed"}
        await until(lambda: closed in worker.told("transport.dtlsState"))
        ana.close()
