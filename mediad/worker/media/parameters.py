"""RTP parameters of the pipe, reduced to the numbers that the media path works with."""

from __future__ import annotations

from mediad.errors import InvalidInput
from mediad.pipe.rtp import Encoding, RtpMapping, RtpParameters
from mediad.worker.media.plane import MAX_ENCODINGS, Codec, ExtensionKind

_CODECS = {
    "audio/opus": Codec.CODEC_OPUS,
    "audio/multiopus": Codec.CODEC_OPUS,
    "video/vp8": Codec.CODEC_VP8,
    "video/vp9": Codec.CODEC_VP9,
    "video/h264": Codec.CODEC_H264,
    "video/av1": Codec.CODEC_AV1,
    "video/h265": Codec.CODEC_H265,
    "audio/red": Codec.CODEC_RED,
}

_EXTENSIONS = {
    "urn:ietf:params:rtp-hdrext:sdes:mid": ExtensionKind.EXT_MID,
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id": ExtensionKind.EXT_RID,
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id": ExtensionKind.EXT_REPAIRED_RID,
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time": ExtensionKind.EXT_ABS_SEND_TIME,
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01": (
        ExtensionKind.EXT_TRANSPORT_CC
    ),
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level": ExtensionKind.EXT_AUDIO_LEVEL,
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension": (
        ExtensionKind.EXT_DEPENDENCY_DESCRIPTOR
    ),
    "urn:3gpp:video-orientation": ExtensionKind.EXT_ORIENTATION,
    "urn:ietf:params:rtp-hdrext:toffset": ExtensionKind.EXT_TOFFSET,
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time": ExtensionKind.EXT_ABS_CAPTURE_TIME,
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay": ExtensionKind.EXT_PLAYOUT_DELAY,
}


def extension_ids(parameters: RtpParameters) -> dict[int, int]:
    """Return the negotiated id of each header extension that the media path knows."""
    return {int(_EXTENSIONS[e.uri]): e.id for e in parameters.header_extensions if e.uri in _EXTENSIONS}


def in_band_fec(parameters: RtpParameters) -> bool:
    """True when the encoder adds repair for the loss it is told of: Opus, useinbandfec=1 (RFC 7587)."""
    return any(
        codec_of(codec.mime_type) is Codec.CODEC_OPUS and codec.parameters.get("useinbandfec") == 1
        for codec in parameters.media_codecs()
    )


def codec_of(mime_type: str) -> Codec:
    return _CODECS.get(mime_type.lower(), Codec.CODEC_OTHER)


def producer_codecs(parameters: RtpParameters, mapping: RtpMapping) -> list[tuple[int, int, int, int, int]]:
    """Return (payload type, RTX payload type, router payload type, codec, clock rate) of each media codec.

    Raises InvalidInput for a codec without a router payload type.
    """
    router = {codec.payload_type: codec.mapped_payload_type for codec in mapping.codecs}
    rows = []
    for codec in parameters.media_codecs():
        if codec.payload_type not in router:
            raise InvalidInput(f"rtpMapping has no entry for payload type {codec.payload_type}")
        rows.append(
            (
                codec.payload_type,
                parameters.rtx_of(codec.payload_type),
                router[codec.payload_type],
                int(codec_of(codec.mime_type)),
                codec.clock_rate,
            )
        )
    return rows


def producer_encodings(parameters: RtpParameters) -> list[tuple[int, int, bytes]]:
    """Return (SSRC, RTX SSRC, RID) of each encoding, lowest quality first.

    Raises InvalidInput for too many encodings, or an SSRC that is given twice.
    """
    encodings = parameters.encodings or (Encoding(),)
    if len(encodings) > MAX_ENCODINGS:
        raise InvalidInput(f"{len(encodings)} encodings, at most {MAX_ENCODINGS} can be forwarded")
    rows = [(e.ssrc, e.rtx.ssrc if e.rtx else 0, e.rid.encode()) for e in encodings]
    signalled = [ssrc for row in rows for ssrc in row[:2] if ssrc]
    for ssrc in signalled:
        if signalled.count(ssrc) > 1:
            raise InvalidInput(f"ssrc {ssrc} is given twice")
    return rows
