"""The codecs that can be recorded: how each is put together, and what containers call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from mediad.errors import Unsupported
from mediad.pipe.recorder_requests import Container
from mediad.pipe.rtp import CodecParameters
from mediad.recorder.codecs.audio import AudioDepacketizer, opus_samples
from mediad.recorder.codecs.av1 import Av1Depacketizer
from mediad.recorder.codecs.frame import Depacketizer
from mediad.recorder.codecs.h264 import H264Depacketizer
from mediad.recorder.codecs.h265 import H265Depacketizer
from mediad.recorder.codecs.vp8 import Vp8Depacketizer
from mediad.recorder.codecs.vp9 import Vp9Depacketizer

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec that can be recorded."""

    mime_type: str
    name: str
    """FFmpeg's name of it, for video; for audio that of an encoder, which knows the container's header."""
    containers: frozenset[Container]
    depacketizer: Callable[[Parameters], Depacketizer]
    sample_rate: int = 0
    channels: int = 0
    decoder: str = ""
    """FFmpeg's name of the codec, for one that PyAV puts into no container: it is stored as plain samples."""

    @property
    def is_video(self) -> bool:
        return not self.sample_rate


def _codec(
    mime_type: str,
    name: str,
    containers: str,
    depacketizer: Callable[[Parameters], Depacketizer],
    sample_rate: int = 0,
    channels: int = 0,
    decoder: str = "",
) -> Codec:
    held_by = frozenset(get_args(Container)) & frozenset(containers.split())
    return Codec(mime_type, name, held_by, depacketizer, sample_rate, channels, decoder)


def _h264(parameters: Parameters) -> Depacketizer:
    return H264Depacketizer(parameters.get("sprop-parameter-sets"))


def _h265(parameters: Parameters) -> Depacketizer:
    return H265Depacketizer(*(parameters.get(f"sprop-{kind}") for kind in ("vps", "sps", "pps")))


def _samples(_: Parameters) -> Depacketizer:
    return AudioDepacketizer(len)  # a byte lasts one unit of the RTP clock: RFC 3551 section 4.5.2 for G.722


CODECS = {
    codec.mime_type: codec
    for codec in (
        _codec("video/vp8", "vp8", "mkv webm", lambda _: Vp8Depacketizer()),
        _codec("video/vp9", "vp9", "mkv webm mp4", lambda _: Vp9Depacketizer()),
        _codec("video/av1", "av1", "mkv webm mp4", lambda _: Av1Depacketizer()),
        _codec("video/h264", "h264", "mkv mp4", _h264),
        _codec("video/h265", "hevc", "mkv mp4", _h265),
        _codec("audio/opus", "libopus", "mkv webm mp4", lambda _: AudioDepacketizer(opus_samples), 48000, 2),
        _codec(
            *("audio/red", "libopus", "mkv webm mp4"),
            lambda _: AudioDepacketizer(opus_samples, redundant=True),
            *(48000, 2),
        ),
        _codec("audio/pcmu", "pcm_s16le", "mkv", _samples, 8000, 1, "pcm_mulaw"),
        _codec("audio/pcma", "pcm_s16le", "mkv", _samples, 8000, 1, "pcm_alaw"),
        _codec("audio/g722", "pcm_s16le", "mkv", _samples, 16000, 1, "g722"),
    )
}
"""Every codec, by its MIME type in small letters."""


def codec_of(parameters: CodecParameters) -> Codec:
    """Return the codec. Raises Unsupported for one that cannot be recorded."""
    codec = CODECS.get(parameters.mime_type.lower())
    if codec is None:
        known = ", ".join(CODECS)
        raise Unsupported(f"{parameters.mime_type} cannot be recorded; these codecs can: {known}")
    return codec


def container_for(wanted: Container, codecs: list[Codec]) -> Container:
    """Return the wanted container if it holds all of these codecs, else Matroska, which holds every one."""
    return wanted if all(wanted in codec.containers for codec in codecs) else "mkv"
