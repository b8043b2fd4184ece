"""Tracks through a pipe between two workers with media threads: packets of a client in, to a client out."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from mediad.ortc.pipe import pipe_consumer_parameters
from mediad.pipe.rtp import RtpMapping, RtpParameters
from tests.support.engine import parse_rtp, rtp, vp8_payload
from tests.support.loops import on_loop, until
from tests.support.negotiation import accept, chrome_opus, chrome_vp8, extensions
from tests.support.served_worker import Worker, consumer, producer, real_worker

AUDIO_SSRC, VIDEO_SSRC = 1111, 2222
MICROPHONE = chrome_opus(headerExtensions=extensions(MID=4, AUDIO_LEVEL=1, ABS_CAPTURE_TIME=9))
CAMERA = chrome_vp8(encodings=[{"ssrc": VIDEO_SSRC, "rtx": {"ssrc": 2223}}])
LOUD, CAPTURED, TURNED = b"\x9e", bytes(range(8)), b"\x03"
TRACKS = {"audio": MICROPHONE, "video": CAMERA}


async def join(here: Worker, there: Worker, **form: Any) -> None:
    """Join both workers' routers "r" by the pipe transport "pipe"."""
    ends = [
        await worker.ask("transport.createPipe", routerId="r", transportId="pipe", **form)
        for worker in (here, there)
    ]
    for worker, other in ((here, ends[1]), (there, ends[0])):
        await worker.ask("transport.connectPipe", transportId="pipe", **other)


async def pipe(here: Worker, there: Worker, kind: str, *, enable_rtx: bool) -> None:
    """Pipe the track of a kind, whose producer has the kind's name as its id."""
    consumable = accept(TRACKS[kind], kind=kind).consumable
    ssrc = 400_000_000 + 100 * (kind == "video")
    parameters = pipe_consumer_parameters(consumable, ssrc=ssrc, enable_rtx=enable_rtx).to_wire()
    track = {"transportId": "pipe", "producerId": kind, "rtpParameters": parameters}
    mapping = msgspec.to_builtins(RtpMapping.identity(RtpParameters.from_wire(parameters)))
    levels = kind == "audio"
    await there.ask("producer.create", kind=kind, rtpMapping=mapping, levels=levels, **track)
    await here.ask("consumer.createPipe", consumerId=f"pipe/{kind}", **track)


def consuming(kind: str) -> dict[str, Any]:
    """The data of consumers.create for a track of a kind."""
    asked = consumer(TRACKS[kind], kind, f"c/{kind}")
    asked["forms"][0]["producerId"] = kind
    asked["consumers"][0]["ssrc"] += 10 * (kind == "video")
    if "rtxSsrc" in asked["consumers"][0]:
        asked["consumers"][0]["rtxSsrc"] += 10
    return asked


@pytest.mark.parametrize(
    "form", [{}, {"enableSrtp": True}, {"enableRtx": True}], ids=["plain", "srtp", "rtx"]
)
@on_loop
async def test_voice_and_picture_and_what_their_headers_say(form: dict[str, Any]) -> None:
    async with real_worker() as here, real_worker() as there:
        sender = await here.connected("a")
        receiver = await there.connected("b")
        await join(here, there, **form)
        for kind, wire in TRACKS.items():
            await here.ask("producer.create", **producer(wire, kind, kind))
            await pipe(here, there, kind, enable_rtx="enableRtx" in form)
            await there.ask("consumers.create", **consuming(kind))
        for number in range(60):
            voice = rtp(
                number,
                960 * number,
                b"voice%d" % number,
                ssrc=AUDIO_SSRC,
                payload_type=111,
                extensions={1: LOUD, 9: CAPTURED},
            )
            picture = vp8_payload(number, keyframe=number == 0)
            sender.send_rtp(voice)
            sender.send_rtp(rtp(number, 3000 * number, picture, ssrc=VIDEO_SSRC, extensions={13: TURNED}))
            await asyncio.sleep(0.02)
        await until(lambda: len(receiver.packets) == 120)
        packets = [parse_rtp(packet) for packet in receiver.packets]
        heard = [packet for packet in packets if packet.payload_type == 100]
        assert [packet.payload for packet in heard] == [b"voice%d" % number for number in range(60)]
        assert {(p.extensions[6], p.extensions[10]) for p in heard} == {(LOUD, CAPTURED)}
        seen = [packet for packet in packets if packet.payload_type == 101]
        assert [packet.picture_id for packet in seen] == list(range(60))
        assert {packet.extensions[8] for packet in seen} == {TURNED}
        assert there.told("router.speaker")[0]["producerId"] == "audio"
        for peer in (sender, receiver):
            peer.close()


async def counted(worker: Worker, method: str, packets: int, **about: str) -> dict[str, Any]:
    """Return the one statistics entry about somebody when it counts so many packets."""
    async with asyncio.timeout(20):
        while True:
            (entry,) = (await worker.ask(method, **about))["stats"]
            if entry["packetCount"] == packets:
                return dict(entry)
            await asyncio.sleep(0.01)


@on_loop
async def test_statistics_and_the_end() -> None:
    async with real_worker() as here, real_worker() as there:
        sender = await here.connected("a")
        await here.ask("producer.create", **producer(CAMERA, "video", "video"))
        await join(here, there)
        await pipe(here, there, "video", enable_rtx=False)

        def send(numbers: range) -> None:
            for number in numbers:
                payload = vp8_payload(number, keyframe=number == 0)
                sender.send_rtp(rtp(number, 3000 * number, payload, ssrc=VIDEO_SSRC))

        send(range(20))
        sent = await counted(here, "consumer.stats", 20, consumerId="pipe/video")
        received = await counted(there, "producer.stats", 20, producerId="video")
        assert (sent["type"], received["type"]) == ("outbound-rtp", "inbound-rtp")
        assert sent["ssrc"] == received["ssrc"] == 400_000_100
        await here.ask("consumer.setPipeLayer", consumerId="pipe/video", spatialLayer=None)
        send(range(20, 40))
        await counted(here, "producer.stats", 40, producerId="video")
        await counted(here, "consumer.stats", 20, consumerId="pipe/video")  # nobody wanted more
        await here.ask("producer.close", producerId="video")
        await there.ask("transport.close", transportId="pipe")
        for worker in (here, there):
            assert not worker.server.objects.has("video")
        assert not here.server.objects.has("pipe/video")
        sender.close()
