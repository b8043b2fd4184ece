"""Fragmenter: whole frames in, pieces of a fragmented MP4 out, muxed by FFmpeg's libraries (PyAV).

One fragmenter has one set-up of its decoder: other codecs, another size of the picture or other tracks need
another one.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import av

from mediad.recorder.files.vp9 import add_vp9_stream
from mediad.recorder.hls.boxes import Fragment, Run, Splitter

VideoCodec = Literal["h264", "hevc", "vp9", "av1", "vp8"]
"""Codecs by FFmpeg's names. Players take all of them in MP4 but VP8."""

VIDEO_CLOCK, AUDIO_CLOCK = 90_000, 48_000
FILLED = 0.8
"""The length at which a fragment ends, in parts: the frame that it ends with must fit, too."""
_INTERLEAVE_US = 300_000
"""The time for which frames of one track wait for earlier ones of the other."""


@dataclass(frozen=True, slots=True)
class Setup:
    """The tracks of a stream, as a decoder is set up for them. At least one is there."""

    video: VideoCodec | None
    width: int = 0
    """Pixels, and so is the height; 0 without video."""
    height: int = 0
    audio: bool = False
    """True with sound, which is Opus."""


class Fragmenter:
    """The muxer of one set-up. Frames of a track come in the order of their time."""

    def __init__(self, setup: Setup, part_s: float, begins_at_s: float, first: bytes = b"") -> None:
        """Begin a file; `begins_at_s` is the time of its first frame, and `first` is the first key frame.

        Fragments are at most `part_s` seconds long, and end before each key frame.
        """
        self.setup = setup
        self._begins_at_s = begins_at_s
        self._sink = Sink()
        self._splitter = Splitter()
        options = {
            "movflags": "+delay_moov+default_base_moof+frag_keyframe+skip_trailer",
            "frag_duration": str(round(FILLED * part_s * 1e6)),
            "max_interleave_delta": str(_INTERLEAVE_US),
            "flush_packets": "1",
        }
        self._container = av.open(self._sink, "w", format="mp4", options=options)
        self._video: Any = None
        self._audio: Any = None
        self._add_streams(first)

    def _add_streams(self, first: bytes) -> None:
        setup, clock = self.setup, Fraction(1, VIDEO_CLOCK)
        if setup.video == "vp9" and first:
            size = (setup.width, setup.height)
            self._video = add_vp9_stream(self._container, size, first, clock)
        elif setup.video is not None:
            self._video = self._container.add_mux_stream(
                setup.video, width=setup.width, height=setup.height, time_base=clock
            )
        if self.setup.audio:
            # PyAV has no other way to say how Opus is set up than that of its encoder, which is not used
            self._audio = self._container.add_stream("libopus", rate=AUDIO_CLOCK)
            self._audio.time_base = Fraction(1, AUDIO_CLOCK)

    @property
    def init(self) -> bytes | None:
        """The beginning, which sets up a decoder; None before the first fragment is out."""
        return self._splitter.init

    def write_video(self, data: bytes, at_s: float, *, key_frame: bool) -> list[Fragment]:
        """Add a frame of the time `at_s` and return the fragments that are complete.

        Raises av.FFmpegError for a frame that the muxer does not take.
        """
        return self._write(self._video, VIDEO_CLOCK, data, at_s, key_frame=key_frame)

    def write_audio(self, data: bytes, at_s: float) -> list[Fragment]:
        """Add a packet of Opus, likewise."""
        return self._write(self._audio, AUDIO_CLOCK, data, at_s, key_frame=True)

    def close(self) -> list[Fragment]:
        """End the file and return what was left."""
        self._container.close()
        return self._splitter.feed(self._sink.take())

    def duration_s(self, fragment: Fragment) -> float:
        """Return the duration of a fragment: that of its pictures, or of its sound when it has none."""
        return self._lead(fragment).duration / self._clock_of(fragment)

    def independent(self, fragment: Fragment) -> bool:
        """True when a decoder can begin with this fragment."""
        return self._lead(fragment).begins_with_sync

    def _lead(self, fragment: Fragment) -> Run:
        return fragment.runs[min(fragment.runs)]  # pictures are the first track

    def _clock_of(self, fragment: Fragment) -> int:
        return VIDEO_CLOCK if self.setup.video is not None and 1 in fragment.runs else AUDIO_CLOCK

    def _write(self, stream: Any, clock: int, data: bytes, at_s: float, *, key_frame: bool) -> list[Fragment]:
        packet = av.Packet(data)
        packet.stream = stream
        packet.time_base = Fraction(1, clock)
        packet.pts = packet.dts = max(0, round((at_s - self._begins_at_s) * clock))
        packet.is_keyframe = key_frame
        self._container.mux_one(packet)
        return self._collect()

    def _collect(self) -> list[Fragment]:
        return self._splitter.feed(self._sink.take())


class Sink(io.RawIOBase):
    """A file that the muxer writes to from front to back."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last call."""
        data = bytes(self._written)
        self._written.clear()
        return data
