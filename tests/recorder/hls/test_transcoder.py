"""VP8 made into H.264 by a real ffmpeg."""

from __future__ import annotations

import io
import os
import shutil
import signal
import time
from typing import Any, cast

import av
import pytest

from mediad.errors import Unavailable
from mediad.recorder.hls import transcoder
from mediad.recorder.hls.fragmenter import Setup
from mediad.recorder.hls.transcoder import MAX_WAITING_BYTES, Transcoder
from tests.support.encoded import Frame, interleaved, pictures, sound

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
SETUP = Setup("vp8", 320, 240, audio=True)


def pid_of(muxer: Transcoder) -> int:
    return muxer._process.pid


@needs_ffmpeg
def test_pictures_come_out_as_h264_with_key_frames_where_segments_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transcoder, "END_S", 60.0)  # four seconds of pictures are handed in at once
    muxer = Transcoder(SETUP, 0.5, 0.0, key_every_s=1.0)
    fragments = []
    for kind, frame in interleaved(pictures("vp8", 4), sound(4)):
        if kind == "video":
            fragments += muxer.write_video(frame.data, frame.at_s, key_frame=frame.key_frame)
        else:
            fragments += muxer.write_audio(frame.data, frame.at_s)
    fragments += muxer.close()
    assert muxer.init is not None
    with av.open(io.BytesIO(muxer.init + b"".join(fragment.data for fragment in fragments))) as played:
        assert cast(Any, played).streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in cast(Any, played).decode(video=0)) == 120
    assert sum(map(muxer.independent, fragments)) == 4


@needs_ffmpeg
def test_frames_are_left_out_while_ffmpeg_is_too_slow() -> None:
    muxer = Transcoder(SETUP, 0.5, 0.0, key_every_s=1.0)
    os.kill(pid_of(muxer), signal.SIGSTOP)
    large = b"\0" * 100_000
    for index in range(60):
        muxer.write_video(large, index / 30, key_frame=index == 0)
    assert muxer.left_out > 20
    assert len(muxer._waiting) < MAX_WAITING_BYTES + 2 * len(large)
    os.kill(pid_of(muxer), signal.SIGKILL)
    muxer.close()


@needs_ffmpeg
def test_an_ffmpeg_that_has_ended_is_told() -> None:
    muxer = Transcoder(SETUP, 0.5, 0.0, key_every_s=1.0)
    os.kill(pid_of(muxer), signal.SIGKILL)

    def write(frames: tuple[Frame, ...]) -> None:
        for frame in frames:
            muxer.write_video(frame.data, frame.at_s, key_frame=frame.key_frame)
            time.sleep(0.01)

    with pytest.raises(Unavailable, match="ffmpeg has ended"):
        write(pictures("vp8", 4))
    muxer.close()


def test_without_ffmpeg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match="apt-get install ffmpeg"):
        Transcoder(SETUP, 0.5, 0.0, key_every_s=1.0)
