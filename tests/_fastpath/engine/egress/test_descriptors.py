"""Dependency descriptors on their way to a consumer: whole, renumbered, only where they are understood."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from tests.support import engine as e
from tests.support.layered import descriptor, svc_structure
from tests.support.rtp import TWO_BYTE, extension_block, packet, two_byte_elements

AV1 = 5  # Codec
DESCRIPTOR = 6  # ExtensionKind
STRUCTURE = svc_structure(3, 3, key_only=False)


def described(sequence: int, frame_number: int, *, keyframe: bool = False, ssrc: int = e.SSRC) -> bytes:
    """One whole AV1 frame of the base layer."""
    value = descriptor(0 if keyframe else 1, frame_number, structure=STRUCTURE if keyframe else None)
    block = extension_block(TWO_BYTE, two_byte_elements([(13, value)]))
    return packet(
        b"\x10payload",
        marker=True,
        sequence_number=sequence,
        timestamp=sequence * 3000,
        ssrc=ssrc,
        extension=block,
    )


def av1_call(codec: int = AV1, **changes: Any) -> e.Call:
    call = e.Call()
    call.produce(
        codecs=[(96, 97, 101, codec, 90000)],
        extensions={**e.IN_IDS, DESCRIPTOR: 13},
        encodings=[(e.SSRC, e.RTX_SSRC, b""), (e.SSRC + 1, e.RTX_SSRC + 1, b"")],
    )
    call.consume(**({"extensions": {**e.OUT_IDS, DESCRIPTOR: 7}} | changes))
    return call


def test_dependency_descriptors_are_forwarded_whatever_their_length() -> None:
    """The structure needs the two-byte form; then all extensions have it."""
    call = av1_call()
    call.send(described(1, 500, keyframe=True))
    call.send(described(2, 503))
    first, second = call.forwarded()
    assert first.extensions[7] == descriptor(0, 500, structure=STRUCTURE)
    assert second.extensions[7] == descriptor(1, 503)
    assert set(first.extensions) == set(second.extensions) == {1, 4, 5, 7}
    assert (first.extensions[1], first.payload) == (b"7", b"\x10payload")


def test_frame_numbers_grow_from_stream_to_stream() -> None:
    """A key frame with a lower number than one before is late to a receiver: it would drop it."""
    call = av1_call()
    call.send(described(1, 40_000, keyframe=True))
    call.send(described(2, 40_006))
    call.engine.set_target(e.CONSUMER, 1, 255)
    call.send(described(71, 100, keyframe=True, ssrc=e.SSRC + 1))
    call.send(described(72, 103, ssrc=e.SSRC + 1))
    numbers = [struct.unpack("!H", one.extensions[7][1:3])[0] for one in call.forwarded()]
    assert numbers == [40_000, 40_006, 40_007, 40_010]


@pytest.mark.parametrize("rtx", [True, False])
def test_a_descriptor_is_sent_again_as_it_was(rtx: bool) -> None:
    call = av1_call() if rtx else av1_call(rtx_ssrc=0, codecs=[(101, 0)])
    call.send(described(1, 500, keyframe=True))
    (first,) = call.forwarded()
    call.pass_time(100_000)
    call.left()
    call.reply(e.nack(e.OUT_SSRC, first.sequence))
    (again,) = call.forwarded()
    assert again.extensions[7] == first.extensions[7]
    assert again.payload[2 if rtx else 0 :] == first.payload


def test_descriptors_of_codecs_that_have_their_own_are_left_out() -> None:
    """A receiver would believe them, and their numbers and those of VP8 have different gaps."""
    call = av1_call(e.VP8)
    value = descriptor(0, 500, structure=STRUCTURE)
    block = extension_block(TWO_BYTE, two_byte_elements([(13, value)]))
    payload = e.vp8_payload(1, keyframe=True)
    call.send(packet(payload, marker=True, sequence_number=1, ssrc=e.SSRC, extension=block))
    (first,) = call.forwarded()
    assert set(first.extensions) == {1, 4, 5}


def test_who_did_not_negotiate_descriptors_gets_none() -> None:
    call = av1_call(extensions=e.OUT_IDS)
    call.send(described(1, 500, keyframe=True))
    (first,) = call.forwarded()
    assert set(first.extensions) == {1, 4, 5}
