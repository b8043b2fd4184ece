"""The header of VP9 in MP4, as browsers read it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from mediad.recorder.files.vp9 import add_vp9_stream
from tests.support.encoded import pictures

CLOCK = Fraction(1, 90_000)


def box_size(data: bytes, kind: bytes) -> int:
    at = data.index(kind)
    return int.from_bytes(data[at - 4 : at])


def write(path: Path, probe: bytes | None) -> bytes:
    """Write a second of VP9 with a stream of `probe`, or with PyAV's own for frames that it has not read."""
    frames = pictures("vp9", 1)
    options = {"movflags": "+empty_moov+delay_moov+default_base_moof"}
    container: Any = av.open(str(path), "w", format="mp4", options=options)
    if probe is None:
        stream = container.add_mux_stream("vp9", width=320, height=240, time_base=CLOCK)
    else:
        stream = add_vp9_stream(container, (320, 240), probe, CLOCK)
    for frame in frames:
        packet: Any = av.Packet(frame.data)
        packet.stream, packet.time_base, packet.is_keyframe = stream, CLOCK, frame.key_frame
        packet.pts = packet.dts = round(frame.at_s / CLOCK)
        container.mux_one(packet)
    container.close()
    return path.read_bytes()


def test_profile_and_pixels_are_in_the_header(tmp_path: Path) -> None:
    first = pictures("vp9", 1)[0].data
    assert box_size(write(tmp_path / "probed.mp4", first), b"vpcC") > 8
    assert box_size(write(tmp_path / "plain.mp4", None), b"vpcC") == 8, "PyAV knows it now: remove this file"
    with av.open(str(tmp_path / "probed.mp4")) as played:
        assert sum(1 for _ in played.decode(video=0)) == len(pictures("vp9", 1))


@pytest.mark.parametrize("wrong", [b"", b"\xff" * 20])
def test_what_is_no_key_frame_does_no_harm(tmp_path: Path, wrong: bytes) -> None:
    assert box_size(write(tmp_path / "wrong.mp4", wrong), b"vpcC") == 8
