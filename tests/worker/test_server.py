"""A worker that is really there, and what concerns its process."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from mediad import logs
from mediad.config.listen import ListenInfo
from mediad.errors import (
    InvalidInput,
    InvalidState,
    PortError,
)
from mediad.supervisor.workers.process import configuration
from tests.support.engine import parse_rtp, pli, rtp, vp8_payload
from tests.support.loops import on_loop, raises, until
from tests.support.media_peer import MediaPeer, check_for
from tests.support.negotiation import chrome_opus, video
from tests.support.pipe_wire import wire
from tests.support.served_worker import (
    Worker,
    consumer,
    producer,
    real_worker,
    recorded_worker,
    with_router,
)
from tests.support.worker_settings import worker_settings


@on_loop
async def test_new_settings_are_for_new_transports() -> None:
    worker = await with_router()
    old = await worker.ask("transport.create", routerId="r", transportId="old")
    changed = dataclasses.replace(
        worker.server.objects.settings,
        listen_infos=(ListenInfo("127.0.0.1", ("203.0.113.7",)),),
        max_incoming_bitrate_bps=9_000,
    )
    live = wire(configuration(changed))
    await worker.ask("worker.configure", **live)
    assert worker.server.objects.settings == changed
    new = await worker.ask("transport.create", routerId="r", transportId="new")
    await worker.ask("router.create", routerId="r2")
    other = await worker.ask("transport.create", routerId="r2", transportId="other")
    addresses = [reply["iceCandidates"][0]["address"] for reply in (old, new, other)]
    assert addresses == ["127.0.0.1", "203.0.113.7", "203.0.113.7"]
    assert "logLevel" in await worker.refused(
        InvalidInput, "worker.configure", **{**live, "logLevel": "loud"}
    )


@on_loop
async def test_an_older_supervisor_announces_one_address() -> None:
    worker = await with_router()
    older = wire(configuration(worker.server.objects.settings))
    del older["announced"]
    for told, address in (("203.0.113.7", "203.0.113.7"), (None, "127.0.0.1")):
        await worker.ask("worker.configure", **{**older, "announcedIp": told})
        assert worker.server.objects.settings.listen_infos == (ListenInfo("127.0.0.1", (address,)),)


@on_loop
async def test_the_log_level_changes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[str] = []
    monkeypatch.setattr(logs, "set_level", levels.append)
    worker = recorded_worker()
    await worker.ask(
        "worker.configure", **{**wire(configuration(worker.server.objects.settings)), "logLevel": "debug"}
    )
    assert levels == ["debug"]


@on_loop
async def test_a_taken_port() -> None:
    async with real_worker() as first:
        port = first.server.objects.settings.rtc_first_port
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
async def test_refused_checks_are_counted_beyond_their_transport() -> None:
    async with real_worker() as worker:
        created = await worker.ask("transport.create", routerId="r", transportId="a")
        peer = MediaPeer(created)
        peer._send([check_for(created)[:-8]])  # without FINGERPRINT, and that is not its length
        signed = check_for(created)[:-8]
        peer._send([signed[:2] + (len(signed) - 20).to_bytes(2, "big") + signed[4:]])
        async with asyncio.timeout(5):
            while True:
                dropped = (await worker.ask("worker.stats"))["dropped"]
                if dropped.get("ice_no-fingerprint"):
                    break
                await asyncio.sleep(0.01)
        assert dropped["stun_malformed"] == 1
        for _ in range(2):
            assert (await worker.ask("worker.stats"))["dropped"]["ice_no-fingerprint"] == 1
            if worker.server.objects.has("a"):
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
