from __future__ import annotations

import itertools
import struct

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import EnvelopeError
from mediad.protocols.envelope import (
    MAX_FRAME_BYTES,
    Decoder,
    Event,
    Message,
    Request,
    Response,
    encode,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
data = st.dictionaries(st.text(), values, max_size=5)
ids = st.integers(0, 2**64 - 1)
failures = st.fixed_dictionaries({"code": st.text(), "reason": st.text()})
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Request, ids, st.text(), data),
    st.builds(Response, ids, st.just(True), data),
    st.builds(Response, ids, st.just(False), failures),
    st.builds(Event, st.text(), data),
)


def frame(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


def test_wire_format_is_length_then_array() -> None:
    encoded = encode(Request(7, "router.create", {"routerId": "r"}))
    assert struct.unpack("<I", encoded[:4]) == (len(encoded) - 4,)
    assert msgpack.unpackb(encoded[4:]) == [0, 7, "router.create", {"routerId": "r"}]
    assert msgpack.unpackb(encode(Response(7, True, {}))[4:]) == [1, 7, True, {}]
    assert msgpack.unpackb(encode(Event("worker.ready", {"pid": 1}))[4:]) == [2, "worker.ready", {"pid": 1}]


@given(st.lists(messages, max_size=5), st.lists(st.integers(0, 400), max_size=8))
def test_any_slicing_gives_the_messages_back(sent: list[Message], cuts: list[int]) -> None:
    stream = b"".join(map(encode, sent))
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    decoder = Decoder()
    received = [
        message for start, end in itertools.pairwise(edges) for message in decoder.feed(stream[start:end])
    ]
    assert received == sent


def test_one_byte_at_a_time() -> None:
    decoder = Decoder()
    stream = encode(Event("a", {})) + encode(Event("b", {"x": [1, None]}))
    received = [message for byte in stream for message in decoder.feed(bytes([byte]))]
    assert received == [Event("a", {}), Event("b", {"x": [1, None]})]


@pytest.mark.parametrize(
    "row",
    [
        None,
        7,
        {},
        [],
        [3, 1, "m", {}],
        [0, -1, "m", {}],
        [0, True, "m", {}],
        [False, 1, "m", {}],
        [0, 1, b"m", {}],
        [0, 1, "m", []],
        [0, 1, "m", {}, {}],
        [1, 1, 1, {}],
        [1, 1, True, None],
        [1, 1, False, {}],
        [1, 1, False, {"code": "state"}],
        [1, 1, False, {"code": 5, "reason": "x"}],
        [True, 1, True, {}],
        [2, "e"],
        [2, 5, {}],
        [2, "e", {}, {}],
    ],
)
def test_other_shapes_are_refused(row: object) -> None:
    with pytest.raises(EnvelopeError):
        Decoder().feed(frame(msgpack.packb(row)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x93\x02\xa1e",
        msgpack.packb([2, "e", {}]) + b"\x00",
        b"\x91" * 4000,
        b"\x93\x02\xa1\xff\x80",
    ],
)
def test_bodies_that_are_not_one_msgpack_value_are_refused(body: bytes) -> None:
    with pytest.raises(EnvelopeError):
        Decoder().feed(frame(body))


def test_map_keys_are_text() -> None:
    with pytest.raises(EnvelopeError):
        Decoder().feed(frame(msgpack.packb([2, "e", {1: 2}])))


def test_an_oversized_frame_is_refused_by_its_prefix() -> None:
    with pytest.raises(EnvelopeError, match="exceeds"):
        Decoder().feed(struct.pack("<I", MAX_FRAME_BYTES + 1))


def test_the_largest_frame_passes_both_ways() -> None:
    overhead = len(encode(Event("e", {"x": b"\x00" * 70_000}))) - 4 - 70_000
    message = Event("e", {"x": b"\x00" * (MAX_FRAME_BYTES - overhead)})
    encoded = encode(message)
    assert len(encoded) == MAX_FRAME_BYTES + 4
    assert Decoder().feed(encoded) == [message]
    with pytest.raises(EnvelopeError, match="exceeds"):
        encode(Event("e", {"x": b"\x00" * (MAX_FRAME_BYTES - overhead + 1)}))


def test_a_broken_stream_stays_broken() -> None:
    decoder = Decoder()
    with pytest.raises(EnvelopeError):
        decoder.feed(frame(b"\xc1"))
    with pytest.raises(EnvelopeError):
        decoder.feed(encode(Event("e", {})))


@pytest.mark.parametrize("value", [object(), 2**64, "\ud800"])
def test_what_msgpack_cannot_write_is_an_envelope_error(value: object) -> None:
    with pytest.raises(EnvelopeError, match="cannot be encoded"):
        encode(Event("e", {"x": value}))


def test_endless_nesting_is_an_envelope_error() -> None:
    loop: dict[str, object] = {}
    loop["again"] = loop
    with pytest.raises(EnvelopeError, match="cannot be encoded"):
        encode(Event("e", loop))


@given(st.binary(max_size=200))
def test_junk_raises_only_the_documented_error(junk: bytes) -> None:
    for stream in (junk, frame(junk)):
        try:
            for message in Decoder().feed(stream):
                assert isinstance(message, Request | Response | Event)
        except EnvelopeError:
            pass
