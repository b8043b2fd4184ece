"""The judge of lost layers tells a sender that leaves them out from a server that does not forward them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.support.layer_record import left_out, read, timeline
from tests.support.layered import LayeredSource
from tests.support.packet_tap import Seen, rtp

SERVER, CLIENT, EXTENSION = 10_000, 5_000, 12


def packet(number: int, described: bytes, target_port: int, at_s: float) -> Seen:
    element = bytes([EXTENSION, len(described)]) + described
    element += bytes(-len(element) % 4)
    head = struct.pack("!BBHII", 0x90, 45, number & 0xFFFF, 1, 7)
    extension = struct.pack("!HH", 0x1000, len(element) // 4) + element
    source_port = CLIENT if target_port == SERVER else SERVER
    seen = rtp(head + extension + b"payload", source_port, target_port, at_s)
    assert seen is not None
    return seen


def call(active_spatial: int, forwarded: int, pictures: int = 100) -> Iterator[Seen]:
    """20 pictures a second of AV1 L3T3, of which so many layers are sent and so many forwarded."""
    source = LayeredSource("av1", spatial_layers=3)
    for number in range(pictures):
        source.active_spatial = active_spatial if number >= 10 else 0
        for frame in source.next(keyframe=number in (0, 10)):
            for described in frame.descriptors:
                yield packet(number, described, SERVER, number / 20)
                if frame.spatial < forwarded:
                    yield packet(number, described, CLIENT, number / 20 + 0.001)


@pytest.mark.parametrize(("active", "sender"), [(0, False), (2, True), (1, True)])
def test_whose_it_is(active: int, sender: bool) -> None:
    told = read(call(active, forwarded=1), SERVER, EXTENSION)
    assert left_out(told, 2, since_s=0.5) is sender
    assert not left_out(told, 0, since_s=0.5)


def test_the_timeline_says_what_came_what_left_and_what_was_told() -> None:
    rows = list(timeline(read(call(2, forwarded=1), SERVER, EXTENSION), since_s=0.5))
    assert rows[0].startswith("  -0.5 s  in S0T0:3 S0T1:2 S0T2:5 S1T0:3")
    assert "structure active 111111111" in rows[0]
    assert "structure active 111111" in rows[1]
    assert "out S0T0:" in rows[5]
    assert "S2" not in rows[5]
