"""The capabilities of a side and the parameters of a stream, from and to their JSON form.

`from_wire` validates everything and fills defaults, so that no code behind it looks at raw input again;
wrong input raises InvalidInput naming the field. `to_wire` of that gives an equal object back.
Unknown fields are ignored: browsers put their own settings into encodings.
Instances are never changed; `parameters` mappings count as frozen too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from mediad.ortc.fields import Fields, ParameterValue

MediaKind = Literal["audio", "video"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

KINDS: tuple[MediaKind, ...] = ("audio", "video")
DIRECTIONS: tuple[Direction, ...] = ("sendrecv", "sendonly", "recvonly", "inactive")

MAX_CODECS = 64
MAX_HEADER_EXTENSIONS = 128
MAX_FEEDBACK = 32
MAX_ENCODINGS = 4  # as many as the media path forwards; browsers send three

_MIME_TYPE = re.compile(r"(audio|video)/[A-Za-z0-9_.+-]{1,48}", re.IGNORECASE)
_MAX_MIME_TYPE = 54
_MAX_FEEDBACK_NAME = 32
_MAX_URI = 256
_MAX_STREAM_NAME = 16  # MID and RID, which travel in RTP header extensions
_MAX_CNAME = 255  # RFC 3550 section 6.5: one length octet
_MAX_MSID = 256
_MAX_SCALABILITY_MODE = 32
_UINT32 = 2**32 - 1


@dataclass(frozen=True, slots=True)
class RtcpFeedback:
    """A kind of RTCP feedback, for example `nack pli`; a plain `nack` has the parameter ""."""

    type: str
    parameter: str = ""

    @classmethod
    def from_wire(cls, data: object, path: str = "rtcpFeedback") -> RtcpFeedback:
        fields = Fields(data, path)
        return cls(
            type=fields.string("type", limit=_MAX_FEEDBACK_NAME),
            parameter=fields.optional_string("parameter", limit=_MAX_FEEDBACK_NAME) or "",
        )

    def to_wire(self) -> dict[str, Any]:
        return {"type": self.type, "parameter": self.parameter}


@dataclass(frozen=True, slots=True)
class _Codec:
    mime_type: str
    clock_rate: int
    channels: int | None = None
    """The number of audio channels; always None for video."""
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    rtcp_feedback: tuple[RtcpFeedback, ...] = ()

    @property
    def kind(self) -> MediaKind:
        return "audio" if self.mime_type[:6].lower() == "audio/" else "video"

    @property
    def is_rtx(self) -> bool:
        """True for RFC 4588 retransmissions, False for media."""
        return self.mime_type[5:].lower() == "/rtx"

    @property
    def is_red(self) -> bool:
        """True for RFC 2198 redundant audio, whose packets hold frames of another codec."""
        return self.mime_type.lower() == "audio/red"

    @property
    def apt(self) -> int | None:
        """The payload type that an RTX codec repairs."""
        value = self.parameters.get("apt")
        return value if isinstance(value, int) else None

    def _rest_to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"clockRate": self.clock_rate}
        if self.channels is not None:
            wire["channels"] = self.channels
        wire["parameters"] = dict(self.parameters)
        wire["rtcpFeedback"] = [feedback.to_wire() for feedback in self.rtcp_feedback]
        return wire


@dataclass(frozen=True, slots=True)
class CodecCapability(_Codec):
    """A codec that a side can handle. A media codec of the settings may leave its payload type open."""

    preferred_payload_type: int | None = None

    @classmethod
    def from_wire(cls, data: object, path: str = "codec") -> CodecCapability:
        fields = Fields(data, path)
        return cls(
            **_codec_fields(fields),
            preferred_payload_type=fields.optional_integer("preferredPayloadType", 0, 127),
        )

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"kind": self.kind, "mimeType": self.mime_type}
        if self.preferred_payload_type is not None:
            wire["preferredPayloadType"] = self.preferred_payload_type
        return wire | self._rest_to_wire()


@dataclass(frozen=True, slots=True)
class HeaderExtensionCapability:
    """An RTP header extension (RFC 8285); the direction is that of the side that states it."""

    kind: MediaKind
    uri: str
    preferred_id: int
    preferred_encrypt: bool = False
    direction: Direction = "sendrecv"

    @classmethod
    def from_wire(cls, data: object, path: str = "headerExtension") -> HeaderExtensionCapability:
        fields = Fields(data, path)
        return cls(
            kind=cast(MediaKind, fields.choice("kind", KINDS)),
            uri=fields.string("uri", limit=_MAX_URI),
            preferred_id=fields.integer("preferredId", 1, 255),
            preferred_encrypt=fields.boolean("preferredEncrypt", False),
            direction=cast(Direction, fields.choice("direction", DIRECTIONS, "sendrecv")),
        )

    def to_wire(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "uri": self.uri,
            "preferredId": self.preferred_id,
            "preferredEncrypt": self.preferred_encrypt,
            "direction": self.direction,
        }


@dataclass(frozen=True, slots=True)
class RtpCapabilities:
    """The capabilities of a router, or those of a client that receives."""

    codecs: tuple[CodecCapability, ...] = ()
    header_extensions: tuple[HeaderExtensionCapability, ...] = ()

    @classmethod
    def from_wire(cls, data: object, path: str = "rtpCapabilities") -> RtpCapabilities:
        fields = Fields(data, path)
        return cls(
            codecs=fields.array("codecs", CodecCapability.from_wire, limit=MAX_CODECS),
            header_extensions=fields.array(
                "headerExtensions", HeaderExtensionCapability.from_wire, limit=MAX_HEADER_EXTENSIONS
            ),
        )

    def to_wire(self) -> dict[str, Any]:
        return {
            "codecs": [codec.to_wire() for codec in self.codecs],
            "headerExtensions": [extension.to_wire() for extension in self.header_extensions],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecParameters(_Codec):
    """A codec in use, under its payload type in the packets."""

    payload_type: int

    @classmethod
    def from_wire(cls, data: object, path: str = "codec") -> CodecParameters:
        fields = Fields(data, path)
        return cls(**_codec_fields(fields), payload_type=fields.integer("payloadType", 0, 127))

    def to_wire(self) -> dict[str, Any]:
        return {"mimeType": self.mime_type, "payloadType": self.payload_type} | self._rest_to_wire()


@dataclass(frozen=True, slots=True)
class HeaderExtensionParameters:
    """An RTP header extension in use, under its id in the packets."""

    uri: str
    id: int
    encrypt: bool = False
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, data: object, path: str = "headerExtension") -> HeaderExtensionParameters:
        fields = Fields(data, path)
        return cls(
            uri=fields.string("uri", limit=_MAX_URI),
            id=fields.integer("id", 1, 255),
            encrypt=fields.boolean("encrypt", False),
            parameters=fields.parameters(),
        )

    def to_wire(self) -> dict[str, Any]:
        return {
            "uri": self.uri,
            "id": self.id,
            "encrypt": self.encrypt,
            "parameters": dict(self.parameters),
        }


@dataclass(frozen=True, slots=True)
class EncodingParameters:
    """One of the versions of a track that are sent side by side, lowest quality first."""

    ssrc: int | None = None
    rid: str | None = None
    rtx_ssrc: int | None = None
    codec_payload_type: int | None = None
    dtx: bool = False
    """True when long silences are normal in this stream."""
    scalability_mode: str | None = None
    max_bitrate_bps: int | None = None

    @classmethod
    def from_wire(cls, data: object, path: str = "encoding") -> EncodingParameters:
        fields = Fields(data, path)
        rtx = fields.part("rtx", Fields)
        return cls(
            ssrc=fields.optional_integer("ssrc", 1, _UINT32),
            rid=fields.optional_string("rid", limit=_MAX_STREAM_NAME, ascii_only=True),
            rtx_ssrc=None if rtx is None else rtx.integer("ssrc", 1, _UINT32),
            codec_payload_type=fields.optional_integer("codecPayloadType", 0, 127),
            dtx=fields.boolean("dtx", False),
            scalability_mode=fields.optional_string("scalabilityMode", limit=_MAX_SCALABILITY_MODE),
            max_bitrate_bps=fields.optional_number("maxBitrate"),
        )

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {
            "ssrc": self.ssrc,
            "rid": self.rid,
            "rtx": None if self.rtx_ssrc is None else {"ssrc": self.rtx_ssrc},
            "codecPayloadType": self.codec_payload_type,
            "dtx": self.dtx or None,
            "scalabilityMode": self.scalability_mode,
            "maxBitrate": self.max_bitrate_bps,
        }
        return {name: value for name, value in wire.items() if value is not None}


@dataclass(frozen=True, slots=True)
class RtcpParameters:
    """The RTCP parameters; streams that share `cname` (the canonical name of RFC 3550) play in sync."""

    cname: str | None = None
    reduced_size: bool = True

    @classmethod
    def from_wire(cls, data: object, path: str = "rtcp") -> RtcpParameters:
        fields = Fields(data, path)
        return cls(
            cname=fields.optional_string("cname", limit=_MAX_CNAME),
            reduced_size=fields.boolean("reducedSize", True),
        )

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {} if self.cname is None else {"cname": self.cname}
        return wire | {"reducedSize": self.reduced_size}


@dataclass(frozen=True, slots=True)
class RtpParameters:
    """The packets of one producer or consumer, described in full. There is always at least one encoding."""

    codecs: tuple[CodecParameters, ...]
    mid: str | None = None
    header_extensions: tuple[HeaderExtensionParameters, ...] = ()
    encodings: tuple[EncodingParameters, ...] = (EncodingParameters(),)
    rtcp: RtcpParameters = RtcpParameters()
    msid: str | None = None

    @classmethod
    def from_wire(cls, data: object, path: str = "rtpParameters") -> RtpParameters:
        fields = Fields(data, path)
        encodings = fields.array("encodings", EncodingParameters.from_wire, limit=MAX_ENCODINGS)
        return cls(
            codecs=fields.array("codecs", CodecParameters.from_wire, limit=MAX_CODECS, required=True),
            mid=fields.optional_string("mid", limit=_MAX_STREAM_NAME, ascii_only=True),
            header_extensions=fields.array(
                "headerExtensions", HeaderExtensionParameters.from_wire, limit=MAX_HEADER_EXTENSIONS
            ),
            encodings=encodings or (EncodingParameters(),),
            rtcp=fields.part("rtcp", RtcpParameters.from_wire) or RtcpParameters(),
            msid=fields.optional_string("msid", limit=_MAX_MSID),
        )

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {} if self.mid is None else {"mid": self.mid}
        wire["codecs"] = [codec.to_wire() for codec in self.codecs]
        wire["headerExtensions"] = [extension.to_wire() for extension in self.header_extensions]
        wire["encodings"] = [encoding.to_wire() for encoding in self.encodings]
        wire["rtcp"] = self.rtcp.to_wire()
        if self.msid is not None:
            wire["msid"] = self.msid
        return wire

    @property
    def media_codecs(self) -> tuple[CodecParameters, ...]:
        """The codecs without their RTX companions."""
        return tuple(codec for codec in self.codecs if not codec.is_rtx)


def _codec_fields(fields: Fields) -> dict[str, Any]:
    """The fields that capabilities and parameters of a codec share."""
    mime_type = fields.string("mimeType", limit=_MAX_MIME_TYPE)
    if not _MIME_TYPE.fullmatch(mime_type):
        fields.refuse("mimeType", "audio/NAME or video/NAME")
    parameters = fields.parameters()
    if "apt" in parameters:
        parameters["apt"] = Fields(parameters, fields.path("parameters")).integer("apt", 0, 127)
    channels = fields.optional_integer("channels", 1, 255)
    return {
        "mime_type": mime_type,
        "clock_rate": fields.integer("clockRate", 1, _UINT32),
        "channels": (channels or 1) if mime_type[:6].lower() == "audio/" else None,
        "parameters": parameters,
        "rtcp_feedback": fields.array("rtcpFeedback", RtcpFeedback.from_wire, limit=MAX_FEEDBACK),
    }
