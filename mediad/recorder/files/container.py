"""One file: frames into a container, by PyAV, as they are; only telephone codecs are stored as samples.

Why depacketisers of our own and PyAV, and no ffmpeg child that gets RTP (`-c copy`): the child takes 1.2 % of
a core and 57 MB for each peer with 720p, this 2 % and 50 MB for all of them; but the child writes frames that
refer to lost ones, and nobody can steer how it places pauses and when it begins another file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from mediad.pipe.recorder_requests import Container
from mediad.recorder.codecs.frame import Frame, Picture
from mediad.recorder.codecs.table import Codec
from mediad.recorder.files.stream import Order
from mediad.recorder.files.vp9 import add_vp9_stream

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.stream import Stream

_MICROSECONDS = Fraction(1, 1_000_000)
_VIDEO_CLOCK = Fraction(1, 90_000)
_FORMATS: dict[Container, str] = {"mkv": "matroska", "webm": "webm", "mp4": "mp4"}
_OPTIONS: dict[Container, dict[str, str]] = {
    # at the end of a cluster it is on the disk, so a crash costs the last second
    "mkv": {"cluster_time_limit": "1000"},
    "webm": {"cluster_time_limit": "1000"},
    "mp4": {"movflags": "empty_moov+default_base_moof+delay_moov", "frag_duration": "1000000"},
}
# A stream that pauses must not keep the other one's packets in memory; they come nearly in order.
_COMMON = {"max_interleave_delta": "1", "flush_packets": "1"}


class Descriptor:
    """A file for PyAV: a descriptor that is written whole or raises, and knows how large the file is."""

    def __init__(self, fd: int) -> None:
        self.size = 0
        self.closed = False
        self._fd = fd
        self._at = 0

    def write(self, data: bytes) -> int:
        """Write all of `data` at the position. Raises OSError."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, self._at)
            self._at += written
            view = view[written:]
        self.size = max(self.size, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def read(self, size: int) -> bytes:
        """Return what is at the position. Raises OSError."""
        data = os.pread(self._fd, size, self._at)
        self._at += len(data)
        return data

    def close(self) -> None:
        """Close the descriptor."""
        if not self.closed:
            self.closed = True
            os.close(self._fd)


@dataclass(slots=True)
class StreamPlan:
    """One stream of a file, as it is known when the file is begun."""

    codec: Codec
    picture: Picture | None = None
    order: Order = field(default_factory=Order)
    key_frame: bytes = b""
    """The first frame of video."""


class ContainerFile:
    """A file that is being written. All methods are called by the one thread that waits for the disk."""

    def __init__(self, fd: int, container: Container, plans: Sequence[StreamPlan], title: str) -> None:
        """Begin a file at this descriptor, which it closes. Raises OSError, as every method does."""
        import av  # an optional part of the installation, looked for when a recording starts

        self._file = Descriptor(fd)
        self._packet = av.Packet
        self._plans = plans
        self._container = av.open(
            self._file,
            "w",
            format=_FORMATS[container],
            container_options=_OPTIONS[container] | _COMMON,
            buffer_size=1 << 16,
        )
        self._container.metadata["title"] = title
        self._streams = [self._add(plan) for plan in plans]
        self._decoders = [_decoder(plan.codec) for plan in plans]

    @property
    def size(self) -> int:
        """The bytes written so far."""
        return self._file.size

    def write(self, index: int, frame: Frame, at_us: int, length_us: int) -> None:
        """Write a frame of stream `index` at this time from the file's beginning; length 0: unknown."""
        decoded_us, shown_us = self._plans[index].order.times_us(at_us)
        packet = self._packet(self._stored(index, frame.data))
        packet.stream = self._streams[index]
        packet.time_base = _MICROSECONDS
        packet.pts, packet.dts = shown_us, decoded_us
        packet.duration = length_us
        packet.is_keyframe = frame.key
        self._container.mux_one(packet)

    def close(self) -> None:
        """Finish the file; also after an error, when what is written stays as it is."""
        try:
            self._container.close()
        finally:
            self._file.close()

    def _stored(self, index: int, data: bytes) -> bytes:
        decoder = self._decoders[index]
        if decoder is None:
            return data
        frames = decoder.decode(self._packet(data))
        return b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames)

    def _add(self, plan: StreamPlan) -> Stream:
        codec = plan.codec
        if not codec.is_video:
            # opens an encoder, of which only the header is used: PyAV sets no other stream's channels
            layout = "stereo" if codec.channels == 2 else "mono"
            return self._container.add_stream(codec.name, rate=codec.sample_rate, layout=layout)
        assert plan.picture is not None, "video begins with a key frame"
        if codec.name == "vp9" and self._container.format.name == "mp4":
            picture = (plan.picture.width, plan.picture.height)
            return cast("Stream", add_vp9_stream(self._container, picture, plan.key_frame, _VIDEO_CLOCK))
        size = {"width": plan.picture.width, "height": plan.picture.height}
        return self._container.add_mux_stream(codec.name, time_base=_VIDEO_CLOCK, **size)


def _decoder(codec: Codec) -> AudioCodecContext | None:
    if not codec.decoder:
        return None
    import av

    decoder = cast("AudioCodecContext", av.CodecContext.create(codec.decoder, "r"))
    decoder.sample_rate, decoder.layout = codec.sample_rate, "mono"
    return decoder
