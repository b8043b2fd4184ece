"""The frames of the pipe and of the admin socket, cut anywhere, and the structs that are read from them."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import msgspec

from mediad.errors import EnvelopeError
from mediad.pipe import (
    data_requests,
    events,
    recorder_requests,
    requests,
    transport_requests,
    worker_requests,
)
from mediad.pipe.messages import Event, Misfit, Request, read
from mediad.protocols import envelope
from tests.fuzz.target import Target
from tests.support.rtp_samples import opus, vp8_simulcast

MODULES = (requests, transport_requests, data_requests, worker_requests, recorder_requests)
KINDS: dict[str, Any] = {
    kind.row: kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Request) and kind is not Request
} | dict(events.EVENTS)
_TRANSPORT = {"routerId": "r", "transportId": "t", "forceTcp": False, "enableSctp": True}
_PRODUCE = {"transportId": "t", "producerId": "p", "kind": "video", "rtpParameters": vp8_simulcast()}
REPLIES = [kind.reply() for kind in KINDS.values() if issubclass(kind, Request)]
MESSAGES: list[envelope.Message] = [
    envelope.Request(7, "transport.create", _TRANSPORT),
    envelope.Request(8, "producer.create", _PRODUCE),
    envelope.Request(9, "producer.create", {**_PRODUCE, "kind": "audio", "rtpParameters": opus()}),
    envelope.Response(7, True, {"iceParameters": {"usernameFragment": "abcd"}}),
    envelope.Response(8, False, {"code": "not-found", "reason": 'transport with id "X" not found'}),
    envelope.Event("producer.score", {"producerId": "p", "score": [{"encodingIdx": 0, "score": 10}]}),
    *(envelope.Request(number, row, dict[str, Any]()) for number, row in enumerate(KINDS)),
]
FRAMES = [envelope.encode(message) for message in MESSAGES]


def one_input(data: bytes) -> None:
    whole = envelope.Decoder()
    with contextlib.suppress(EnvelopeError):
        whole.feed(data)
    cut, raw, told = random.Random(data), envelope.RawDecoder(), False
    at = 0
    try:
        while at < len(data):
            size = cut.choice((1, 3, 100, 4096))
            for message in raw.feed(data[at : at + size]):
                _read(message)
            at += size
    except EnvelopeError:
        told = True
    if told:
        with contextlib.suppress(EnvelopeError):
            raw.feed(b"")
            raise AssertionError("a broken stream was read on")


def _read(message: envelope.RawMessage) -> None:
    if isinstance(message, envelope.Response):
        kinds: list[Any] = [envelope.Failure, *REPLIES]
    else:
        name = message.method if isinstance(message, envelope.Request) else message.name
        kinds = [KINDS[name]] if name in KINDS else []
    for kind in kinds:
        try:
            found = read(kind, message.data, "it")
        except Misfit:
            continue
        msgspec.msgpack.encode(found)
        assert not isinstance(found, Event) or isinstance(found.subject, str)


TARGET = Target(
    "envelope",
    [*FRAMES, b"".join(FRAMES[:6])],
    lambda: one_input,
    ("protocols/envelope.py", "pipe/messages.py"),
)
