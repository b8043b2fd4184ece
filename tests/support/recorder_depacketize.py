"""Depacketisers under test: clips, cut and spoilt clips, and anything at all."""

from __future__ import annotations

import random
from typing import ClassVar

from mediad.recorder.codecs.frame import Depacketizer, Frame
from mediad.recorder.codecs.table import CODECS
from tests.support.recorder_media import Payload, clip


def depacketizer(mime_type: str) -> Depacketizer:
    return CODECS[mime_type.lower()].depacketizer({})


def frames_of(mime_type: str, payloads: tuple[Payload, ...] | list[Payload]) -> list[Frame]:
    """The frames of a clip without losses."""
    made = depacketizer(mime_type)
    return [
        frame
        for payload in payloads
        for frame in made.push(payload.data, round(payload.at_s * 90000), payload.marker, 0)
    ]


def feed(mime_type: str, payloads: list[tuple[bytes, int, bool, bool]]) -> list[Frame]:
    """The frames of any payloads: (data, timestamp, marker, lost before)."""
    made = depacketizer(mime_type)
    frames = []
    for data, timestamp, marker, lost in payloads:
        if lost:
            made.lose()
        frames += made.push(data, timestamp, marker, 0)
    return frames


class WholeFrames:
    """Tests that hold for each codec of video: a subclass names it."""

    MIME_TYPE: ClassVar[str]

    def test_a_clip_comes_out_whole(self) -> None:
        frames = frames_of(self.MIME_TYPE, clip(self.MIME_TYPE, 1.0))
        assert len(frames) == 30
        assert [frame.key for frame in frames] == [True] + 29 * [False]
        assert frames[0].picture is not None
        assert frames[0].picture[:2] == (320, 180)
        assert [frame.timestamp for frame in frames] == [3000 * number for number in range(30)]

    def test_a_lost_packet_costs_frames_until_the_next_key_frame(self) -> None:
        payloads = clip(self.MIME_TYPE, 1.0, gop=10)
        for lost in random.Random(1).sample(range(len(payloads)), 10):
            given = [(p.data, round(p.at_s * 90000), p.marker, n == lost + 1) for n, p in enumerate(payloads)]
            del given[lost]
            frames = feed(self.MIME_TYPE, given)
            at = round(payloads[lost].at_s * 30)
            whole = set(range(at)) | set(range(at - at % 10 + 10, 30))
            assert {frame.timestamp // 3000 for frame in frames} == whole
