"""Fuzzing of the texts that clients of every dialect send, down to what a room does with them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from mediad.signaling.dialects.demo_a import DEMO_A
from mediad.signaling.dialects.demo_b import DEMO_B
from mediad.signaling.dialects.dialect import Dialect, RequestFailed
from mediad.signaling.protoo import messages
from tests.fuzz.target import Target
from tests.support.calls import Call
from tests.support.rtp_samples import opus, vp8_simulcast
from tests.support.signaling import DEVICE, DTLS_PARAMETERS

_STREAM = {"streamId": 0, "ordered": False, "maxRetransmits": 1}

_BODIES: list[tuple[str, dict[str, Any]]] = [
    (
        "createWebRtcTransport",
        {"producing": True, "consuming": False, "sctpCapabilities": {"numStreams": {}}},
    ),
    ("createWebRtcTransport", {"forceTcp": False, "appData": {"direction": "consumer"}}),
    ("connectWebRtcTransport", {"transportId": "t", "dtlsParameters": DTLS_PARAMETERS}),
    ("join", {"displayName": "Ana", "device": DEVICE, "rtpCapabilities": {"codecs": []}}),
    ("produce", {"transportId": "t", "kind": "audio", "rtpParameters": opus(), "appData": {"share": True}}),
    ("produce", {"transportId": "t", "kind": "video", "rtpParameters": vp8_simulcast()}),
    ("produceData", {"transportId": "t", "sctpStreamParameters": _STREAM, "label": "chat"}),
    ("setConsumerPreferredLayers", {"consumerId": "c", "spatialLayer": 1, "temporalLayer": 0}),
    ("getConsumerStats", {"consumerId": "c"}),
]

SEEDS = [
    json.dumps(frame).encode()
    for method, data in _BODIES
    for frame in (
        {"request": True, "id": 7, "method": method, "data": data},
        {"notification": True, "method": method, "data": data},
    )
]


def make() -> Callable[[bytes], object]:
    """Return a function that has a client of each dialect say the text, whose ids `t` are its transport."""

    async def say(text: str) -> None:
        try:
            message = messages.parse(text)
        except messages.ProtocolViolation:
            return
        if isinstance(message, messages.Response):
            return
        for dialect in (DEMO_A, DEMO_B):
            await _hear(dialect, message)

    return lambda data: asyncio.run(say(data.decode("utf-8", "replace")))


async def _hear(dialect: Dialect, message: messages.Request | messages.Notification) -> None:
    call = Call()
    ana = await call.talker("ana")
    deal = dialect.handle if isinstance(message, messages.Request) else dialect.hear
    try:
        reply = await deal(ana.seat, message.method, _with_id(message.data, ana.sending))
        reply.deliver(lambda answer: messages.success_text(1, answer))
    except RequestFailed:
        pass
    finally:
        await call.settle()
        await call.registry.close()


def _with_id(data: Any, transport_id: str) -> Any:
    if isinstance(data, dict) and data.get("transportId") == "t":
        return {**data, "transportId": transport_id}
    return data


TARGET = Target("dialects", SEEDS, make, shape="json")
