"""The shapes the supervisor sends along with producers and consumers, reduced to what the media path needs.

They were negotiated upstairs: what is not read here is left alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.errors import InvalidInput
from mediad.worker.media.plane import MAX_ENCODINGS, Codec, ExtensionKind

_CODECS = {
    "audio/opus": Codec.CODEC_OPUS,
    "audio/multiopus": Codec.CODEC_OPUS,
    "video/vp8": Codec.CODEC_VP8,
    "video/vp9": Codec.CODEC_VP9,
    "video/h264": Codec.CODEC_H264,
    "video/av1": Codec.CODEC_AV1,
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


class Feedback(msgspec.Struct, frozen=True):
    type: str
    parameter: str = ""


class CodecParameters(msgspec.Struct, frozen=True, rename="camel"):
    mime_type: str
    payload_type: int
    clock_rate: int
    parameters: dict[str, Any] = {}
    rtcp_feedback: tuple[Feedback, ...] = ()

    @property
    def is_rtx(self) -> bool:
        return self.mime_type.lower().endswith("/rtx")


class Rtx(msgspec.Struct, frozen=True):
    ssrc: int


class Encoding(msgspec.Struct, frozen=True, rename="camel"):
    ssrc: int = 0
    rid: str = ""
    rtx: Rtx | None = None
    dtx: bool = False
    scalability_mode: str | None = None
    max_bitrate: float | None = None  # bit/s, as the client set its encoder up


class Extension(msgspec.Struct, frozen=True):
    uri: str
    id: int


class Rtcp(msgspec.Struct, frozen=True):
    cname: str = ""


class RtpParameters(msgspec.Struct, frozen=True, rename="camel"):
    codecs: tuple[CodecParameters, ...]
    mid: str = ""
    header_extensions: tuple[Extension, ...] = ()
    encodings: tuple[Encoding, ...] = ()
    rtcp: Rtcp = Rtcp()

    def media_codecs(self) -> list[CodecParameters]:
        return [codec for codec in self.codecs if not codec.is_rtx]

    def first_codec(self) -> CodecParameters:
        """The media codec sent unless another is named; InvalidInput when there is none."""
        if not self.media_codecs():
            raise InvalidInput("no media codecs found")
        return self.media_codecs()[0]

    def rtx_of(self, payload_type: int) -> int:
        """The RTX payload type that repairs `payload_type`; 0 when there is none."""
        return next(
            (c.payload_type for c in self.codecs if c.is_rtx and c.parameters.get("apt") == payload_type), 0
        )

    def extension_ids(self) -> dict[int, int]:
        return {int(_EXTENSIONS[e.uri]): e.id for e in self.header_extensions if e.uri in _EXTENSIONS}

    def in_band_fec(self) -> bool:
        """Whether its encoder prepares for the loss our reports tell: Opus, useinbandfec=1 (RFC 7587)."""
        return any(
            codec_of(codec.mime_type) is Codec.CODEC_OPUS and codec.parameters.get("useinbandfec") == 1
            for codec in self.media_codecs()
        )

    def feedback(self, type_: str, parameter: str = "") -> bool:
        """Whether any media codec negotiated this RTCP feedback."""
        return any(Feedback(type_, parameter) in codec.rtcp_feedback for codec in self.media_codecs())


class MappedCodec(msgspec.Struct, frozen=True, rename="camel"):
    payload_type: int
    mapped_payload_type: int


class RtpMapping(msgspec.Struct, frozen=True):
    codecs: tuple[MappedCodec, ...]


def codec_of(mime_type: str) -> Codec:
    return _CODECS.get(mime_type.lower(), Codec.CODEC_OTHER)


def producer_codecs(parameters: RtpParameters, mapping: RtpMapping) -> list[tuple[int, int, int, int, int]]:
    """(payload type, RTX payload type, router payload type, codec, clock rate) for each media codec."""
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
    """(SSRC, RTX SSRC, RID) of each encoding, lowest quality first."""
    encodings = parameters.encodings or (Encoding(),)
    if len(encodings) > MAX_ENCODINGS:
        raise InvalidInput(f"{len(encodings)} encodings, at most {MAX_ENCODINGS} can be forwarded")
    rows = [(e.ssrc, e.rtx.ssrc if e.rtx else 0, e.rid.encode()) for e in encodings]
    signalled = [ssrc for row in rows for ssrc in row[:2] if ssrc]
    for ssrc in signalled:
        if signalled.count(ssrc) > 1:
            raise InvalidInput(f"ssrc {ssrc} is given twice")
    return rows
