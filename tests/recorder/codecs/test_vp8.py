"""VP8: frames of FFmpeg's encoder through FFmpeg's packetiser come out whole; nothing else comes out."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.recorder_depacketize import feed, frames_of
from tests.support.recorder_media import clip

MIME_TYPE = "video/VP8"


def test_a_clip_comes_out_whole() -> None:
    frames = frames_of(MIME_TYPE, clip(MIME_TYPE, 1.0))
    assert len(frames) == 30
    assert [frame.key for frame in frames] == [True] + 29 * [False]
    assert frames[0].picture is not None
    assert frames[0].picture[:2] == (320, 180)
    assert [frame.timestamp for frame in frames] == [3000 * number for number in range(30)]


def test_a_lost_packet_costs_frames_until_the_next_key_frame() -> None:
    payloads = clip(MIME_TYPE, 1.0, gop=10)
    for lost in random.Random(1).sample(range(len(payloads)), 10):
        given = [(p.data, round(p.at_s * 90000), p.marker, n == lost + 1) for n, p in enumerate(payloads)]
        del given[lost]
        frames = feed(MIME_TYPE, given)
        at = round(payloads[lost].at_s * 30)
        whole = set(range(at)) | set(range(at - at % 10 + 10, 30))
        assert {frame.timestamp // 3000 for frame in frames} == whole


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 3), st.booleans(), st.booleans()), max_size=12)
)
def test_anything_is_taken(payloads: list[tuple[bytes, int, bool, bool]]) -> None:
    feed(MIME_TYPE, payloads)


@given(st.data())
def test_spoilt_packets_are_taken(data: st.DataObject) -> None:
    payloads = []
    for payload in clip(MIME_TYPE, 1.0)[:12]:
        spoilt = bytearray(payload.data)
        for _ in range(data.draw(st.integers(0, 2))):
            spoilt[data.draw(st.integers(0, min(len(spoilt), 40) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(spoilt))) if data.draw(st.booleans()) else len(spoilt)
        payloads.append((bytes(spoilt[:cut]), round(payload.at_s * 90000), payload.marker, False))
    for frame in feed(MIME_TYPE, payloads):
        assert frame.data
