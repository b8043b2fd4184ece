"""Redundant audio (RFC 2198): the payload types inside, by table and against a writer of this test."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows import wire as window

SENT, ROUTED = 111, 100


def red(frames: list[bytes], payload_type: int = SENT) -> bytes:
    """Frames, oldest first, the last one the primary."""
    *earlier, primary = frames
    headers = b"".join(
        (1 << 31 | payload_type << 24 | (960 * (len(earlier) - i) & 0x3FFF) << 10 | len(frame)).to_bytes(
            4, "big"
        )
        for i, frame in enumerate(earlier)
    )
    return headers + bytes([payload_type]) + b"".join(earlier) + primary


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_every_block_gets_the_routers_payload_type(frames: list[bytes]) -> None:
    assert window.map_red(red(frames), SENT, ROUTED) == red(frames, ROUTED)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        red([b"a", b"b"], 63),  # blocks of another codec
        red([b"a"], 63),
        red([b"a", b"b"])[:3],  # a header that is cut off
        red([b"a", b"b"])[:4],  # no primary
        red([b"abc", b""])[:-1],  # a frame that is cut off
        red([b""] * 18),
    ],
)
def test_what_no_receiver_could_read_is_malformed(payload: bytes) -> None:
    assert window.map_red(payload, SENT, ROUTED) is None


@given(st.binary(max_size=80))
def test_junk_stays_in_bounds(payload: bytes) -> None:
    mapped = window.map_red(payload, SENT, ROUTED)
    assert mapped is None or len(mapped) == len(payload)
