"""A Socket.IO client's whole session over a WebSocket: each line is one packet of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.fuzz.target import Take, Target
from tests.fuzz.told_ids import with_ids
from tests.support.frames import TEXT, frame
from tests.support.memory_front import MemoryFront
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DTLS_PARAMETERS, upgrade

MAX_LINES = 24
HEAD = upgrade("a").replace(b"GET /?", b"GET /socket.io/?EIO=4&transport=websocket&")
_SEND, _RECV = {"direction": "send"}, {"direction": "recv"}


def event(namespace: str, number: int, name: str, data: Any = None) -> bytes:
    return f"42{namespace}{number}{json.dumps([name, data])}".encode()


MEETLITE = [
    b"40",
    event("", 0, "join-room", {"roomId": "room"}),
    event("", 1, "create-webrtc-transport", {"roomId": "room", **_SEND}),
    event("", 2, "create-webrtc-transport", {"roomId": "room", **_RECV}),
    event("", 3, "connect-webrtc-transport", {"dtlsParameters": DTLS_PARAMETERS, **_SEND}),
    event("", 4, "set-rtp-capabilities", {"rtpCapabilities": {"codecs": []}}),
    event("", 5, "create-producer", {"kind": "audio", "rtpParameters": opus(), "appData": {"screen": True}}),
    event("", 6, "pause-producer", {"kind": "screen-audio"}),
    event("", 7, "resume-consumer", {"consumerId": "c"}),
]
LEARNING = [
    b"40/mediasoup,",
    event("/mediasoup,", 1, "getRouterRtpCapabilities"),
    event("/mediasoup,", 2, "createTransport", {"sender": True}),
    event("/mediasoup,", 3, "connectProducerTransport", {"dtlsParameters": DTLS_PARAMETERS}),
    event("/mediasoup,", 4, "transport-produce", {"kind": "video", "rtpParameters": vp8()}),
    event("/mediasoup,", 5, "createTransport", {"sender": False}),
    event("/mediasoup,", 6, "consumeMedia", {"rtpCapabilities": {"codecs": []}}),
    event("/mediasoup,", 7, "resumePausedConsumer"),
    b"41/mediasoup,",
]
ODD = [
    *(
        b'40{"token":"x.y.z"}',
        b"40/nowhere,",
        b"40/mediasoup,",
        b"40",
        b"41",
        b"1",
        b"3",
        b"3probe",
        b"2",
        b"5",
        b"6",
    ),
    *(b'451-["a",{"_placeholder":true,"num":0}]', b"430[]", b'44{"message":"no"}', b"49", b"4", b"b4AAAA"),
]
SEEDS = [
    b"\n".join(lines) for lines in (MEETLITE, LEARNING, MEETLITE[:2] + LEARNING[:3], ODD, MEETLITE[:1] + ODD)
]
SEEDS += [b"\n".join([MEETLITE[0], one, MEETLITE[1]]) for one in ODD]


def make() -> Take:
    return lambda data: asyncio.run(_talk(data))


async def _talk(data: bytes) -> None:
    front = MemoryFront()
    transport = front.connect()
    await front.send(transport, HEAD)
    for line in data.split(b"\n")[:MAX_LINES]:
        await front.send(transport, frame(TEXT, with_ids(line, bytes(transport.written))))
    assert b"internal error" not in transport.written
    await front.close()
    assert not front.registry.room_count, "a room is left"


DIALECTS = ("meetlite", "learning_demo", "event_dialect")
OBJECTS = ("signaling/socketio/session.py", *(f"signaling/dialects/{name}.py" for name in DIALECTS))
PARSERS = ("signaling/socketio/packets.py",)
TARGET = Target("socketio-session", SEEDS, make, PARSERS, objects=OBJECTS, shape="json")
