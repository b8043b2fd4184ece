"""Participants with real media, through the real daemon: what one shows, the others see."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from tests.support import stun
from tests.support.daemon import Daemon
from tests.support.webrtc_client import Received, WebRtcClient, until


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon() as running:
        yield running


@pytest.fixture
def room_id(request: pytest.FixtureRequest) -> str:
    """A room of its own for each test."""
    return str(request.node.name)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 90))


async def join(daemon: Daemon, room_id: str, peer_id: str) -> WebRtcClient:
    return await WebRtcClient.join(daemon.ws_url(room_id, peer_id), peer_id)


async def falls_silent(received: Received) -> None:
    """Wait until no frame has come for a second."""
    before = -1
    while before != received.meter.frames:
        before = received.meter.frames
        await asyncio.sleep(1)


async def assert_shows(viewer: WebRtcClient, producer_id: str, luma: int) -> None:
    found = await viewer.received(producer_id)
    await until(lambda: abs(found.meter.luma - luma) < 12, f"luma {luma}, shown {found.meter.luma}")


async def assert_sounds(listener: WebRtcClient, producer_id: str, pitch_hz: int) -> None:
    found = await listener.received(producer_id)
    await until(
        lambda: abs(found.meter.pitch_hz - pitch_hz) < 25, f"{pitch_hz} Hz, heard {found.meter.pitch_hz}"
    )


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_two_participants_see_and_hear_each_other(daemon: Daemon, room_id: str, codec: str) -> None:
    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana, await join(daemon, room_id, "ben") as ben:
            ana_audio, ana_video = await ana.produce_audio(440), await ana.produce_video(60, codec)
            ben_audio, ben_video = await ben.produce_audio(880), await ben.produce_video(180, codec)
            await assert_sounds(ben, ana_audio, 440)
            await assert_shows(ben, ana_video, 60)
            await assert_sounds(ana, ben_audio, 880)
            await assert_shows(ana, ben_video, 180)
            assert {item.peer_id for item in ana.consumers.values()} == {"ben"}

    run(scenario())


def test_messages_come_in_the_promised_order(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana:
            producer = await ana.produce_audio()
            async with await join(daemon, room_id, "ben") as ben:
                await ben.consumer_of(producer)
                assert ben.protoo.subprotocol == "protoo"
                frames = ben.protoo.frames
                assert frames[0]["method"] == "mediasoup-version"
                offered = next(i for i, item in enumerate(frames) if item.get("method") == "newConsumer")
                joined = next(i for i, item in enumerate(frames) if "peers" in (item.get("data") or {}))
                assert joined < offered
                assert set(ben.peers) == {"ana"}
                await ana.notified("newPeer", id="ben")
                score = await ben.notified("consumerScore", consumerId=(await ben.consumer_of(producer)).id)
                assert 0 <= score["score"]["score"] <= 10

    run(scenario())


def test_a_late_joiner_gets_everything_that_is_there(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana, await join(daemon, room_id, "ben") as ben:
            producers = {await ana.produce_video(70): 70, await ben.produce_video(200): 200}
            await ben.received(next(iter(producers)))
            async with await join(daemon, room_id, "cy") as cy:
                assert set(cy.peers) == {"ana", "ben"}
                for producer_id, luma in producers.items():
                    await assert_shows(cy, producer_id, luma)

    run(scenario())


def test_a_paused_producer_falls_silent_for_all(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana, await join(daemon, room_id, "ben") as ben:
            producer_id = await ana.produce_video(90)
            received = await ben.received(producer_id)
            await ana.request("pauseProducer", {"producerId": producer_id})
            await ben.notified("consumerPaused", consumerId=received.id)
            await falls_silent(received)
            await ana.request("resumeProducer", {"producerId": producer_id})
            await ben.notified("consumerResumed", consumerId=received.id)
            await ben.received(producer_id)

    run(scenario())


def test_a_paused_consumer_is_paused_for_itself_alone(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        async with (
            await join(daemon, room_id, "ana") as ana,
            await join(daemon, room_id, "ben") as ben,
            await join(daemon, room_id, "cy") as cy,
        ):
            producer_id = await ana.produce_video(110)
            received = await ben.received(producer_id)
            await ben.request("pauseConsumer", {"consumerId": received.id})
            await falls_silent(received)
            await cy.received(producer_id)
            assert not [name for name, _ in ben.notifications if name == "consumerPaused"]
            await ben.request("resumeConsumer", {"consumerId": received.id})
            await ben.received(producer_id)

    run(scenario())


def test_a_closed_producer_closes_its_consumers(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana, await join(daemon, room_id, "ben") as ben:
            producer_id = await ana.produce_audio()
            received = await ben.received(producer_id)
            await ana.request("closeProducer", {"producerId": producer_id})
            await ben.notified("consumerClosed", consumerId=received.id)
            again = await ana.produce_video(150)
            await assert_shows(ben, again, 150)

    run(scenario())


def test_leaving_is_seen_by_the_others(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana:
            ben = await join(daemon, room_id, "ben")
            received = await ana.received(await ben.produce_audio())
            await ben.close()
            await ana.notified("peerClosed", peerId="ben")
            await ana.notified("consumerClosed", consumerId=received.id)
        await until(lambda: room_id not in str(daemon.stats()["distribution"]), "the room to end")

    run(scenario())


def answers(candidate: dict[str, Any], parameters: dict[str, Any]) -> int | None:
    """Return None when the daemon accepts a check with these credentials, else its error code."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(5)
        username = f"{parameters['usernameFragment']}:test"
        wire.sendto(
            stun.binding_request(username, parameters["password"]), (candidate["ip"], candidate["port"])
        )
        return stun.error_code_of(wire.recv(2048))


def test_restart_ice_gives_new_credentials_and_keeps_the_media(daemon: Daemon, room_id: str) -> None:
    """Conformance 12: media goes on over an ICE restart in the middle of a call."""

    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana, await join(daemon, room_id, "ben") as ben:
            producer_id = await ana.produce_video(130)
            await ben.received(producer_id)
            fresh = await ana.request("restartIce", {"transportId": ana.send_transport.id})
            assert fresh["iceLite"] is True
            await ben.received(producer_id)  # the old credentials go on
            candidate = next(item for item in ana.ice_candidates if item["protocol"] == "udp")
            assert await asyncio.to_thread(answers, candidate, fresh) is None
            await ben.received(producer_id)

    run(scenario())


def test_statistics_count_what_was_sent(daemon: Daemon, room_id: str) -> None:
    """Conformance 15: outbound before inbound, and the selected tuple of a transport."""

    async def scenario() -> None:
        async with await join(daemon, room_id, "ana") as ana, await join(daemon, room_id, "ben") as ben:
            producer_id = await ana.produce_video(120)
            received = await ben.received(producer_id)
            [inbound] = await ana.request("getProducerStats", {"producerId": producer_id})
            assert inbound["type"] == "inbound-rtp"
            assert inbound["packetCount"] >= 10
            outbound, source = await ben.request("getConsumerStats", {"consumerId": received.id})
            assert (outbound["type"], source["type"]) == ("outbound-rtp", "inbound-rtp")
            assert outbound["packetCount"] >= 10
            [transport] = await ana.request("getTransportStats", {"transportId": ana.send_transport.id})
            assert transport["dtlsState"] == "connected"
            assert transport["iceState"] in ("connected", "completed")
            assert transport["iceSelectedTuple"]["protocol"] == "udp"

    run(scenario())


def test_a_killed_workers_rooms_come_back_and_others_notice_nothing() -> None:
    async def scenario() -> None:
        with Daemon(workers=2) as daemon:
            ana, ben = await join(daemon, "hit", "ana"), await join(daemon, "hit", "ben")
            async with await join(daemon, "spared", "cy") as cy, await join(daemon, "spared", "di") as di:
                spared = await cy.produce_video(100)
                await di.received(spared)
                await ben.received(await ana.produce_video(50))
                assert daemon.worker_of("hit") != daemon.worker_of("spared")
                daemon.kill_worker(daemon.worker_of("hit"))
                for client in (ana, ben):
                    code, _ = await asyncio.wait_for(client.protoo.closed(), 10)
                    assert code == 1012
                    await client.close()
                await di.received(spared)
                again_ana, again_ben = await join(daemon, "hit", "ana"), await join(daemon, "hit", "ben")
                await assert_shows(again_ben, await again_ana.produce_video(170), 170)
                await again_ana.close()
                await again_ben.close()
                await di.received(spared)
                await until(lambda: len(daemon.worker_pids()) == 2, "the worker to be replaced")

    run(scenario())


def test_messages_of_a_second_implementation(daemon: Daemon, room_id: str) -> None:
    """Text and binary, short and long, ordered or not, and the end of a channel: pymediasoup over aiortc."""

    async def scenario() -> None:
        url = daemon.ws_url
        async with (
            await WebRtcClient.join(url(room_id, "ana"), "ana", data=True) as ana,
            await WebRtcClient.join(url(room_id, "ben"), "ben", data=True) as ben,
        ):
            lasting = await ana.open_channel("lasting")
            brief = await ana.open_channel("brief", maxRetransmits=5)

            def labels() -> set[str]:
                return {one.label for one in ben.channels.values() if one.readyState == "open"}

            await until(lambda: {"lasting", "brief"} <= labels(), "both channels at ben's")
            sent: list[tuple[str, str | bytes]] = []
            for channel, label in ((lasting, "lasting"), (brief, "brief")):
                for message in ("hello", b"\x00\x01", "x" * 10_000, bytes(200_000), "", b""):
                    channel.send(message)
                    sent.append((label, message))
            await until(lambda: len(ben.messages) >= len(sent), "all messages")
            assert [m for m in ben.messages if m[0] == "lasting"] == sent[: len(sent) // 2]
            assert sorted(map(repr, ben.messages)) == sorted(map(repr, sent))
            await lasting.close()
            closed = await ben.notified("dataConsumerClosed")
            assert ben.channels[closed["dataConsumerId"]].label == "lasting"

    run(scenario())
