"""Depacketisers under test: clips, cut and spoilt clips, and anything at all."""

from __future__ import annotations

from mediad.recorder.codecs.frame import Depacketizer, Frame
from mediad.recorder.codecs.table import CODECS
from tests.support.recorder_media import Payload


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
