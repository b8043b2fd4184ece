"""RTP parameters as they cross the pipe: as much of a track as the media path needs.

They were negotiated by the supervisor, whose own form (`mediad.ortc.parameters`) says more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mediad.errors import InvalidInput


class Part(msgspec.Struct, rename="camel", omit_defaults=True, frozen=True):
    """A part of a message that never changes."""


class Feedback(Part, frozen=True):
    """A kind of RTCP feedback; a plain `nack` has the parameter ""."""

    type: str
    parameter: str = ""


class CodecParameters(Part, frozen=True):
    """A codec in use, under its payload type."""

    mime_type: str
    payload_type: int
    clock_rate: int
    parameters: dict[str, Any] = {}
    """The codec's own parameters (SDP fmtp): numbers and strings."""
    rtcp_feedback: tuple[Feedback, ...] = ()

    @property
    def is_rtx(self) -> bool:
        """True when it carries retransmissions (RFC 4588) rather than media."""
        return self.mime_type.lower().endswith("/rtx")


class Rtx(Part, frozen=True):
    """The stream that repairs an encoding."""

    ssrc: int


class Encoding(Part, frozen=True):
    """One of the versions of a track that are sent side by side."""

    ssrc: int = 0
    rid: str = ""
    rtx: Rtx | None = None
    dtx: bool = False
    """True when long silences are normal in this stream (discontinuous transmission)."""
    scalability_mode: str | None = None
    max_bitrate: float | None = None
    """The limit in bit/s that the client gave its encoder."""


class Extension(Part, frozen=True):
    """An RTP header extension in use (RFC 8285), under its id."""

    uri: str
    id: int


class Rtcp(Part, frozen=True):
    """The part of RTCP that names the sender."""

    cname: str = ""


class RtpParameters(Part, frozen=True):
    """The packets of one producer, or of consumers that were negotiated alike."""

    codecs: tuple[CodecParameters, ...]
    mid: str = ""
    header_extensions: tuple[Extension, ...] = ()
    encodings: tuple[Encoding, ...] = ()
    """Lowest quality first."""
    rtcp: Rtcp = Rtcp()

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> RtpParameters:
        """Return the worker's form of `wire`, RTP parameters as clients know them."""
        return msgspec.convert(wire, cls)

    def media_codecs(self) -> list[CodecParameters]:
        """Return the codecs without their RTX companions."""
        return [codec for codec in self.codecs if not codec.is_rtx]

    def first_codec(self) -> CodecParameters:
        """Return the media codec that is sent unless another is named; InvalidInput when there is none."""
        if not self.media_codecs():
            raise InvalidInput("no media codecs found")
        return self.media_codecs()[0]

    def rtx_of(self, payload_type: int) -> int:
        """Return the RTX payload type that repairs `payload_type`; 0 when there is none."""
        return next(
            (c.payload_type for c in self.codecs if c.is_rtx and c.parameters.get("apt") == payload_type), 0
        )

    def feedback(self, type_: str, parameter: str = "") -> bool:
        """True when any media codec negotiated this RTCP feedback."""
        return any(Feedback(type_, parameter) in codec.rtcp_feedback for codec in self.media_codecs())


class MappedCodec(Part, frozen=True):
    """A producer's payload type and the router's for the same codec."""

    payload_type: int
    mapped_payload_type: int


class RtpMapping(Part, frozen=True):
    """The way from a producer's payload types to the router's."""

    codecs: tuple[MappedCodec, ...]

    @classmethod
    def of(cls, payload_types: Mapping[int, int]) -> RtpMapping:
        """Return the mapping that leads from each key to its value."""
        return cls(tuple(MappedCodec(own, mapped) for own, mapped in payload_types.items()))

    @classmethod
    def identity(cls, parameters: RtpParameters) -> RtpMapping:
        """Return the mapping of a producer at the end of a pipe, whose payload types are the router's."""
        return cls.of({codec.payload_type: codec.payload_type for codec in parameters.codecs})
