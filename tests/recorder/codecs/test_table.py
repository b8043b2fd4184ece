"""The table of codecs: what can be recorded, and in which container."""

from __future__ import annotations

import av
import pytest

from mediad.errors import Unsupported
from mediad.pipe.recorder_requests import Container
from mediad.pipe.rtp import CodecParameters
from mediad.recorder.codecs.table import CODECS, codec_of, container_for


def test_a_codec_is_found_however_it_is_spelt() -> None:
    assert codec_of(CodecParameters("Video/H264", 96, 90000)) is CODECS["video/h264"]


def test_another_codec_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Unsupported, match=r"audio/iLBC cannot be recorded; .*audio/opus"):
        codec_of(CodecParameters("audio/iLBC", 96, 8000))


@pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.mime_type)
def test_the_names_are_ffmpeg_s(codec: object) -> None:
    found = CODECS[codec.mime_type]  # type: ignore[attr-defined]
    av.Codec(found.name, "r" if found.is_video else "w")
    if found.decoder:
        av.Codec(found.decoder, "r")


@pytest.mark.parametrize(
    ("wanted", "codecs", "container"),
    [
        ("mp4", ["video/h264", "audio/opus"], "mp4"),
        ("mp4", ["video/vp8", "audio/opus"], "mkv"),
        ("webm", ["video/vp9"], "webm"),
        ("webm", ["video/vp9", "audio/pcmu"], "mkv"),
        ("mkv", list(CODECS), "mkv"),
    ],
)
def test_a_file_that_the_format_cannot_hold_is_matroska(
    wanted: Container, codecs: list[str], container: Container
) -> None:
    assert container_for(wanted, [CODECS[name] for name in codecs]) == container
