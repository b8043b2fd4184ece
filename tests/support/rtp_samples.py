"""RTP parameters as browsers send them through mediasoup-client, composed for the tests."""

from __future__ import annotations

from typing import Any

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"


def opus(mid: str | None = "0", ssrc: int = 11110000, cname: str = "cname-of-opus") -> dict[str, Any]:
    """A microphone."""
    parameters: dict[str, Any] = {
        "codecs": [
            {
                "mimeType": "audio/opus",
                "payloadType": 111,
                "clockRate": 48000,
                "channels": 2,
                "parameters": {"minptime": 10, "useinbandfec": 1},
                "rtcpFeedback": [
                    {"type": "nack", "parameter": ""},
                    {"type": "transport-cc", "parameter": ""},
                ],
            }
        ],
        "headerExtensions": [{"uri": MID_URI, "id": 4, "encrypt": False, "parameters": {}}],
        "encodings": [{"ssrc": ssrc, "dtx": False}],
        "rtcp": {"cname": cname, "reducedSize": True},
    }
    return parameters if mid is None else {"mid": mid, **parameters}


def vp8(mid: str | None = "1", ssrc: int = 22220000, cname: str = "cname-of-vp8") -> dict[str, Any]:
    """A camera without simulcast."""
    parameters = _vp8([{"ssrc": ssrc, "rtx": {"ssrc": ssrc + 1}}], cname)
    return parameters if mid is None else {"mid": mid, **parameters}


def vp8_simulcast(mid: str | None = "1") -> dict[str, Any]:
    """A camera in three sizes, as Chrome announces them: RIDs and no SSRC."""
    encodings = [
        {"rid": f"r{index}", "maxBitrate": bitrate, "scalabilityMode": "L1T3"}
        for index, bitrate in enumerate((500_000, 1_000_000, 5_000_000))
    ]
    parameters = _vp8(encodings, "cname-of-vp8")
    return parameters if mid is None else {"mid": mid, **parameters}


def h264(profile_level_id: str, mid: str = "1", ssrc: int = 33330000) -> dict[str, Any]:
    """A camera of a browser that prefers H.264."""
    parameters = vp8(mid, ssrc)
    media, rtx = parameters["codecs"]
    profile = {
        "profile-level-id": profile_level_id,
        "packetization-mode": 1,
        "level-asymmetry-allowed": 1,
    }
    parameters["codecs"] = [{**media, "mimeType": "video/H264", "parameters": profile}, rtx]
    return parameters


def _vp8(encodings: list[dict[str, Any]], cname: str) -> dict[str, Any]:
    feedback = [("nack", ""), ("nack", "pli"), ("ccm", "fir"), ("goog-remb", ""), ("transport-cc", "")]
    return {
        "codecs": [
            {
                "mimeType": "video/VP8",
                "payloadType": 96,
                "clockRate": 90000,
                "parameters": {},
                "rtcpFeedback": [{"type": kind, "parameter": value} for kind, value in feedback],
            },
            {
                "mimeType": "video/rtx",
                "payloadType": 97,
                "clockRate": 90000,
                "parameters": {"apt": 96},
                "rtcpFeedback": [],
            },
        ],
        "headerExtensions": [
            {"uri": MID_URI, "id": 4, "encrypt": False, "parameters": {}},
            {"uri": RID_URI, "id": 10, "encrypt": False, "parameters": {}},
        ],
        "encodings": encodings,
        "rtcp": {"cname": cname, "reducedSize": True},
    }
