"""Packets of Engine.IO 4 and Socket.IO 5 as clients send them, and as they are sent to clients. Sans-I/O.

python-socketio's codec is used, with JSON as browsers write it. What a client sends is checked before it gets
there: none of the two libraries expects input that breaks the protocol.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from socketio.packet import (
    ACK,
    BINARY_ACK,
    BINARY_EVENT,
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
)
from socketio.packet import Packet as SocketIoPacket

from mediad.signaling import json_input

PROBE, UPGRADE = "2probe", "5"
"""The first two frames of a WebSocket that takes over from long polling."""

SEPARATOR = "\x1e"
"""The character between two packets in the body of a request."""

MAX_NAMESPACE_LENGTH = 128
MAX_ACK_ID = 2**53
"""The largest number of an acknowledgement: that of a client that counts in JavaScript."""

_FRAME = re.compile(r"1|3|3probe|4[0-6].*", re.DOTALL)
"""A frame outside of an upgrade: close, pong, or a Socket.IO packet."""


class Malformed(Exception):
    """Error: a text that is no Socket.IO packet, or one that is not accepted here."""

    def __init__(self, reason: str, namespace: str, ack_id: int | None, *, is_event: bool) -> None:
        super().__init__(reason)
        self.namespace = namespace
        self.ack_id = ack_id
        self.is_event = is_event
        """True when it was meant as an event, whose sender waits for an answer."""


class _Json:
    """The JSON of packets, under the names that python-socketio calls."""

    loads = staticmethod(json_input.decode)

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return msgspec.json.encode(value).decode()


class Packet(SocketIoPacket):
    """A Socket.IO packet without attachments."""

    uses_binary_events = False
    json = _Json


def is_frame(text: str) -> bool:
    """True for an Engine.IO packet that a client may send once it is connected."""
    return _FRAME.fullmatch(text) is not None


def parse(text: str) -> Packet:
    """Return the packet of a text whose first character is 0 to 6. Raises Malformed.

    It has a namespace. The data of an event is a list that begins with its name.
    """
    packet = Packet()
    packet.data = None
    reason = ""
    try:
        packet.decode(text)
    except (ValueError, RecursionError) as error:
        reason = str(error)
    namespace = packet.namespace or "/"
    is_event = packet.packet_type in (EVENT, BINARY_EVENT)
    if len(namespace) > MAX_NAMESPACE_LENGTH:
        namespace, reason = "/", f"a namespace longer than {MAX_NAMESPACE_LENGTH} characters"
    elif packet.id is not None and packet.id > MAX_ACK_ID:
        packet.id, reason = None, "the number of the acknowledgement is too large"
    elif packet.packet_type in (BINARY_EVENT, BINARY_ACK):
        reason = "binary attachments are not accepted"
    elif packet.packet_type == CONNECT_ERROR:
        reason = "connect errors come from the server"
    elif not reason and is_event and not _is_event_data(packet.data):
        reason = "an event is an array that begins with its name"
    if reason:
        raise Malformed(reason, namespace, packet.id, is_event=is_event)
    packet.namespace = namespace
    return packet


def _is_event_data(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


def connected_text(namespace: str, sid: str) -> str:
    return _text(CONNECT, namespace, {"sid": sid})


def refused_text(namespace: str, message: str) -> str:
    return _text(CONNECT_ERROR, namespace, {"message": message})


def disconnected_text(namespace: str) -> str:
    return _text(DISCONNECT, namespace, None)


def event_text(namespace: str, name: str, data: Any) -> str:
    return _text(EVENT, namespace, [name, data])


def ack_text(namespace: str, ack_id: int, arguments: list[Any]) -> str:
    return _text(ACK, namespace, arguments, ack_id)


def _text(kind: int, namespace: str, data: Any, ack_id: int | None = None) -> str:
    text: str = Packet(kind, data, namespace, ack_id).encode()
    return text
