"""Fuzzing of the packets that Socket.IO clients of both dialects send, down to what a room does with them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from socketio.packet import EVENT
from starlette.datastructures import QueryParams

from mediad.rooms.listener import CloseCause
from mediad.signaling.access import Access
from mediad.signaling.dialects import learning_demo, meetlite
from mediad.signaling.dialects.dialect import RequestFailed
from mediad.signaling.dialects.event_dialect import Call, EventDialect, Handshake, Visit
from mediad.signaling.socketio import packets
from tests.fuzz.target import Target
from tests.support.calls import Call as Rooms
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DTLS_PARAMETERS

_SEND, _RECV = {"direction": "send"}, {"direction": "recv"}
_BODIES: list[tuple[str, Any]] = [
    ("join-room", {"roomId": "room"}),
    ("create-webrtc-transport", {"roomId": "room", **_SEND}),
    ("create-webrtc-transport", _RECV),
    ("connect-webrtc-transport", {"dtlsParameters": DTLS_PARAMETERS, **_SEND}),
    ("set-rtp-capabilities", {"rtpCapabilities": {"codecs": []}}),
    ("create-producer", {"kind": "audio", "rtpParameters": opus(), "appData": {"screen": True}}),
    ("pause-producer", {"kind": "screen-audio"}),
    ("resume-consumer", {"consumerId": "c"}),
    ("getRouterRtpCapabilities", None),
    ("createTransport", {"sender": True}),
    ("connectProducerTransport", {"dtlsParameters": DTLS_PARAMETERS}),
    ("transport-produce", {"kind": "video", "rtpParameters": vp8()}),
    ("consumeMedia", {"rtpCapabilities": {"codecs": []}}),
    ("resumePausedConsumer", None),
]
SEEDS = [f"27{json.dumps([name, data])}".encode() for name, data in _BODIES]
SEEDS += [
    b'0/mediasoup,{"token":"x.y.z"}',
    b"1/mediasoup,",
    b'51-["a",{"_placeholder":true,"num":0}]',
    b"30[]",
]

_BEGINNINGS = {
    meetlite.MeetLite: _BODIES[:3],
    learning_demo.LearningDemo: [("createTransport", {"sender": sender}) for sender in (True, False)],
}


class _Wire:
    """A wire that keeps what is said, as it would be sent."""

    sid = "sid"

    def __init__(self) -> None:
        self.said: list[str] = []

    def notify(self, event: str, data: Any, *, droppable: bool = False) -> None:
        self.said.append(packets.event_text("/", event, data))

    def acknowledge(self, ack_id: int, arguments: list[Any]) -> None:
        self.said.append(packets.ack_text("/", ack_id, arguments))

    def joined(self) -> None: ...

    def close(self, cause: CloseCause, reason: str) -> None: ...


def make() -> Callable[[bytes], object]:
    """Return a function that has a client of each dialect say the text."""

    async def say(text: str) -> None:
        if not packets.is_frame(f"4{text}"):
            return
        try:
            packet = packets.parse(text)
        except packets.Malformed:
            return
        for dialect in _BEGINNINGS:
            if packet.packet_type == EVENT:
                await _hear(dialect, Call(packet.data[0], packet.data[1:], packet.id))
            else:
                await _hear(dialect, Call("end"), auth=packet.data)

    return lambda data: asyncio.run(say(data.decode("utf-8", "replace")))


async def _hear(kind: type[Any], call: Call, auth: Any = None) -> None:
    rooms, wire = Rooms(), _Wire()
    dialect: EventDialect = kind(rooms.registry, Access())
    handshake = Handshake(QueryParams("roomId=room"), auth if isinstance(auth, dict) else {}, "192.0.2.1")
    visit = await dialect.admit(wire, handshake)
    visit.greet()
    for name, data in _BEGINNINGS[kind]:
        await _answer(visit, Call(name, [data], 1))
    before = len(wire.said)
    await _answer(visit, call)
    answers = len(wire.said) - before
    assert answers <= 1
    assert answers == 1 or call.ack_id is None or call.name in meetlite.METHODS
    visit.leave()
    await rooms.settle()
    await rooms.registry.close()


async def _answer(visit: Visit, call: Call) -> None:
    try:
        reply = await visit.handle(call)
    except RequestFailed as failure:
        visit.refuse(call, str(failure))
    else:
        reply.deliver(lambda value: visit.answer(call, value))


TARGET = Target("socketio", SEEDS, make, ("signaling/socketio/packets.py",), shape="json")
