from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from mediad.errors import InvalidInput, MediadError, Unsupported
from mediad.ortc import capabilities as uri
from mediad.ortc.acceptance import EncodingMapping, RtpMapping, accept_producer
from mediad.ortc.parameters import RtpCapabilities, RtpParameters
from tests.support.negotiation import (
    H264,
    OPUS,
    accept,
    chrome_opus,
    chrome_vp8,
    codec,
    extensions,
    feedback,
    router,
    video,
)
from tests.support.negotiation_junk import corrupted


def refusal(
    kind_of_error: type[MediadError], wire: dict[str, Any], *offered: Any, kind: str = "video"
) -> str:
    with pytest.raises(kind_of_error) as caught:
        accept(wire, router(*offered), kind=kind)
    return str(caught.value)


def changed_codec(wire: dict[str, Any], index: int, **changes: Any) -> dict[str, Any]:
    wire["codecs"][index] = {**wire["codecs"][index], **changes}
    return wire


# -- the worked example ------------------------------------------------------------------------------------


def test_mapping_of_a_chrome_camera() -> None:
    assert accept(chrome_vp8()).mapping.to_wire() == {
        "codecs": [
            {"payloadType": 96, "mappedPayloadType": 101},
            {"payloadType": 97, "mappedPayloadType": 102},
        ],
        "encodings": [
            {"rid": "r0", "scalabilityMode": "L1T3", "mappedSsrc": 896690014},
            {"rid": "r1", "scalabilityMode": "L1T3", "mappedSsrc": 896690015},
            {"rid": "r2", "scalabilityMode": "L1T3", "mappedSsrc": 896690016},
        ],
    }


def test_what_others_can_consume_of_a_chrome_camera() -> None:
    assert accept(chrome_vp8()).consumable.to_wire() == {
        "codecs": [
            {
                "mimeType": "video/VP8",
                "payloadType": 101,
                "clockRate": 90000,
                "parameters": {},
                "rtcpFeedback": feedback("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"),
            },
            {
                "mimeType": "video/rtx",
                "payloadType": 102,
                "clockRate": 90000,
                "parameters": {"apt": 101},
                "rtcpFeedback": [],
            },
        ],
        "headerExtensions": extensions(
            MID=1,
            ABS_SEND_TIME=4,
            TRANSPORT_CC=5,
            DEPENDENCY_DESCRIPTOR=7,
            VIDEO_ORIENTATION=8,
            TIME_OFFSET=9,
            PLAYOUT_DELAY=11,
            PACKET_ID=12,
        ),
        "encodings": [
            {"ssrc": 896690014, "scalabilityMode": "L1T3", "maxBitrate": 500000},
            {"ssrc": 896690015, "scalabilityMode": "L1T3", "maxBitrate": 1000000},
            {"ssrc": 896690016, "scalabilityMode": "L1T3", "maxBitrate": 5000000},
        ],
        "rtcp": {"cname": "abc", "reducedSize": True},
        "msid": "s t",
    }


def test_a_microphone() -> None:
    accepted = accept(chrome_opus(), kind="audio")
    assert (accepted.kind, accepted.type) == ("audio", "simple")
    assert accepted.consumable.to_wire() == {
        "codecs": [
            {
                "mimeType": "audio/opus",
                "payloadType": 100,
                "clockRate": 48000,
                "channels": 2,
                "parameters": {"minptime": 10, "useinbandfec": 1, "sprop-stereo": 1, "usedtx": 1},
                "rtcpFeedback": feedback("nack", "transport-cc"),
            }
        ],
        "headerExtensions": extensions(MID=1, ABS_SEND_TIME=4, AUDIO_LEVEL=6, PLAYOUT_DELAY=11, PACKET_ID=12),
        "encodings": [{"ssrc": 896690014, "dtx": True}],
        "rtcp": {"cname": "abc", "reducedSize": True},
        "msid": "s t",
    }


# -- mapping -----------------------------------------------------------------------------------------------


def test_rtx_is_consumable_even_if_it_is_not_sent() -> None:
    accepted = accept(video("video/VP8"))
    assert accepted.mapping.payload_types == {96: 101}
    assert [codec.payload_type for codec in accepted.consumable.codecs] == [101, 102]


def test_names_match_in_any_case_and_become_the_routers() -> None:
    assert accept(video("video/vp8")).consumable.codecs[0].mime_type == "video/VP8"


def test_the_order_of_codecs_does_not_matter() -> None:
    wire = chrome_vp8()
    wire["codecs"].reverse()
    accepted = accept(wire)
    assert accepted.mapping.payload_types == {97: 102, 96: 101}
    assert [codec.payload_type for codec in accepted.rtp_parameters.codecs] == [97, 96]


def test_h264_is_answered_in_the_producers_own_parameters() -> None:
    parameters = {"packetization-mode": 1, "level-asymmetry-allowed": 1}
    accepted = accept(video("video/H264", parameters), router(H264))
    assert accepted.rtp_parameters.codecs[0].parameters == {**parameters, "profile-level-id": "42e01f"}
    assert accepted.consumable.codecs[0].parameters == {**parameters, "profile-level-id": "42e01f"}


def test_two_codecs_that_answer_one_of_the_routers_are_consumable_once() -> None:
    wire = chrome_vp8()
    wire["codecs"].append({**wire["codecs"][0], "payloadType": 98})
    accepted = accept(wire)
    assert accepted.mapping.payload_types == {96: 101, 97: 102, 98: 101}
    assert [codec.payload_type for codec in accepted.consumable.codecs] == [101, 102]


def test_capture_time_is_consumable_when_it_is_sent() -> None:
    accepted = accept(chrome_vp8(headerExtensions=extensions(ABS_CAPTURE_TIME=7)))
    found = {extension.uri: extension.id for extension in accepted.consumable.header_extensions}
    assert found[uri.ABS_CAPTURE_TIME] == 10


def test_the_given_cname_counts() -> None:
    for wired in ({"cname": "own"}, {}):
        parameters = RtpParameters.from_wire(chrome_vp8(rtcp={**wired, "reducedSize": False}))
        accepted = accept_producer("video", parameters, router(), cname="first", mapped_ssrc=1)
        assert accepted.rtp_parameters.rtcp.to_wire() == {"cname": "first", "reducedSize": False}
        assert accepted.consumable.rtcp.to_wire() == {"cname": "first", "reducedSize": True}


def test_encodings_are_told_their_codec() -> None:
    encodings = accept(chrome_vp8()).rtp_parameters.encodings
    assert [encoding.codec_payload_type for encoding in encodings] == [96, 96, 96]


def test_unsupported_codecs() -> None:
    text = refusal(Unsupported, video("video/VP9"))
    assert text == "unsupported codec [mimeType:video/VP9, payloadType:96]"
    odd = video("video/H264", {"packetization-mode": 1, "profile-level-id": "4d001f"})
    assert refusal(Unsupported, odd, H264) == "unsupported codec [mimeType:video/H264, payloadType:96]"


@pytest.mark.parametrize("parameters", [{"apt": 95}, {}, {"apt": 97}])
def test_rtx_of_nothing(parameters: dict[str, int]) -> None:
    wire = changed_codec(chrome_vp8(), 1, parameters=parameters)
    assert refusal(InvalidInput, wire) == "missing media codec found for RTX PT 97"


def test_rtx_the_router_does_not_have() -> None:
    without = RtpCapabilities(tuple(codec for codec in router().codecs if not codec.is_rtx))
    with pytest.raises(Unsupported, match=r"^no RTX codec for capability codec PT 101$"):
        accept(chrome_vp8(), without)


# -- what contradicts itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "Video", "both"])
def test_kinds(kind: str) -> None:
    assert refusal(InvalidInput, chrome_vp8(), kind=kind) == f"kind: expected audio or video, got {kind!r}"


def test_codecs_of_the_other_kind() -> None:
    text = refusal(InvalidInput, chrome_opus())
    assert text == "rtpParameters.codecs: audio/opus in a producer of kind video"


@pytest.mark.parametrize("kept", [slice(0, 0), slice(1, 2)])
def test_media_codecs_are_needed(kept: slice) -> None:
    assert refusal(InvalidInput, chrome_vp8(codecs=chrome_vp8()["codecs"][kept])) == "no media codecs found"


def test_payload_types_are_distinct() -> None:
    wire = changed_codec(chrome_vp8(), 1, payloadType=96)
    assert refusal(InvalidInput, wire) == "rtpParameters.codecs: duplicated payloadType 96"


@pytest.mark.parametrize("number", [97, 100])
def test_encodings_name_a_media_codec(number: int) -> None:
    wire = video("video/VP8", encodings=[{"ssrc": 1, "codecPayloadType": number}])
    wire["codecs"] = chrome_vp8()["codecs"]
    assert refusal(InvalidInput, wire) == f"no media codec found for encoding codecPayloadType {number}"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"mid": None, "encodings": []}, "[0]: expected a ssrc or rid, or a mid beside it"),
        ({"encodings": [{"rid": "a"}, {}]}, "[1]: expected a ssrc or rid of its own"),
        ({"encodings": [{"rid": "a"}, {"rid": "a"}]}, ": duplicated rid a"),
        ({"encodings": [{"ssrc": 5}, {"ssrc": 5}]}, ": duplicated ssrc 5"),
        ({"encodings": [{"ssrc": 5, "rtx": {"ssrc": 5}}]}, ": duplicated ssrc 5"),
    ],
)
def test_encodings_can_be_told_apart(changes: dict[str, Any], text: str) -> None:
    assert refusal(InvalidInput, chrome_vp8(**changes)) == f"rtpParameters.encodings{text}"


@pytest.mark.parametrize(
    "changes",
    [
        {"mid": None, "encodings": [{"ssrc": 5}]},
        {"mid": None, "encodings": [{"rid": "a"}]},
        {"mid": "1", "encodings": []},
        {"mid": None, "encodings": [{"ssrc": 5, "rid": "a"}, {"ssrc": 6, "rid": "b"}]},
    ],
)
def test_enough_to_tell_encodings_apart(changes: dict[str, Any]) -> None:
    count = len(changes["encodings"]) or 1
    assert len(accept(chrome_vp8(**changes)).mapping.encodings) == count


def test_simulcast_of_spatial_layers() -> None:
    wire = chrome_vp8(encodings=[{"rid": "a"}, {"rid": "b", "scalabilityMode": "L2T1"}])
    text = "cannot use both simulcast and encodings with multiple SVC spatial layers"
    assert refusal(InvalidInput, wire) == text


# -- type --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["VP8", "VP9", "H264", "AV1"])
@pytest.mark.parametrize(
    ("encodings", "expected"),
    [
        ([{}], "simple"),
        ([{"scalabilityMode": "L1T1"}], "simple"),
        ([{"scalabilityMode": "nonsense"}], "simple"),
        ([{"scalabilityMode": "L1T3"}], "svc"),
        ([{"scalabilityMode": "L3T3_KEY"}], "svc"),
        ([{"rid": "a"}, {"rid": "b"}], "simulcast"),
        ([{"rid": "a", "scalabilityMode": "L1T3"}, {"rid": "b", "scalabilityMode": "L1T3"}], "simulcast"),
    ],
)
def test_types_of_video(name: str, encodings: list[dict[str, Any]], expected: str) -> None:
    wire = video(f"video/{name}", encodings=encodings)
    assert accept(wire, router(codec(f"video/{name}"))).type == expected


def test_audio_is_simple() -> None:
    wire = chrome_opus(encodings=[{"ssrc": 1, "scalabilityMode": "L1T3"}])
    assert accept(wire, kind="audio").type == "simple"


def test_audio_has_no_simulcast() -> None:
    wire = chrome_opus(encodings=[{"ssrc": 1}, {"ssrc": 2}])
    text = refusal(Unsupported, wire, OPUS, kind="audio")
    assert text == "audio/opus codec not supported for simulcast"


def test_layers_of_an_unknown_codec() -> None:
    wire = video("video/H263", encodings=[{"ssrc": 1, "scalabilityMode": "L1T3"}])
    assert refusal(Unsupported, wire) == "video/H263 codec not supported for svc"


def test_the_codec_of_the_first_encoding_decides() -> None:
    wire = chrome_vp8()
    wire["codecs"].insert(0, {"mimeType": "video/H263", "payloadType": 95, "clockRate": 90000})
    assert "H263 codec not supported for simulcast" in refusal(Unsupported, wire)
    for encoding in wire["encodings"]:
        encoding["codecPayloadType"] = 96
    assert refusal(Unsupported, wire) == "unsupported codec [mimeType:video/H263, payloadType:95]"


# -- the mapping's JSON shape ------------------------------------------------------------------------------


def test_mappings_come_back_equal() -> None:
    for wire in (chrome_vp8(), chrome_vp8(encodings=[{"ssrc": 5}])):
        mapping = accept(wire).mapping
        assert RtpMapping.from_wire(mapping.to_wire()) == mapping
    assert mapping.encodings == (EncodingMapping(896690014, ssrc=5),)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"codecs": None}, "rtpMapping.codecs: expected an array"),
        ({"encodings": None}, "rtpMapping.encodings: expected an array"),
        ({"codecs": [{"payloadType": 1}]}, "rtpMapping.codecs[0].mappedPayloadType: expected an integer"),
        ({"encodings": [{}]}, "rtpMapping.encodings[0].mappedSsrc: expected an integer"),
    ],
)
def test_wrong_mappings(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        RtpMapping.from_wire({**accept(chrome_vp8()).mapping.to_wire(), **changes})
    assert str(caught.value).startswith(text)


# -- any input ---------------------------------------------------------------------------------------------


@given(corrupted(chrome_vp8()))
def test_any_producer_is_refused_or_mapped_whole(wire: Any) -> None:
    offered = router()
    try:
        accepted = accept_producer(
            "video", RtpParameters.from_wire(wire), offered, cname="abc", mapped_ssrc=100
        )
    except (InvalidInput, Unsupported):
        return
    sent = accepted.rtp_parameters
    assert list(accepted.mapping.payload_types) == [codec.payload_type for codec in sent.codecs]
    assert {codec.preferred_payload_type for codec in offered.codecs}.issuperset(
        accepted.mapping.payload_types.values()
    )
    assert [e.ssrc for e in accepted.consumable.encodings] == [
        100 + index for index in range(len(sent.encodings))
    ]
    assert RtpParameters.from_wire(accepted.consumable.to_wire()) == accepted.consumable
    assert RtpParameters.from_wire(sent.to_wire()) == sent
