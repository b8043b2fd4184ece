"""The capabilities of mediad: codecs, RTP header extensions, and the codecs a room offers by default.

Header extension ids and directions are from the router's point of view and mediasoup 3.27's: `recvonly`
ones may be sent by clients and are never forwarded. But the dependency descriptor is forwarded here: without
it browsers cannot tell AV1's spatial layers apart, and decode none.
"""

from __future__ import annotations

from mediad.ortc.parameters import (
    CodecCapability,
    Direction,
    HeaderExtensionCapability,
    MediaKind,
    RtcpFeedback,
)

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
DEPENDENCY_DESCRIPTOR = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
TIME_OFFSET = "urn:ietf:params:rtp-hdrext:toffset"
ABS_CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
PACKET_ID = "urn:mediasoup:params:rtp-hdrext:packet-id"

_NACK = RtcpFeedback("nack")
_PLI = RtcpFeedback("nack", "pli")
_FIR = RtcpFeedback("ccm", "fir")
_REMB = RtcpFeedback("goog-remb")
_TWCC = RtcpFeedback("transport-cc")

OPUS_FEEDBACK = (_NACK, _TWCC)
AUDIO_FEEDBACK = (_TWCC,)
VIDEO_FEEDBACK = (_NACK, _PLI, _FIR, _REMB, _TWCC)

# multiopus: channels, channel_mapping, num_streams, coupled_streams (RFC 7845 section 5.1.1)
_MULTIOPUS = ((4, "0,1,2,3", 2, 2), (6, "0,4,1,2,3,5", 4, 2), (8, "0,6,1,2,3,4,5,7", 5, 3))

# name, clock rates in Hz, static payload type by clock rate (RFC 3551 section 6)
_PLAIN_AUDIO: tuple[tuple[str, tuple[int, ...], dict[int, int]], ...] = (
    ("PCMU", (8000,), {8000: 0}),
    ("PCMA", (8000,), {8000: 8}),
    ("ISAC", (32000, 16000), {}),
    ("G722", (8000,), {8000: 9}),
    ("iLBC", (8000,), {}),
    ("SILK", (24000, 16000, 12000, 8000), {}),
    ("CN", (32000, 16000, 8000), {8000: 13}),
    ("telephone-event", (48000, 32000, 16000, 8000), {}),
)
_WITHOUT_FEEDBACK = ("CN", "telephone-event")


def _opus() -> list[CodecCapability]:
    layouts = [
        CodecCapability(
            "audio/multiopus",
            48000,
            channels,
            {"channel_mapping": mapping, "num_streams": streams, "coupled_streams": coupled},
            OPUS_FEEDBACK,
        )
        for channels, mapping, streams, coupled in _MULTIOPUS
    ]
    red = CodecCapability("audio/red", 48000, 2, {}, AUDIO_FEEDBACK)
    return [CodecCapability("audio/opus", 48000, 2, {}, OPUS_FEEDBACK), red, *layouts]


def _plain_audio() -> list[CodecCapability]:
    return [
        CodecCapability(
            f"audio/{name}",
            clock_rate,
            1,
            {},
            () if name in _WITHOUT_FEEDBACK else AUDIO_FEEDBACK,
            preferred_payload_type=fixed.get(clock_rate),
        )
        for name, clock_rates, fixed in _PLAIN_AUDIO
        for clock_rate in clock_rates
    ]


def _video(name: str, **parameters: str | int) -> CodecCapability:
    wired = {key.replace("_", "-"): value for key, value in parameters.items()}
    return CodecCapability(f"video/{name}", 90000, None, wired, VIDEO_FEEDBACK)


SUPPORTED_CODECS: tuple[CodecCapability, ...] = (
    *_opus(),
    *_plain_audio(),
    _video("VP8"),
    _video("VP9"),
    _video("H264", level_asymmetry_allowed=1),
    _video("AV1"),
    _video("H265", level_asymmetry_allowed=1),
)


def _extension(
    number: int, uri: str, audio: Direction | None, video: Direction | None
) -> list[HeaderExtensionCapability]:
    directions: tuple[tuple[MediaKind, Direction | None], ...] = (("audio", audio), ("video", video))
    return [
        HeaderExtensionCapability(kind, uri, number, False, direction)
        for kind, direction in directions
        if direction is not None
    ]


SUPPORTED_HEADER_EXTENSIONS: tuple[HeaderExtensionCapability, ...] = (
    *_extension(1, MID, "sendrecv", "sendrecv"),
    *_extension(2, RID, None, "recvonly"),
    *_extension(3, REPAIRED_RID, None, "recvonly"),
    *_extension(4, ABS_SEND_TIME, "sendrecv", "sendrecv"),
    *_extension(5, TRANSPORT_CC, "recvonly", "sendrecv"),
    *_extension(6, AUDIO_LEVEL, "sendrecv", None),
    *_extension(7, DEPENDENCY_DESCRIPTOR, None, "sendrecv"),
    *_extension(8, VIDEO_ORIENTATION, None, "sendrecv"),
    *_extension(9, TIME_OFFSET, None, "sendrecv"),
    *_extension(10, ABS_CAPTURE_TIME, "sendrecv", "sendrecv"),
    *_extension(11, PLAYOUT_DELAY, "sendrecv", "sendrecv"),
    *_extension(12, PACKET_ID, "sendrecv", "sendrecv"),
)


def _offered_video(name: str, **parameters: str | int) -> CodecCapability:
    # without this hint Chrome starts a camera at 300 kbit/s and takes seconds to look good
    return _video(name, x_google_start_bitrate=1000, **parameters)


def _offered_h264(profile_level_id: str) -> CodecCapability:
    return _offered_video(
        "H264", packetization_mode=1, profile_level_id=profile_level_id, level_asymmetry_allowed=1
    )


DEFAULT_MEDIA_CODECS: tuple[CodecCapability, ...] = (
    CodecCapability("audio/opus", 48000, 2),
    _offered_video("VP8"),
    _offered_video("VP9", profile_id=2),
    _offered_h264("4d0032"),
    _offered_h264("42e01f"),
    _offered_video("AV1"),
)
"""The codecs of a room when the settings name none: those of the mediasoup demo, and AV1."""
