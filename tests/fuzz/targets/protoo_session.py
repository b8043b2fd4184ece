"""A protoo client's whole session: each line is one message of it, in a room with somebody else.

The real front, connection, dialect and room; the worker is one that keeps books and moves no media.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from mediad.signaling.protoo.messages import SUBPROTOCOL
from tests.fuzz.target import Take, Target
from tests.fuzz.told_ids import with_ids
from tests.support.frames import TEXT, frame
from tests.support.memory_front import MemoryFront, MemoryTransport
from tests.support.rtp_samples import opus, vp8_simulcast
from tests.support.signaling import DEVICE, DTLS_PARAMETERS, upgrade

MAX_LINES = 24
_STREAM = {"streamId": 0, "ordered": False, "maxRetransmits": 1}


def said(number: int, method: str, **data: Any) -> bytes:
    return json.dumps({"request": True, "id": number, "method": method, "data": data}).encode()


def noted(method: str, **data: Any) -> bytes:
    return json.dumps({"notification": True, "method": method, "data": data}).encode()


JOIN = [
    said(1, "getRouterRtpCapabilities"),
    said(2, "createWebRtcTransport", producing=True, sctpCapabilities={"numStreams": {"OS": 9, "MIS": 9}}),
    said(3, "createWebRtcTransport", consuming=True),
    said(4, "join", displayName="Ana", device=DEVICE, rtpCapabilities={"codecs": []}),
]
PRODUCE = [
    said(5, "connectWebRtcTransport", transportId="$0", dtlsParameters=DTLS_PARAMETERS),
    said(6, "produce", transportId="$0", kind="audio", rtpParameters=opus(), appData={"share": True}),
    said(7, "produce", transportId="$0", kind="video", rtpParameters=vp8_simulcast(), appData={}),
    said(8, "produceData", transportId="$0", sctpStreamParameters=_STREAM, label="chat", appData={}),
]
LATER = [
    *(said(n, method, producerId="$2") for n, method in enumerate(("pauseProducer", "resumeProducer"), 10)),
    said(12, "closeProducer", producerId="$2"),
    said(13, "changeDisplayName", displayName="Bea"),
    said(14, "setConsumerPreferredLayers", consumerId="c", spatialLayer=1, temporalLayer=0),
    said(15, "restartIce", transportId="$0"),
    *(
        said(n, f"get{what}Stats", **{f"{what.lower()}Id": "$2"})
        for n, what in enumerate(("Producer", "Consumer"), 16)
    ),
    said(18, "applyNetworkThrottle", secret="a", uplink=1000, downlink=1000, rtt=0, packetLoss=0),
]
OTHERS = [
    noted("closeProducer", producerId="$2"),
    b'{"response":true,"id":1,"ok":true,"data":{}}',
    b'{"response":true,"id":1,"ok":false,"errorCode":4,"errorReason":"no"}',
    b'{"request":true,"id":1}',
    b'{"request":true,"id":-1,"method":"","data":null}',
    b"[]",
    b"nonsense",
]
SEEDS = [
    b"\n".join(lines) for lines in (JOIN, JOIN + PRODUCE + LATER, JOIN[:2] + OTHERS, JOIN + PRODUCE + OTHERS)
]


def make() -> Take:
    return lambda data: asyncio.run(_talk(data))


async def _talk(data: bytes) -> None:
    front = MemoryFront()
    other = await _joined(front, "other")
    transport = front.connect()
    await front.send(transport, upgrade("ana"))
    for line in data.split(b"\n")[:MAX_LINES]:
        await front.send(transport, frame(TEXT, with_ids(line, bytes(transport.written))))
    # whatever one client says, the other one is served
    before = len(other.written)
    await front.send(other, frame(TEXT, said(99, "getRouterRtpCapabilities")))
    assert b'"id":99,"ok":true' in other.written[before:].replace(b" ", b""), "the other client is not served"
    assert b"internal error" not in transport.written
    await front.close()
    assert not front.registry.room_count, "a room is left"


async def _joined(front: MemoryFront, peer_id: str) -> MemoryTransport:
    transport = front.connect()
    await front.send(transport, upgrade(peer_id))
    assert SUBPROTOCOL.encode() in transport.written
    for line in JOIN + PRODUCE[:2]:
        await front.send(transport, frame(TEXT, with_ids(line, bytes(transport.written))))
    return transport


PARSERS = ("signaling/protoo/messages.py", "signaling/json_input.py")
NAMES = ("protoo/connection", "dialects/dialect", "dialects/demo_handlers")
OBJECTS = tuple(f"signaling/{name}.py" for name in NAMES)
TARGET = Target("protoo-session", SEEDS, make, PARSERS, objects=OBJECTS, shape="json")
