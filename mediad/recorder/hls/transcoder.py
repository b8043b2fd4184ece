"""Transcoder: frames that players cannot take, made into H.264 by an ffmpeg process of its own.

It stands in a fragmenter's place. ffmpeg reads Matroska and writes fragmented MP4; what it has written is
returned with the next frame. When it is slower than the frames come, frames are left out up to a key frame.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import Any

import av

from mediad.errors import Unavailable
from mediad.recorder.hls.boxes import Fragment, Splitter
from mediad.recorder.hls.fragmenter import FILLED, VIDEO_CLOCK, Fragmenter, Setup, Sink

MAX_WAITING_BYTES = 2 * 1024 * 1024
"""The most bytes that wait for ffmpeg."""

END_S = 2.0
"""The time that ffmpeg has to write its last frames."""


def ffmpeg_path() -> str:
    """Return the path of ffmpeg. Raises Unavailable when it is not installed."""
    path = shutil.which("ffmpeg")
    if path is None:
        raise Unavailable("transcoding needs ffmpeg, which is not installed: apt-get install ffmpeg")
    return path


class Transcoder(Fragmenter):
    """A fragmenter whose pictures are encoded anew. Its ffmpeg inherits the low priority of this process."""

    def __init__(self, setup: Setup, part_s: float, begins_at_s: float, key_every_s: float) -> None:
        """Begin, as a fragmenter does, with a key frame every `key_every_s` seconds.

        Raises Unavailable when ffmpeg cannot be started.
        """
        self.setup = setup
        self._begins_at_s = begins_at_s
        self._splitter = Splitter()
        self._waiting = bytearray()
        self._skips = False
        self.left_out = 0
        """Frames that ffmpeg was too slow for."""
        self._sink = Sink()
        # small clusters: ffmpeg reads a cluster when it is whole
        options = {
            "live": "1",
            "flush_packets": "1",
            "cluster_time_limit": "20",
            "max_interleave_delta": "100000",
        }
        self._container = av.open(self._sink, "w", format="matroska", options=options)
        self._video: Any = None
        self._audio: Any = None
        self._add_streams(b"")
        self._process = _start(setup, part_s, key_every_s)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    def write_video(self, data: bytes, at_s: float, *, key_frame: bool) -> list[Fragment]:
        """Add a frame; return the fragments that ffmpeg has finished meanwhile.

        Raises Unavailable when ffmpeg has ended, av.FFmpegError for a frame that cannot be muxed.
        """
        if self._skips and not (key_frame and not self._waiting):
            self.left_out += 1
            self._pass_on()
            return self._read()
        self._skips = len(self._waiting) > MAX_WAITING_BYTES
        return super().write_video(data, at_s, key_frame=key_frame)

    def close(self) -> list[Fragment]:
        """End ffmpeg and return what was left."""
        with contextlib.suppress(av.FFmpegError):
            self._container.close()
        self._waiting += self._sink.take()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), True)
        try:
            os.set_blocking(process.stdin.fileno(), True)
            out, _ = process.communicate(bytes(self._waiting), timeout=END_S)
        except (subprocess.TimeoutExpired, OSError):
            process.kill()
            out, _ = process.communicate()
        return self._splitter.feed(out)

    def _collect(self) -> list[Fragment]:
        self._waiting += self._sink.take()
        self._pass_on()
        return self._read()

    def _pass_on(self) -> None:
        """Give ffmpeg what it takes now. Raises Unavailable when it has ended."""
        assert self._process.stdin is not None
        try:
            while self._waiting:
                del self._waiting[: os.write(self._process.stdin.fileno(), self._waiting[:65_536])]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            raise Unavailable(f"ffmpeg has ended with status {self._process.poll()}") from None

    def _read(self) -> list[Fragment]:
        assert self._process.stdout is not None
        fragments: list[Fragment] = []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._process.stdout.fileno(), 65_536):
                fragments += self._splitter.feed(data)
        return fragments


def _start(setup: Setup, part_s: float, key_every_s: float) -> subprocess.Popen[bytes]:
    video = [
        *("-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"),
        *(
            "-force_key_frames",
            f"expr:gte(t,n_forced*{key_every_s:g})",
            "-video_track_timescale",
            str(VIDEO_CLOCK),
        ),
    ]
    command = [
        *(ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-nostdin"),
        *(
            "-probesize",
            "32768",
            "-analyzeduration",
            "0",
            "-fflags",
            "nobuffer",
            "-f",
            "matroska",
            "-i",
            "pipe:0",
        ),
        *video,
        *(("-c:a", "copy") if setup.audio else ()),
        *("-f", "mp4", "-movflags", "+empty_moov+default_base_moof+frag_keyframe+skip_trailer"),
        *("-frag_duration", str(round(FILLED * part_s * 1e6)), "-flush_packets", "1", "pipe:1"),
    ]
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
    except OSError as error:
        raise Unavailable(f"ffmpeg could not be started: {error.strerror}") from None
