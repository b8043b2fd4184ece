from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput
from mediad.ortc.parameters import (
    CodecCapability,
    CodecParameters,
    EncodingParameters,
    HeaderExtensionCapability,
    HeaderExtensionParameters,
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpParameters,
)
from tests.support.negotiation import chrome_opus, chrome_vp8
from tests.support.negotiation_junk import corrupted, json_values


def refusal(read: Any, *arguments: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(*arguments)
    return str(caught.value)


VP8 = {"mimeType": "video/VP8", "clockRate": 90000}
CAPABILITIES = {
    "codecs": [
        {
            "kind": "video",
            "mimeType": "video/VP8",
            "preferredPayloadType": 101,
            "clockRate": 90000,
            "parameters": {},
            "rtcpFeedback": [{"type": "nack", "parameter": ""}, {"type": "nack", "parameter": "pli"}],
        }
    ],
    "headerExtensions": [
        {
            "kind": "video",
            "uri": "urn:ietf:params:rtp-hdrext:sdes:mid",
            "preferredId": 1,
            "preferredEncrypt": False,
            "direction": "sendrecv",
        }
    ],
}


def test_capabilities_in_full() -> None:
    capabilities = RtpCapabilities.from_wire(CAPABILITIES)
    assert capabilities == RtpCapabilities(
        (
            CodecCapability(
                "video/VP8",
                90000,
                rtcp_feedback=(RtcpFeedback("nack"), RtcpFeedback("nack", "pli")),
                preferred_payload_type=101,
            ),
        ),
        (HeaderExtensionCapability("video", "urn:ietf:params:rtp-hdrext:sdes:mid", 1),),
    )
    assert capabilities.to_wire() == CAPABILITIES


def test_capabilities_may_be_empty() -> None:
    assert RtpCapabilities.from_wire({}) == RtpCapabilities() == RtpCapabilities.from_wire({"codecs": None})
    assert RtpCapabilities().to_wire() == {"codecs": [], "headerExtensions": []}


def test_kind_comes_from_the_mime_type() -> None:
    codec = CodecCapability.from_wire({**VP8, "kind": "audio"})
    assert codec.kind == "video"
    assert CodecCapability.from_wire({"mimeType": "AUDIO/opus", "clockRate": 1}).kind == "audio"


def test_defaults_of_codecs() -> None:
    audio = CodecCapability.from_wire({"mimeType": "audio/PCMU", "clockRate": 8000})
    assert audio == CodecCapability("audio/PCMU", 8000, 1, {}, (), preferred_payload_type=None)
    assert CodecCapability.from_wire({**VP8, "channels": 2}).channels is None
    assert "channels" not in CodecCapability.from_wire(VP8).to_wire()
    assert "preferredPayloadType" not in CodecCapability.from_wire(VP8).to_wire()


def test_rtx_knows_what_it_repairs() -> None:
    rtx = CodecCapability.from_wire({**VP8, "mimeType": "video/RTX", "parameters": {"apt": 96.0}})
    assert rtx.is_rtx
    assert rtx.apt == 96
    media = CodecCapability.from_wire(VP8)
    assert not media.is_rtx
    assert media.apt is None


def test_header_extension_defaults() -> None:
    extension = HeaderExtensionCapability.from_wire({"kind": "audio", "uri": "urn:x", "preferredId": 14})
    assert extension == HeaderExtensionCapability("audio", "urn:x", 14, False, "sendrecv")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"mimeType": None}, "c.mimeType: expected a string, got nothing"),
        ({"mimeType": "VP8"}, "c.mimeType: expected audio/NAME or video/NAME, got 'VP8'"),
        ({"mimeType": "video/"}, "c.mimeType: expected audio/NAME or video/NAME"),
        ({"mimeType": "text/x"}, "c.mimeType: expected audio/NAME or video/NAME"),
        ({"mimeType": "video/a b"}, "c.mimeType: expected audio/NAME or video/NAME"),
        ({"mimeType": "video/" + "x" * 49}, "c.mimeType: expected a string of at most 54 characters"),
        ({"clockRate": None}, "c.clockRate: expected an integer 1..4294967295, got nothing"),
        ({"clockRate": "90000"}, "c.clockRate: expected an integer 1..4294967295, got '90000'"),
        ({"channels": 0}, "c.channels: expected an integer 1..255"),
        ({"preferredPayloadType": 128}, "c.preferredPayloadType: expected an integer 0..127, got 128"),
        ({"parameters": {"apt": "96"}}, "c.parameters.apt: expected an integer 0..127, got '96'"),
        ({"parameters": {"apt": None}}, "c.parameters.apt: expected an integer 0..127, got ''"),
        ({"parameters": {"x": False}}, "c.parameters.x: expected a string"),
        ({"rtcpFeedback": {}}, "c.rtcpFeedback: expected an array of at most 32 items, got an object"),
        ({"rtcpFeedback": ["nack"]}, "c.rtcpFeedback[0]: expected an object, got 'nack'"),
        ({"rtcpFeedback": [{}]}, "c.rtcpFeedback[0].type: expected a string, got nothing"),
        ({"rtcpFeedback": [{"type": "nack", "parameter": 1}]}, "c.rtcpFeedback[0].parameter: expected a str"),
    ],
)
def test_wrong_codec_capabilities(changes: dict[str, Any], text: str) -> None:
    assert refusal(CodecCapability.from_wire, {**VP8, **changes}, "c").startswith(text)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"kind": ""}, "e.kind: expected one of audio, video, got ''"),
        ({"kind": "Audio"}, "e.kind: expected one of audio, video, got 'Audio'"),
        ({"uri": None}, "e.uri: expected a string, got nothing"),
        ({"preferredId": None}, "e.preferredId: expected an integer 1..255, got nothing"),
        ({"preferredEncrypt": 0}, "e.preferredEncrypt: expected a boolean, got 0"),
        ({"direction": "both"}, "e.direction: expected one of sendrecv, sendonly, recvonly, inactive"),
    ],
)
def test_wrong_header_extension_capabilities(changes: dict[str, Any], text: str) -> None:
    wire = {"kind": "audio", "uri": "urn:x", "preferredId": 1, **changes}
    assert refusal(HeaderExtensionCapability.from_wire, wire, "e").startswith(text)


def test_parameters_in_full() -> None:
    wire = chrome_vp8(
        encodings=[{"ssrc": 1, "rtx": {"ssrc": 2}, "dtx": True, "codecPayloadType": 96, "maxBitrate": 9}]
    )
    parameters = RtpParameters.from_wire(wire)
    assert parameters.to_wire() == wire
    assert parameters.codecs[1] == CodecParameters(
        "video/rtx", 90000, parameters={"apt": 96}, payload_type=97
    )
    assert parameters.media_codecs == parameters.codecs[:1]
    assert parameters.header_extensions[0] == HeaderExtensionParameters(
        "urn:ietf:params:rtp-hdrext:sdes:mid", 4
    )
    assert parameters.encodings == (
        EncodingParameters(ssrc=1, rtx_ssrc=2, dtx=True, codec_payload_type=96, max_bitrate_bps=9),
    )
    assert (parameters.mid, parameters.msid, parameters.rtcp.cname) == ("1", "s t", "abc")


def test_defaults_of_parameters() -> None:
    parameters = RtpParameters.from_wire({"codecs": [{**VP8, "payloadType": 96}]})
    assert parameters.mid is None
    assert parameters.encodings == (EncodingParameters(),)
    assert parameters.rtcp == RtcpParameters(cname=None, reduced_size=True)
    assert parameters.to_wire() == {
        "codecs": [
            {
                "mimeType": "video/VP8",
                "payloadType": 96,
                "clockRate": 90000,
                "parameters": {},
                "rtcpFeedback": [],
            }
        ],
        "headerExtensions": [],
        "encodings": [{}],
        "rtcp": {"reducedSize": True},
    }


def test_empty_names_count_as_absent() -> None:
    wire = chrome_opus(mid="", msid="", rtcp={"cname": "", "reducedSize": False}, encodings=[{"rid": ""}])
    parameters = RtpParameters.from_wire(wire)
    assert (parameters.mid, parameters.msid, parameters.rtcp) == (None, None, RtcpParameters(None, False))
    assert parameters.encodings == (EncodingParameters(),)


def test_what_browsers_add_to_encodings_is_ignored() -> None:
    added = {"active": True, "scaleResolutionDownBy": 4, "networkPriority": "high", "adaptivePtime": False}
    assert EncodingParameters.from_wire({"rid": "r0", **added}) == EncodingParameters(rid="r0")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"codecs": None}, "rtpParameters.codecs: expected an array of at most 64 items, got nothing"),
        ({"codecs": [{}] * 65}, "rtpParameters.codecs: expected an array of at most 64 items"),
        ({"codecs": [VP8]}, "rtpParameters.codecs[0].payloadType: expected an integer 0..127, got nothing"),
        ({"mid": 1}, "rtpParameters.mid: expected a string of at most 16 characters, got 1"),
        ({"mid": "m" * 17}, "rtpParameters.mid: expected a string of at most 16 characters"),
        ({"mid": "é"}, "rtpParameters.mid: expected a string of printable ASCII characters"),
        ({"headerExtensions": [{"uri": "u"}]}, "rtpParameters.headerExtensions[0].id: expected an integer"),
        (
            {"headerExtensions": [{"uri": "u", "id": 0}]},
            "rtpParameters.headerExtensions[0].id: expected an in",
        ),
        ({"headerExtensions": [{"id": 1}]}, "rtpParameters.headerExtensions[0].uri: expected a string"),
        ({"encodings": [{}] * 5}, "rtpParameters.encodings: expected an array of at most 4 items"),
        ({"encodings": [{"ssrc": 0}]}, "rtpParameters.encodings[0].ssrc: expected an integer 1..4294967295"),
        ({"encodings": [{"ssrc": 2**32}]}, "rtpParameters.encodings[0].ssrc: expected an integer"),
        ({"encodings": [{"rtx": {}}]}, "rtpParameters.encodings[0].rtx.ssrc: expected an integer"),
        ({"encodings": [{"rtx": 5}]}, "rtpParameters.encodings[0].rtx: expected an object, got 5"),
        (
            {"encodings": [{"rid": "r" * 17}]},
            "rtpParameters.encodings[0].rid: expected a string of at most 16",
        ),
        ({"encodings": [{"dtx": "yes"}]}, "rtpParameters.encodings[0].dtx: expected a boolean"),
        ({"encodings": [{"maxBitrate": "1M"}]}, "rtpParameters.encodings[0].maxBitrate: expected a number"),
        (
            {"encodings": [{"scalabilityMode": 3}]},
            "rtpParameters.encodings[0].scalabilityMode: expected a str",
        ),
        ({"rtcp": []}, "rtpParameters.rtcp: expected an object, got an array of 0 items"),
        ({"rtcp": {"cname": 1}}, "rtpParameters.rtcp.cname: expected a string of at most 255 characters"),
        ({"rtcp": {"reducedSize": 1}}, "rtpParameters.rtcp.reducedSize: expected a boolean"),
        ({"msid": 1}, "rtpParameters.msid: expected a string of at most 256 characters"),
    ],
)
def test_wrong_parameters(changes: dict[str, Any], text: str) -> None:
    assert refusal(RtpParameters.from_wire, chrome_vp8(**changes)).startswith(text)


@given(corrupted(CAPABILITIES))
def test_capabilities_are_refused_or_come_back_equal(wire: Any) -> None:
    try:
        capabilities = RtpCapabilities.from_wire(wire)
    except InvalidInput:
        return
    assert RtpCapabilities.from_wire(capabilities.to_wire()) == capabilities


@given(corrupted(chrome_vp8()) | corrupted(chrome_opus()))
def test_parameters_are_refused_or_come_back_equal(wire: Any) -> None:
    try:
        parameters = RtpParameters.from_wire(wire)
    except InvalidInput:
        return
    assert RtpParameters.from_wire(parameters.to_wire()) == parameters


@given(st.sampled_from([RtpCapabilities, RtpParameters]), json_values())
def test_junk_is_refused(shape: type[RtpCapabilities] | type[RtpParameters], junk: Any) -> None:
    try:
        understood = shape.from_wire(junk)
    except InvalidInput:
        return
    assert isinstance(junk, dict)
    assert understood == RtpCapabilities.from_wire({})
