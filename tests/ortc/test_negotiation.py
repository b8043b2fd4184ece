from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput, Unsupported
from mediad.ortc import capabilities as uri
from mediad.ortc.capabilities import DEFAULT_MEDIA_CODECS, SUPPORTED_CODECS, SUPPORTED_HEADER_EXTENSIONS
from mediad.ortc.negotiation import (
    DYNAMIC_PAYLOAD_TYPES,
    can_consume,
    consumer_mid,
    consumer_parameters,
    router_capabilities,
)
from mediad.ortc.parameters import RtpCapabilities, RtpParameters
from tests.support.negotiation import (
    H264,
    OPUS,
    VP8,
    accept,
    chrome_capabilities,
    chrome_opus,
    chrome_vp8,
    codec,
    extensions,
    feedback,
    router,
    video,
)
from tests.support.negotiation_junk import corrupted

MAIN_H264 = codec("video/H264", packetization_mode=1, profile_level_id="4d0032", level_asymmetry_allowed=1)


def consume(
    consumable: RtpParameters, capabilities: RtpCapabilities | None = None, **changes: Any
) -> RtpParameters:
    given_ = {"enable_rtx": True, "ssrc": 928_778_258, "mid": "0", **changes}
    return consumer_parameters(consumable, capabilities or chrome_capabilities(router()), **given_)


def only(capabilities: RtpCapabilities, *names: str) -> RtpCapabilities:
    kept = tuple(codec for codec in capabilities.codecs if codec.mime_type in names)
    return RtpCapabilities(kept, capabilities.header_extensions)


# -- what a router offers ----------------------------------------------------------------------------------


def test_payload_types_and_rtx() -> None:
    offered = router_capabilities([OPUS, VP8, codec("video/VP9", profile_id=2), MAIN_H264])
    assert [(codec.mime_type, codec.preferred_payload_type, codec.apt) for codec in offered.codecs] == [
        ("audio/opus", 100, None),
        ("video/VP8", 101, None),
        ("video/rtx", 102, 101),
        ("video/VP9", 103, None),
        ("video/rtx", 104, 103),
        ("video/H264", 105, None),
        ("video/rtx", 106, 105),
    ]
    assert offered.header_extensions == SUPPORTED_HEADER_EXTENSIONS


def test_capabilities_on_the_wire() -> None:
    assert router_capabilities([codec("VIDEO/vp8", x_google_start_bitrate=1000)]).to_wire()["codecs"] == [
        {
            "kind": "video",
            "mimeType": "video/VP8",
            "preferredPayloadType": 100,
            "clockRate": 90000,
            "parameters": {"x-google-start-bitrate": 1000},
            "rtcpFeedback": feedback("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"),
        },
        {
            "kind": "video",
            "mimeType": "video/rtx",
            "preferredPayloadType": 101,
            "clockRate": 90000,
            "parameters": {"apt": 100},
            "rtcpFeedback": [],
        },
    ]


def test_given_and_static_payload_types() -> None:
    offered = router_capabilities(
        [codec("audio/PCMU", 8000), codec("video/VP8", payload_type=101), OPUS, codec("audio/PCMA", 8000)]
    )
    assert [codec.preferred_payload_type for codec in offered.codecs] == [0, 101, 100, 102, 8]


def test_settings_overlay_the_supported_parameters() -> None:
    (offered, _) = router_capabilities([codec("video/H264", level_asymmetry_allowed=0, odd=7)]).codecs
    assert offered.parameters == {"level-asymmetry-allowed": 0, "odd": 7}


@pytest.mark.parametrize(
    "unknown",
    [codec("video/H263"), codec("audio/opus", 48000, 1), codec("audio/SILK", 44100), codec("video/rtx")],
)
def test_unknown_codecs(unknown: Any) -> None:
    with pytest.raises(Unsupported) as caught:
        router_capabilities([unknown])
    assert str(caught.value) == f"media codec not supported [mimeType:{unknown.mime_type}]"


@pytest.mark.parametrize(
    "media_codecs",
    [
        [OPUS, codec("video/VP8", payload_type=100)],
        [codec("audio/PCMU", 8000), codec("audio/PCMU", 8000)],
        [codec("video/VP8", payload_type=101), codec("video/VP9", payload_type=101)],
    ],
)
def test_payload_types_claimed_twice(media_codecs: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^duplicated codec\.preferredPayloadType"):
        router_capabilities(media_codecs)


def test_payload_types_run_out() -> None:
    fitting = len(DYNAMIC_PAYLOAD_TYPES) // 2
    offered = router_capabilities([VP8] * fitting)
    numbers = [codec.preferred_payload_type for codec in offered.codecs]
    assert numbers == list(DYNAMIC_PAYLOAD_TYPES[: 2 * fitting])
    with pytest.raises(Unsupported, match=r"^cannot allocate more dynamic codec payload types$"):
        router_capabilities([VP8] * (fitting + 1))


def test_the_payload_type_of_bandwidth_probes_is_not_given_out() -> None:
    assert sorted(DYNAMIC_PAYLOAD_TYPES) == list(range(96, 127))
    assert DYNAMIC_PAYLOAD_TYPES[0] == 100


@given(st.lists(st.sampled_from(SUPPORTED_CODECS), max_size=12, unique_by=id))
def test_any_offer_is_well_formed(media_codecs: Any) -> None:
    offered = router_capabilities(media_codecs)
    numbers = [codec.preferred_payload_type for codec in offered.codecs]
    assert len(set(numbers)) == len(numbers)
    assert None not in numbers
    media = {codec.preferred_payload_type for codec in offered.codecs if codec.kind == "video"}
    assert {codec.apt for codec in offered.codecs if codec.is_rtx} <= media
    assert RtpCapabilities.from_wire(offered.to_wire()) == offered


# -- who may consume ---------------------------------------------------------------------------------------


def test_codecs_decide() -> None:
    consumable = accept(chrome_vp8()).consumable
    assert can_consume(consumable, router())
    assert can_consume(consumable, only(router(), "video/VP8"))
    assert not can_consume(consumable, only(router(), "audio/opus"))
    assert not can_consume(consumable, only(router(), "video/rtx"))
    assert not can_consume(consumable, RtpCapabilities())


def test_payload_types_and_extensions_do_not_matter() -> None:
    stranger = RtpCapabilities((codec("video/vp8", payload_type=35),))
    assert can_consume(accept(chrome_vp8()).consumable, stranger)


def test_rtx_in_front_of_the_codec() -> None:
    consumable = accept(chrome_vp8()).consumable
    reversed_ = RtpParameters(tuple(reversed(consumable.codecs)))
    assert not can_consume(reversed_, router())
    assert can_consume(reversed_, only(router(), "video/VP8"))


def test_profiles() -> None:
    baseline = accept(video("video/H264", dict(H264.parameters)), router(H264)).consumable
    assert can_consume(baseline, RtpCapabilities((H264,)))
    assert not can_consume(baseline, RtpCapabilities((MAIN_H264,)))
    nine = accept(video("video/VP9", {"profile-id": 2}), router(codec("video/VP9", profile_id=2))).consumable
    assert can_consume(nine, RtpCapabilities((codec("video/VP9", profile_id=2),)))
    assert not can_consume(nine, RtpCapabilities((codec("video/VP9"),)))


def test_more_format_parameters_do_not_matter() -> None:
    baseline = accept(video("video/H264", dict(H264.parameters)), router(H264)).consumable
    known = codec("video/H264", packetization_mode=1, profile_level_id="42e034", max_fs=8160)
    assert can_consume(baseline, RtpCapabilities((known,)))


# -- what they get -----------------------------------------------------------------------------------------


def test_chrome_consumes_a_chrome_camera() -> None:
    assert consume(accept(chrome_vp8()).consumable).to_wire() == {
        "codecs": [
            {
                "mimeType": "video/VP8",
                "payloadType": 101,
                "clockRate": 90000,
                "parameters": {},
                "rtcpFeedback": feedback("nack", "nack pli", "ccm fir", "transport-cc"),
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
        ),
        "encodings": [
            {
                "ssrc": 928778258,
                "rtx": {"ssrc": 928778259},
                "scalabilityMode": "L3T3",
                "maxBitrate": 5000000,
            }
        ],
        "rtcp": {"cname": "abc", "reducedSize": True},
        "mid": "0",
        "msid": "s t",
    }


@pytest.mark.parametrize(("enable_rtx", "spellings"), [(True, ["nack"]), (False, [])])
def test_a_microphone(enable_rtx: bool, spellings: list[str]) -> None:
    wire = consume(accept(chrome_opus(), kind="audio").consumable, enable_rtx=enable_rtx).to_wire()
    assert wire["codecs"] == [
        {
            "mimeType": "audio/opus",
            "payloadType": 100,
            "clockRate": 48000,
            "channels": 2,
            "parameters": {"minptime": 10, "useinbandfec": 1, "sprop-stereo": 1, "usedtx": 1},
            "rtcpFeedback": feedback(*spellings),
        }
    ]
    assert wire["encodings"] == [{"ssrc": 928778258}]


def test_without_rtx() -> None:
    """Conformance 9: without RTX there is no RTX codec and no plain NACK; PLI and FIR stay."""
    wire = consume(accept(chrome_vp8()).consumable, enable_rtx=False).to_wire()
    assert [codec["mimeType"] for codec in wire["codecs"]] == ["video/VP8"]
    assert wire["codecs"][0]["rtcpFeedback"] == feedback("nack pli", "ccm fir", "transport-cc")
    assert "rtx" not in wire["encodings"][0]


def test_a_receiver_without_rtx() -> None:
    wire = consume(accept(chrome_vp8()).consumable, only(router(), "video/VP8")).to_wire()
    assert [codec["mimeType"] for codec in wire["codecs"]] == ["video/VP8"]
    assert "rtx" not in wire["encodings"][0]


def test_rtx_goes_with_the_codec_it_repairs() -> None:
    offered = router(VP8, H264)
    wire = chrome_vp8()
    wire["codecs"].append(
        {"mimeType": "video/H264", "payloadType": 98, "clockRate": 90000, "parameters": dict(H264.parameters)}
    )
    consumable = accept(wire, offered).consumable
    assert [codec.payload_type for codec in consumable.codecs] == [100, 101, 102, 103]
    consumer = consume(consumable, only(offered, "video/H264", "video/rtx"))
    assert [codec.payload_type for codec in consumer.codecs] == [102, 103]


def test_no_common_codec() -> None:
    consumable = accept(chrome_vp8()).consumable
    for known in (only(router(), "audio/opus"), only(router(), "video/rtx")):
        with pytest.raises(Unsupported, match=r"^no compatible media codecs$"):
            consume(consumable, known)


def test_feedback_is_the_receivers() -> None:
    known = RtpCapabilities.from_wire(
        {
            "codecs": [
                {"mimeType": "video/VP8", "clockRate": 90000, "rtcpFeedback": feedback("nack pli", "odd")}
            ]
        }
    )
    (consumed,) = consume(accept(chrome_vp8()).consumable, known).codecs
    assert consumed.to_wire()["rtcpFeedback"] == feedback("nack pli", "odd")


@pytest.mark.parametrize(
    ("uris", "kept"),
    [
        ([uri.TRANSPORT_CC, uri.ABS_SEND_TIME], ["transport-cc"]),
        ([uri.TRANSPORT_CC], ["transport-cc"]),
        ([uri.ABS_SEND_TIME], ["goog-remb"]),
        ([], []),
    ],
)
def test_one_way_to_estimate_bandwidth(uris: list[str], kept: list[str]) -> None:
    offered = router()
    known = RtpCapabilities(
        offered.codecs, tuple(extension for extension in offered.header_extensions if extension.uri in uris)
    )
    media, _ = consume(accept(chrome_vp8()).consumable, known).codecs
    assert media.to_wire()["rtcpFeedback"] == feedback("nack", "nack pli", "ccm fir", *kept)


def test_extensions_match_by_id_and_uri() -> None:
    wire = router().to_wire()
    for extension in wire["headerExtensions"]:
        extension["kind"] = "audio"
        extension["preferredId"] += extension["uri"] == uri.TIME_OFFSET
    consumer = consume(accept(chrome_vp8()).consumable, RtpCapabilities.from_wire(wire))
    found = [extension.uri for extension in consumer.header_extensions]
    assert uri.VIDEO_ORIENTATION in found
    assert uri.TIME_OFFSET not in found


@pytest.mark.parametrize(
    ("encodings", "expected"),
    [
        ([{"ssrc": 1}], {}),
        ([{"ssrc": 1, "scalabilityMode": "L3T3_KEY", "maxBitrate": 0}], {"scalabilityMode": "L3T3_KEY"}),
        ([{"ssrc": 1}, {"ssrc": 2}], {"scalabilityMode": "L2T1"}),
        (
            [{"ssrc": 1, "maxBitrate": 900}, {"ssrc": 2, "scalabilityMode": "L1T2"}, {"ssrc": 3}],
            {"scalabilityMode": "L3T2", "maxBitrate": 900},
        ),
        ([{"ssrc": 1, "dtx": True, "maxBitrate": 1.5}], {"maxBitrate": 1}),
    ],
)
def test_one_encoding_stands_for_all(encodings: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    consumer = consume(accept(chrome_vp8(encodings=encodings)).consumable, enable_rtx=False)
    assert consumer.to_wire()["encodings"] == [{"ssrc": 928778258, **expected}]


def test_pipe_keeps_all_encodings() -> None:
    wire = consume(accept(chrome_vp8()).consumable, pipe=True, ssrc=500).to_wire()
    assert "mid" not in wire
    assert wire["encodings"] == [
        {"ssrc": 500, "rtx": {"ssrc": 503}, "scalabilityMode": "L1T3", "maxBitrate": 500000},
        {"ssrc": 501, "rtx": {"ssrc": 504}, "scalabilityMode": "L1T3", "maxBitrate": 1000000},
        {"ssrc": 502, "rtx": {"ssrc": 505}, "scalabilityMode": "L1T3", "maxBitrate": 5000000},
    ]
    plain = consume(accept(chrome_vp8()).consumable, pipe=True, enable_rtx=False).to_wire()
    assert all("rtx" not in encoding for encoding in plain["encodings"])


def test_mids_count_and_fit_eight_digits() -> None:
    assert [consumer_mid(count) for count in (0, 1, 99_999_999, 100_000_000)] == ["0", "1", "99999999", "0"]


# -- any input ---------------------------------------------------------------------------------------------


@given(corrupted(chrome_capabilities(router(*DEFAULT_MEDIA_CODECS)).to_wire()), st.booleans(), st.booleans())
def test_who_can_consume_is_served_in_terms_they_know(wire: Any, enable_rtx: bool, pipe: bool) -> None:
    consumable = accept(chrome_vp8(), router(*DEFAULT_MEDIA_CODECS)).consumable
    try:
        known = RtpCapabilities.from_wire(wire)
    except InvalidInput:
        return
    if not can_consume(consumable, known):
        with pytest.raises(Unsupported):
            consume(consumable, known, enable_rtx=enable_rtx, pipe=pipe)
        return
    consumer = consume(consumable, known, enable_rtx=enable_rtx, pipe=pipe)
    assert RtpParameters.from_wire(consumer.to_wire()) == consumer
    assert can_consume(consumer, known)
    assert {(extension.uri, extension.id) for extension in consumer.header_extensions} <= {
        (extension.uri, extension.preferred_id) for extension in known.header_extensions
    }
    offered_feedback = {item for codec in known.codecs for item in codec.rtcp_feedback}
    assert all(offered_feedback.issuperset(codec.rtcp_feedback) for codec in consumer.codecs)
    repaired = {codec.apt for codec in consumer.codecs if codec.is_rtx}
    assert repaired <= {codec.payload_type for codec in consumer.media_codecs}
