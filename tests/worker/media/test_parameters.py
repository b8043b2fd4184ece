from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mediad.errors import InvalidInput
from mediad.pipe.rtp import RtpMapping, RtpParameters
from mediad.worker.media.parameters import codec_of, extension_ids, producer_codecs, producer_encodings
from mediad.worker.media.plane import Codec, ExtensionKind
from tests.support.negotiation import accept, chrome_opus, chrome_vp8, video


def negotiated(wire: dict[str, Any], kind: str = "video") -> tuple[RtpParameters, RtpMapping]:
    """Return the parameters that reach the worker of a producer that the supervisor has accepted."""
    accepted = accept(wire, kind=kind)
    return (
        msgspec.convert(accepted.rtp_parameters.to_wire(), RtpParameters),
        msgspec.convert(accepted.mapping.to_wire(), RtpMapping),
    )


def test_codecs_of_a_camera() -> None:
    assert producer_codecs(*negotiated(chrome_vp8())) == [(96, 97, 101, Codec.CODEC_VP8, 90000)]


def test_codecs_of_a_microphone() -> None:
    assert producer_codecs(*negotiated(chrome_opus(), "audio")) == [(111, 0, 100, Codec.CODEC_OPUS, 48000)]


def test_a_track_needs_a_media_codec() -> None:
    parameters, _ = negotiated(chrome_vp8())
    assert parameters.first_codec().mime_type == "video/VP8"
    for kept in ((), parameters.codecs[1:]):
        with pytest.raises(InvalidInput, match=r"^no media codecs found$"):
            RtpParameters(kept).first_codec()


def test_a_codec_that_was_not_mapped() -> None:
    parameters, _ = negotiated(chrome_vp8())
    with pytest.raises(InvalidInput, match=r"^rtpMapping has no entry for payload type 96$"):
        producer_codecs(parameters, RtpMapping(()))


def test_encodings_by_rid_and_by_ssrc() -> None:
    assert producer_encodings(negotiated(chrome_vp8())[0]) == [(0, 0, b"r0"), (0, 0, b"r1"), (0, 0, b"r2")]
    one = negotiated(video("video/VP8", encodings=[{"ssrc": 5, "rtx": {"ssrc": 6}}]))[0]
    assert producer_encodings(one) == [(5, 6, b"")]
    assert producer_encodings(RtpParameters(())) == [(0, 0, b"")]


def test_an_ssrc_given_twice() -> None:
    encodings = [{"ssrc": 5, "rtx": {"ssrc": 6}}, {"ssrc": 6}]
    parameters = msgspec.convert({"codecs": [], "encodings": encodings}, RtpParameters)
    with pytest.raises(InvalidInput, match=r"^ssrc 6 is given twice$"):
        producer_encodings(parameters)


def test_more_encodings_than_can_be_forwarded() -> None:
    encodings = [{"rid": str(number)} for number in range(5)]
    parameters = msgspec.convert({"codecs": [], "encodings": encodings}, RtpParameters)
    with pytest.raises(InvalidInput, match=r"^5 encodings, at most 4 can be forwarded$"):
        producer_encodings(parameters)


def test_known_extensions_only() -> None:
    wire = chrome_vp8()
    wire["headerExtensions"].append({"uri": "urn:of:tomorrow", "id": 9})
    assert extension_ids(negotiated(wire)[0]) == {
        ExtensionKind.EXT_MID: 4,
        ExtensionKind.EXT_RID: 10,
        ExtensionKind.EXT_REPAIRED_RID: 11,
        ExtensionKind.EXT_ABS_SEND_TIME: 2,
        ExtensionKind.EXT_TRANSPORT_CC: 3,
        ExtensionKind.EXT_ORIENTATION: 13,
        ExtensionKind.EXT_TOFFSET: 14,
    }


def test_feedback_is_by_type_and_parameter() -> None:
    camera, _ = negotiated(chrome_vp8())
    microphone, _ = negotiated(chrome_opus(), "audio")
    asked = [("nack", ""), ("nack", "pli"), ("ccm", "fir"), ("goog-remb", ""), ("transport-cc", "")]
    assert [camera.feedback(*item) for item in asked] == [True] * 5
    assert [microphone.feedback(*item) for item in asked] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("mime_type", "codec"),
    [
        ("audio/OPUS", Codec.CODEC_OPUS),
        ("audio/multiopus", Codec.CODEC_OPUS),
        ("video/vp8", Codec.CODEC_VP8),
        ("video/VP9", Codec.CODEC_VP9),
        ("video/H264", Codec.CODEC_H264),
        ("video/AV1", Codec.CODEC_AV1),
        ("video/H265", Codec.CODEC_H265),
        ("audio/red", Codec.CODEC_RED),
        ("audio/PCMU", Codec.CODEC_OTHER),
    ],
)
def test_codecs_the_media_path_can_read(mime_type: str, codec: Codec) -> None:
    assert codec_of(mime_type) is codec
