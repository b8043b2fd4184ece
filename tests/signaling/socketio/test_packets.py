"""Packets of Socket.IO: what clients send, read once and within bounds."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from socketio.packet import ACK, CONNECT, DISCONNECT, EVENT

from mediad.signaling.socketio import packets


@pytest.mark.parametrize(
    ("text", "kind", "namespace", "ack_id", "data"),
    [
        ('0{"token":"x"}', CONNECT, "/", None, {"token": "x"}),
        ("0/mediasoup,", CONNECT, "/mediasoup", None, None),
        ("0/mediasoup", CONNECT, "/mediasoup", None, None),
        ("1/mediasoup,", DISCONNECT, "/mediasoup", None, None),
        ('2["join-room",{"roomId":"r"}]', EVENT, "/", None, ["join-room", {"roomId": "r"}]),
        ('2/mediasoup,17["createTransport"]', EVENT, "/mediasoup", 17, ["createTransport"]),
        ('2["a","\\ud800"]', EVENT, "/", None, ["a", "\ufffd"]),
        ("35[]", ACK, "/", 5, []),
    ],
)
def test_packets_are_read(text: str, kind: int, namespace: str, ack_id: int | None, data: Any) -> None:
    packet = packets.parse(text)
    assert (packet.packet_type, packet.namespace, packet.id, packet.data) == (kind, namespace, ack_id, data)


@pytest.mark.parametrize(
    ("text", "namespace", "ack_id", "reason"),
    [
        ('2/mediasoup,7["a"', "/mediasoup", 7, "invalid JSON"),
        ("2", "/", None, "begins with its name"),
        ("2{}", "/", None, "begins with its name"),
        ("2[5]", "/", None, "begins with its name"),
        ('51-["a",{"_placeholder":true,"num":0}]', "/", None, "binary attachments"),
        ("51234567890123-[]", "/", None, "binary attachments"),
        ("2" + "1" * 200 + '["a"]', "/", None, "acknowledgement is too large"),
        ("2" + "[" * 100_000, "/", None, "invalid JSON"),
    ],
)
def test_events_that_cannot_be_read_are_answered(
    text: str, namespace: str, ack_id: int | None, reason: str
) -> None:
    with pytest.raises(packets.Malformed, match=reason) as caught:
        packets.parse(text)
    assert caught.value.is_event
    assert (caught.value.namespace, caught.value.ack_id) == (namespace, ack_id)


@pytest.mark.parametrize("text", ["4{}", "6[]", "0{", "0/" + "x" * 200 + ","])
def test_other_packets_that_cannot_be_read_are_not(text: str) -> None:
    with pytest.raises(packets.Malformed) as caught:
        packets.parse(text)
    assert not caught.value.is_event


@given(st.integers(0, 6), st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_does_anything_else(kind: int, rest: str) -> None:
    namespace = "/"
    with contextlib.suppress(packets.Malformed):
        namespace = packets.parse(f"{kind}{rest}").namespace
    assert namespace.startswith("/")
    assert len(namespace) <= packets.MAX_NAMESPACE_LENGTH


@pytest.mark.parametrize("text", ["1", "3", "3probe", "40", '42["a"]\n', "46"])
def test_frames(text: str) -> None:
    assert packets.is_frame(text)


@pytest.mark.parametrize(
    "text", ["", "0", "0{}", "2", "2probe", "5", "6", "7", "4", "4[", "47", "3x", "b4AA=", "²"]
)
def test_what_is_no_frame_of_a_client(text: str) -> None:
    assert not packets.is_frame(text)


def test_packets_for_clients() -> None:
    assert packets.connected_text("/", "id") == '0{"sid":"id"}'
    assert packets.refused_text("/mediasoup", "no") == '4/mediasoup,{"message":"no"}'
    assert packets.disconnected_text("/mediasoup") == "1/mediasoup,"
    assert packets.event_text("/", "error", {"message": "é"}) == '2["error",{"message":"é"}]'
    assert packets.ack_text("/mediasoup", 0, []) == "3/mediasoup,0[]"


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_sent_can_be_read(data: Any) -> None:
    sendable = json.loads(packets.event_text("/", "a", data)[1:])
    assert sendable == ["a", data]
