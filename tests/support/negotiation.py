"""RTP capabilities and parameters as Chrome states them through mediasoup-client."""

from __future__ import annotations

from typing import Any

from mediad.ortc import capabilities as uri
from mediad.ortc.acceptance import AcceptedProducer, accept_producer
from mediad.ortc.negotiation import router_capabilities
from mediad.ortc.parameters import CodecCapability, RtpCapabilities, RtpParameters

VIDEO_FEEDBACK = ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"]


def codec(
    mime_type: str, clock_rate: int = 90000, channels: int | None = None, **more: Any
) -> CodecCapability:
    """A media codec as it stands in the settings; underscores in names mean dashes."""
    parameters = {name.replace("_", "-"): value for name, value in more.items()}
    payload_type = parameters.pop("payload-type", None)
    return CodecCapability.from_wire(
        {
            "mimeType": mime_type,
            "clockRate": clock_rate,
            "channels": channels,
            "parameters": parameters,
            "preferredPayloadType": payload_type,
        }
    )


OPUS = codec("audio/opus", 48000, 2)
VP8 = codec("video/VP8")
H264 = codec("video/H264", packetization_mode=1, profile_level_id="42e01f", level_asymmetry_allowed=1)


def router(*media_codecs: CodecCapability) -> RtpCapabilities:
    """Return a router's capabilities, with opus and VP8 unless given others."""
    return router_capabilities(media_codecs or (OPUS, VP8))


def feedback(*spellings: str) -> list[dict[str, str]]:
    """`nack pli` is type nack, parameter pli."""
    pairs = (spelling.partition(" ") for spelling in spellings)
    return [{"type": kind, "parameter": parameter} for kind, _, parameter in pairs]


def extensions(**ids: int) -> list[dict[str, Any]]:
    """Header extensions in use: `MID=4` is the constant of mediad.ortc.capabilities and the id for it."""
    return [
        {"uri": getattr(uri, name), "id": number, "encrypt": False, "parameters": {}}
        for name, number in ids.items()
    ]


def chrome_capabilities(offered: RtpCapabilities) -> RtpCapabilities:
    """Return Chrome's capabilities under the router's numbers, without those that Chrome lacks."""
    return RtpCapabilities(
        offered.codecs,
        tuple(
            extension
            for extension in offered.header_extensions
            if extension.direction != "recvonly" and extension.uri != uri.PACKET_ID
        ),
    )


def chrome_opus(**changes: Any) -> dict[str, Any]:
    """A microphone."""
    return {
        "mid": "0",
        "codecs": [
            {
                "mimeType": "audio/opus",
                "payloadType": 111,
                "clockRate": 48000,
                "channels": 2,
                "parameters": {"minptime": 10, "useinbandfec": 1, "sprop-stereo": 1, "usedtx": 1},
                "rtcpFeedback": feedback("transport-cc", "nack"),
            }
        ],
        "headerExtensions": extensions(MID=4, ABS_SEND_TIME=2, TRANSPORT_CC=3, AUDIO_LEVEL=1),
        "encodings": [{"ssrc": 1111, "dtx": True}],
        "rtcp": {"cname": "abc", "reducedSize": True},
        "msid": "s t",
    } | changes


def chrome_vp8(**changes: Any) -> dict[str, Any]:
    """A camera in three sizes."""
    return {
        "mid": "1",
        "codecs": [
            {
                "mimeType": "video/VP8",
                "payloadType": 96,
                "clockRate": 90000,
                "parameters": {},
                "rtcpFeedback": feedback(*VIDEO_FEEDBACK),
            },
            {
                "mimeType": "video/rtx",
                "payloadType": 97,
                "clockRate": 90000,
                "parameters": {"apt": 96},
                "rtcpFeedback": [],
            },
        ],
        "headerExtensions": extensions(
            MID=4,
            RID=10,
            REPAIRED_RID=11,
            ABS_SEND_TIME=2,
            TRANSPORT_CC=3,
            VIDEO_ORIENTATION=13,
            TIME_OFFSET=14,
        ),
        "encodings": [
            {"rid": f"r{index}", "maxBitrate": bitrate, "scalabilityMode": "L1T3", "active": True}
            for index, bitrate in enumerate((500_000, 1_000_000, 5_000_000))
        ],
        "rtcp": {"cname": "abc", "reducedSize": True},
        "msid": "s t",
    } | changes


def video(mime_type: str, parameters: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A camera in one size, without RTX."""
    named = {"mimeType": mime_type, "payloadType": 96, "clockRate": 90000, "parameters": parameters or {}}
    return chrome_vp8(codecs=[named], encodings=[{"ssrc": 2222}]) | changes


def accept(
    wire: dict[str, Any], offered: RtpCapabilities | None = None, *, kind: str = "video"
) -> AcceptedProducer:
    """Take a producer in under the numbers of the worked example."""
    return accept_producer(
        kind, RtpParameters.from_wire(wire), offered or router(), cname="abc", mapped_ssrc=896_690_014
    )
