"""Containers: what FFmpeg's encoders made comes out of each as it went in."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import av
import pytest

from mediad.recorder.codecs.table import CODECS, container_for
from mediad.recorder.files.container import ContainerFile, Descriptor, StreamPlan
from mediad.recorder.files.folder import Folder
from mediad.recorder.files.stream import Order
from tests.support.loops import on_loop
from tests.support.recorder_depacketize import frames_of
from tests.support.recorder_feed import record
from tests.support.recorder_media import clip, decode

PAIRS = [
    ("video/VP8", "audio/opus"),
    ("video/VP9", "audio/opus"),
    ("video/H264", "audio/opus"),
    ("video/AV1", "audio/opus"),
    ("video/H265", "audio/PCMU"),
    ("video/VP8", "audio/PCMA"),
    ("video/H264", "audio/G722"),
]


@pytest.mark.parametrize("form", ["mkv", "webm", "mp4"])
@pytest.mark.parametrize(("video", "audio"), PAIRS)
def test_every_codec_plays_in_every_format(tmp_path: Path, video: str, audio: str, form: str) -> None:
    @on_loop
    async def run() -> None:
        feed, (path,) = await record(tmp_path, video, audio, format=form)
        codecs = [CODECS[video.lower()], CODECS[audio.lower()]]
        assert path.name == f"peer.camera.{container_for(form, codecs)}"  # type: ignore[arg-type]
        shown = decode(path)
        assert len(shown.video) == 90
        assert shown.sizes == [(320, 180)]
        assert abs(shown.end_s - 3.0) < 0.1
        assert len(shown.flashes) == len(shown.beeps) == 3
        assert all(abs(f - b) < 0.04 for f, b in zip(shown.flashes, shown.beeps, strict=True))
        assert feed.recording.ended == "stopped"

    run()


def test_browsers_are_told_which_vp9_is_in_mp4(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        _, (path,) = await record(tmp_path, "video/VP9", "audio/opus", format="mp4")
        data = os.pread(fd := os.open(path, os.O_RDONLY), 1 << 16, 0)
        os.close(fd)
        at = data.index(b"vpcC")
        assert int.from_bytes(data[at - 4 : at]) > 8, "the box is empty"

    run()


@pytest.mark.parametrize("form", ["mkv", "mp4"])
def test_b_frames_are_shown_in_their_order(tmp_path: Path, form: str) -> None:
    frames = frames_of("video/H264", clip("video/H264", 1.0, b_frames=2))
    picture = frames[0].picture
    assert picture is not None
    assert picture.reorder > 0
    folder = Folder.make(str(tmp_path), ["one"])
    plan = StreamPlan(CODECS["video/h264"], picture, Order(picture.reorder))
    file = ContainerFile(folder.create(f"b.{form}"), form, [plan], "title")  # type: ignore[arg-type]
    for frame in frames:
        file.write(0, frame, frame.timestamp * 100 // 9, 0)
    file.close()
    shown = decode(tmp_path / "one" / f"b.{form}").video
    assert shown == sorted(shown)
    steps = [round(later - earlier, 3) for earlier, later in pairwise(shown)]
    assert all(0.03 < step < 0.037 for step in steps)


def test_metadata_and_times_are_in_the_file(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        _, (path,) = await record(tmp_path, "video/VP8", "audio/opus")
        with av.open(str(path)) as container:
            assert container.metadata["title"] == "camera"
            assert container.duration is not None
            assert abs(container.duration / 1e6 - 3.0) < 0.1

    run()


def test_a_descriptor_is_written_whole(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    file = Descriptor(fd)
    file.write(b"abcdef")
    file.seek(2)
    file.write(b"XY")
    assert (file.tell(), file.size) == (4, 6)
    file.seek(-1, os.SEEK_END)
    assert file.read(5) == b"f"
    file.close()
    file.close()
    assert (tmp_path / "a").read_bytes() == b"abXYef"
