"""Whole frames muxed into pieces, and played."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any, cast

import av
import pytest

from mediad.recorder.hls.boxes import Fragment
from mediad.recorder.hls.fragmenter import Fragmenter, Setup, VideoCodec
from tests.support.encoded import interleaved, pictures, sound

PART_S = 0.5


def muxed(muxer: Fragmenter, codec: str, seconds: float) -> list[Fragment]:
    fragments = []
    for kind, frame in interleaved(pictures(codec, seconds), sound(seconds)):
        if kind == "video":
            fragments += muxer.write_video(frame.data, 100 + frame.at_s, key_frame=frame.key_frame)
        else:
            fragments += muxer.write_audio(frame.data, 100 + frame.at_s)
    return fragments + muxer.close()


def frames_in(data: bytes) -> Counter[str]:
    counted: Counter[str] = Counter()
    with av.open(io.BytesIO(data)) as container:
        for packet in cast(Any, container).demux():
            counted[packet.stream.type] += len(packet.decode())
    return counted


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_each_codec_can_be_played(codec: VideoCodec) -> None:
    muxer = Fragmenter(Setup(codec, 320, 240, audio=True), PART_S, 100.0)
    fragments = muxed(muxer, codec, 3)
    assert muxer.init is not None
    counted = frames_in(muxer.init + b"".join(fragment.data for fragment in fragments))
    assert counted == {"video": len(pictures(codec, 3)), "audio": 150}


def test_fragments_are_short_and_end_before_key_frames() -> None:
    muxer = Fragmenter(Setup("h264", 320, 240, audio=True), PART_S, 100.0)
    fragments = muxed(muxer, "h264", 3)
    assert max(map(muxer.duration_s, fragments)) <= PART_S
    assert [muxer.independent(fragment) for fragment in fragments] == [
        *(True, False, False, False, False),
        *(True, False, False),
    ]


def test_the_kind_of_vp9_is_told_to_players() -> None:
    first = pictures("vp9", 1)[0].data
    muxer = Fragmenter(Setup("vp9", 320, 240, audio=True), PART_S, 100.0, first)
    muxed(muxer, "vp9", 1)
    assert muxer.init is not None
    at = muxer.init.index(b"vpcC")
    size = int.from_bytes(muxer.init[at - 4 : at])
    assert size > 8, "profile, level and bit depth are in it"


def test_sound_alone_is_independent_everywhere() -> None:
    muxer = Fragmenter(Setup(None, audio=True), PART_S, 0.0)
    fragments = [piece for frame in sound(2) for piece in muxer.write_audio(frame.data, frame.at_s)]
    assert len(fragments) >= 3
    assert all(map(muxer.independent, fragments))
    assert sum(map(muxer.duration_s, fragments + muxer.close())) == pytest.approx(2.0, abs=0.03)
