from __future__ import annotations

import pytest

from mediad.ortc.capabilities import DEFAULT_MEDIA_CODECS, SUPPORTED_CODECS, SUPPORTED_HEADER_EXTENSIONS
from mediad.ortc.negotiation import router_capabilities
from mediad.ortc.parameters import CodecCapability, RtpCapabilities
from tests.support.negotiation import VIDEO_FEEDBACK, feedback


def supported(name: str, clock_rate: int, channels: int | None = None) -> CodecCapability:
    (found,) = (
        codec
        for codec in SUPPORTED_CODECS
        if (codec.mime_type, codec.clock_rate, codec.channels) == (name, clock_rate, channels)
    )
    return found


@pytest.mark.parametrize(
    ("name", "clock_rates", "static", "spellings"),
    [
        ("audio/PCMU", [8000], {8000: 0}, ["transport-cc"]),
        ("audio/PCMA", [8000], {8000: 8}, ["transport-cc"]),
        ("audio/ISAC", [32000, 16000], {}, ["transport-cc"]),
        ("audio/G722", [8000], {8000: 9}, ["transport-cc"]),
        ("audio/iLBC", [8000], {}, ["transport-cc"]),
        ("audio/SILK", [24000, 16000, 12000, 8000], {}, ["transport-cc"]),
        ("audio/CN", [32000, 16000, 8000], {8000: 13}, []),
        ("audio/telephone-event", [48000, 32000, 16000, 8000], {}, []),
    ],
)
def test_telephony_codecs(
    name: str, clock_rates: list[int], static: dict[int, int], spellings: list[str]
) -> None:
    for clock_rate in clock_rates:
        wire = supported(name, clock_rate, 1).to_wire()
        assert wire["rtcpFeedback"] == feedback(*spellings)
        assert wire.get("preferredPayloadType") == static.get(clock_rate)
        assert wire["parameters"] == {}


@pytest.mark.parametrize("name", ["video/VP8", "video/VP9", "video/H264", "video/AV1", "video/H265"])
def test_video_codecs(name: str) -> None:
    wire = supported(name, 90000).to_wire()
    assert wire["rtcpFeedback"] == feedback(*VIDEO_FEEDBACK)
    assert wire["parameters"] == ({"level-asymmetry-allowed": 1} if name.startswith("video/H26") else {})
    assert "channels" not in wire


@pytest.mark.parametrize(
    ("channels", "mapping", "streams", "coupled"),
    [(4, "0,1,2,3", 2, 2), (6, "0,4,1,2,3,5", 4, 2), (8, "0,6,1,2,3,4,5,7", 5, 3)],
)
def test_multiopus(channels: int, mapping: str, streams: int, coupled: int) -> None:
    wire = supported("audio/multiopus", 48000, channels).to_wire()
    assert wire["parameters"] == {
        "channel_mapping": mapping,
        "num_streams": streams,
        "coupled_streams": coupled,
    }
    assert wire["rtcpFeedback"] == feedback("nack", "transport-cc")


def test_all_supported_codecs_are_named_here() -> None:
    assert len(SUPPORTED_CODECS) == 2 + 3 + 17 + 5
    assert supported("audio/opus", 48000, 2).to_wire()["rtcpFeedback"] == feedback("nack", "transport-cc")


def test_header_extensions() -> None:
    rows: dict[tuple[int, str], dict[str, str]] = {}
    for extension in SUPPORTED_HEADER_EXTENSIONS:
        assert extension.preferred_encrypt is False
        rows.setdefault((extension.preferred_id, extension.uri), {})[extension.kind] = extension.direction
    both = {"audio": "sendrecv", "video": "sendrecv"}
    assert rows == {
        (1, "urn:ietf:params:rtp-hdrext:sdes:mid"): both,
        (2, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"): {"video": "recvonly"},
        (3, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"): {"video": "recvonly"},
        (4, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"): both,
        (5, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"): {
            "audio": "recvonly",
            "video": "sendrecv",
        },
        (6, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"): {"audio": "sendrecv"},
        (7, "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"): {
            "video": "sendrecv"
        },
        (8, "urn:3gpp:video-orientation"): {"video": "sendrecv"},
        (9, "urn:ietf:params:rtp-hdrext:toffset"): {"video": "sendrecv"},
        (10, "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"): both,
        (11, "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"): both,
        (12, "urn:mediasoup:params:rtp-hdrext:packet-id"): both,
    }


def test_default_codecs() -> None:
    named = [(codec.mime_type, dict(codec.parameters)) for codec in DEFAULT_MEDIA_CODECS]
    start = {"x-google-start-bitrate": 1000}
    h264 = {**start, "packetization-mode": 1, "level-asymmetry-allowed": 1}
    assert named == [
        ("audio/opus", {}),
        ("video/VP8", start),
        ("video/VP9", {**start, "profile-id": 2}),
        ("video/H264", {**h264, "profile-level-id": "4d0032"}),
        ("video/H264", {**h264, "profile-level-id": "42e01f"}),
        ("video/AV1", start),
    ]


def test_a_router_can_offer_the_default_codecs() -> None:
    offered = router_capabilities(DEFAULT_MEDIA_CODECS)
    assert [codec.mime_type for codec in offered.codecs if not codec.is_rtx] == [
        codec.mime_type for codec in DEFAULT_MEDIA_CODECS
    ]
    assert RtpCapabilities.from_wire(offered.to_wire()) == offered
