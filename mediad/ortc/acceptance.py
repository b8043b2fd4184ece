"""Acceptance of a producer: its validation, its mapping to the router, and the track others can consume.

The producer's RTP parameters use the sender's payload types and extension ids; the mapping leads from there
to the router's; the consumable parameters are the track in the router's numbering, and every consumer's
parameters are derived from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mediad.errors import InvalidInput, Unsupported
from mediad.ortc.capabilities import ABS_CAPTURE_TIME
from mediad.ortc.fields import Fields, refuse
from mediad.ortc.matching import adapted
from mediad.ortc.parameters import (
    KINDS,
    MAX_CODECS,
    MAX_ENCODINGS,
    CodecCapability,
    CodecParameters,
    EncodingParameters,
    HeaderExtensionParameters,
    MediaKind,
    RtcpParameters,
    RtpCapabilities,
    RtpParameters,
)
from mediad.ortc.scalability import parse_scalability_mode

ProducerType = Literal["simple", "simulcast", "svc"]

SSRC_RANGE = range(100_000_000, 1_000_000_000)
"""The range of SSRCs that are given to this package; the bandwidth probe's (1234) is outside it."""

_LAYERED = ("video/vp8", "video/vp9", "video/h264", "video/av1", "video/h265")
"""Codecs with layers.

All of them may be sent as simulcast too, although mediasoup accepts only VP8 and H264: the media path changes
encodings at key frames, whichever of these codecs they are in.
"""


@dataclass(frozen=True, slots=True)
class EncodingMapping:
    """The marks of one encoding of a producer, and the SSRC that names it inside the router."""

    mapped_ssrc: int
    ssrc: int | None = None
    rid: str | None = None
    scalability_mode: str | None = None

    @classmethod
    def from_wire(cls, data: object, path: str = "encoding") -> EncodingMapping:
        fields = Fields(data, path)
        return cls(
            mapped_ssrc=fields.integer("mappedSsrc", 1, 2**32 - 1),
            ssrc=fields.optional_integer("ssrc", 1, 2**32 - 1),
            rid=fields.optional_string("rid", limit=16, ascii_only=True),
            scalability_mode=fields.optional_string("scalabilityMode", limit=32),
        )

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {
            "ssrc": self.ssrc,
            "rid": self.rid,
            "scalabilityMode": self.scalability_mode,
            "mappedSsrc": self.mapped_ssrc,
        }
        return {name: value for name, value in wire.items() if value is not None}


@dataclass(frozen=True, slots=True)
class RtpMapping:
    """The router's payload types for the producer's, and each encoding's SSRC inside the router."""

    payload_types: Mapping[int, int]
    encodings: tuple[EncodingMapping, ...]

    @classmethod
    def from_wire(cls, data: object, path: str = "rtpMapping") -> RtpMapping:
        fields = Fields(data, path)
        return cls(
            payload_types=dict(fields.array("codecs", _mapped_codec, limit=MAX_CODECS, required=True)),
            encodings=fields.array(
                "encodings", EncodingMapping.from_wire, limit=MAX_ENCODINGS, required=True
            ),
        )

    def to_wire(self) -> dict[str, Any]:
        return {
            "codecs": [
                {"payloadType": payload_type, "mappedPayloadType": mapped}
                for payload_type, mapped in self.payload_types.items()
            ],
            "encodings": [encoding.to_wire() for encoding in self.encodings],
        }


def _mapped_codec(data: object, path: str) -> tuple[int, int]:
    fields = Fields(data, path)
    return fields.integer("payloadType", 0, 127), fields.integer("mappedPayloadType", 0, 127)


@dataclass(frozen=True, slots=True)
class AcceptedProducer:
    """A producer that a router can accept."""

    kind: MediaKind
    type: ProducerType
    rtp_parameters: RtpParameters
    mapping: RtpMapping
    consumable: RtpParameters


def accept_producer(
    kind: str, rtp_parameters: RtpParameters, router: RtpCapabilities, *, cname: str, mapped_ssrc: int
) -> AcceptedProducer:
    """Check a producer and translate it into the router's numbering.

    `cname` replaces the producer's own: all tracks of one transport share the first one's, so that receivers
    play them in sync. Its encodings get `mapped_ssrc` and the numbers after it. Raises InvalidInput for
    parameters that contradict themselves, Unsupported when the router has no such codec.
    """
    if kind not in KINDS:
        refuse("kind", "audio or video", kind)
    media_kind: MediaKind = "audio" if kind == "audio" else "video"
    parameters = _checked(media_kind, rtp_parameters)
    parameters = replace(parameters, rtcp=replace(parameters.rtcp, cname=cname or None))
    producer_type = type_of(media_kind, parameters)
    parameters, payload_types = _mapped(parameters, router)
    mapping = RtpMapping(
        payload_types,
        tuple(
            EncodingMapping(mapped_ssrc + index, encoding.ssrc, encoding.rid, encoding.scalability_mode)
            for index, encoding in enumerate(parameters.encodings)
        ),
    )
    consumable = _consumable(media_kind, parameters, router, mapping)
    return AcceptedProducer(media_kind, producer_type, parameters, mapping, consumable)


def type_of(kind: MediaKind, parameters: RtpParameters) -> ProducerType:
    """The type of a track: fixed, changing between encodings, or between layers of its one encoding."""
    codec = _codec_of(parameters.encodings[0], parameters)
    name = codec.mime_type
    mode = parse_scalability_mode(parameters.encodings[0].scalability_mode)
    if len(parameters.encodings) > 1:
        if name.lower() not in _LAYERED:
            raise Unsupported(f"{name} codec not supported for simulcast")
        return "simulcast"
    if kind == "audio" or mode.spatial_layers == mode.temporal_layers == 1:
        return "simple"
    if name.lower() not in _LAYERED:
        raise Unsupported(f"{name} codec not supported for svc")
    return "svc"


def _checked(kind: MediaKind, parameters: RtpParameters) -> RtpParameters:
    """The parameters with every encoding's codec named.

    Raises InvalidInput when they contradict themselves.
    """
    if not parameters.media_codecs:
        raise InvalidInput("no media codecs found")
    payload_types = [codec.payload_type for codec in parameters.codecs]
    for codec in parameters.codecs:
        if codec.kind != kind:
            raise InvalidInput(f"rtpParameters.codecs: {codec.mime_type} in a producer of kind {kind}")
        if payload_types.count(codec.payload_type) > 1:
            raise InvalidInput(f"rtpParameters.codecs: duplicated payloadType {codec.payload_type}")
    _check_encodings(parameters)
    encodings = tuple(
        replace(encoding, codec_payload_type=_codec_of(encoding, parameters).payload_type)
        for encoding in parameters.encodings
    )
    return replace(parameters, encodings=encodings)


def _check_encodings(parameters: RtpParameters) -> None:
    """Raise InvalidInput unless every packet leads to one encoding, and layers can be counted."""
    encodings = parameters.encodings
    for index, encoding in enumerate(encodings):
        named = encoding.ssrc is not None or encoding.rid is not None
        if not named and parameters.mid is None:
            raise InvalidInput(
                f"rtpParameters.encodings[{index}]: expected a ssrc or rid, or a mid beside it"
            )
        if not named and len(encodings) > 1:
            raise InvalidInput(f"rtpParameters.encodings[{index}]: expected a ssrc or rid of its own")
    _check_distinct("rid", [e.rid for e in encodings])
    _check_distinct("ssrc", [e.ssrc for e in encodings] + [e.rtx_ssrc for e in encodings])
    modes = [parse_scalability_mode(encoding.scalability_mode) for encoding in encodings]
    if len(modes) > 1 and any(mode.spatial_layers > 1 for mode in modes):
        raise InvalidInput("cannot use both simulcast and encodings with multiple SVC spatial layers")


def _check_distinct(name: str, values: list[Any]) -> None:
    present = [value for value in values if value is not None]
    for value in present:
        if present.count(value) > 1:
            raise InvalidInput(f"rtpParameters.encodings: duplicated {name} {value}")


def _codec_of(encoding: EncodingParameters, parameters: RtpParameters) -> CodecParameters:
    """The media codec of an encoding: the first one unless it names another."""
    if encoding.codec_payload_type is None:
        return parameters.media_codecs[0]
    for codec in parameters.media_codecs:
        if codec.payload_type == encoding.codec_payload_type:
            return codec
    raise InvalidInput(f"no media codec found for encoding codecPayloadType {encoding.codec_payload_type}")


def _mapped(parameters: RtpParameters, router: RtpCapabilities) -> tuple[RtpParameters, dict[int, int]]:
    """The parameters with their codecs adapted to the router's, and its payload types by theirs."""
    codecs: dict[int, CodecParameters] = {}
    mapped: dict[int, int] = {}
    for codec in parameters.media_codecs:
        codecs[codec.payload_type], mapped[codec.payload_type] = _media_match(codec, router)
    for codec in parameters.codecs:
        if codec.is_rtx:
            codecs[codec.payload_type] = codec
            mapped[codec.payload_type] = _rtx_match(codec, mapped, router)
    ordered = tuple(codecs[codec.payload_type] for codec in parameters.codecs)
    return replace(parameters, codecs=ordered), {c.payload_type: mapped[c.payload_type] for c in ordered}


def _media_match(codec: CodecParameters, router: RtpCapabilities) -> tuple[CodecParameters, int]:
    for capability in router.codecs:
        match = adapted(codec, capability)
        if match is not None and capability.preferred_payload_type is not None:
            return match, capability.preferred_payload_type
    raise Unsupported(f"unsupported codec [mimeType:{codec.mime_type}, payloadType:{codec.payload_type}]")


def _rtx_match(codec: CodecParameters, mapped: Mapping[int, int], router: RtpCapabilities) -> int:
    """The router's RTX payload type for `codec`; `mapped` has the media codecs, which come first."""
    if codec.apt is None or codec.apt not in mapped:
        raise InvalidInput(f"missing media codec found for RTX PT {codec.payload_type}")
    rtx = _router_rtx(router, mapped[codec.apt])
    if rtx is None or rtx.preferred_payload_type is None:
        raise Unsupported(f"no RTX codec for capability codec PT {mapped[codec.apt]}")
    return rtx.preferred_payload_type


def _router_rtx(router: RtpCapabilities, payload_type: int) -> CodecCapability | None:
    return next((codec for codec in router.codecs if codec.is_rtx and codec.apt == payload_type), None)


def _consumable(
    kind: MediaKind, parameters: RtpParameters, router: RtpCapabilities, mapping: RtpMapping
) -> RtpParameters:
    """The track in the router's numbering."""
    sent = {extension.uri for extension in parameters.header_extensions}
    extensions = tuple(
        HeaderExtensionParameters(extension.uri, extension.preferred_id)
        for extension in router.header_extensions
        if extension.kind == kind and extension.direction in ("sendrecv", "sendonly")
        # the router cannot make it, so it is promised only when the sender brings it
        if extension.uri != ABS_CAPTURE_TIME or extension.uri in sent
    )
    encodings = tuple(
        replace(encoding, rid=None, rtx_ssrc=None, codec_payload_type=None, ssrc=mapped.mapped_ssrc)
        for encoding, mapped in zip(parameters.encodings, mapping.encodings, strict=True)
    )
    return RtpParameters(
        codecs=_consumable_codecs(parameters, router, mapping),
        header_extensions=extensions,
        encodings=encodings,
        rtcp=RtcpParameters(parameters.rtcp.cname, reduced_size=True),
        msid=parameters.msid,
    )


def _consumable_codecs(
    parameters: RtpParameters, router: RtpCapabilities, mapping: RtpMapping
) -> tuple[CodecParameters, ...]:
    """The media codecs as the router calls them, each with the router's RTX, even if the sender has none.

    The router keeps packets and repeats them itself.
    """
    by_payload_type = {codec.preferred_payload_type: codec for codec in router.codecs}
    found: dict[int, CodecParameters] = {}
    for codec in parameters.media_codecs:
        payload_type = mapping.payload_types[codec.payload_type]
        if payload_type in found:  # two of the sender's codecs may match one of the router's
            continue
        found[payload_type] = _as_parameters(by_payload_type[payload_type], payload_type, codec.parameters)
        rtx = _router_rtx(router, payload_type)
        if rtx is not None and rtx.preferred_payload_type is not None:
            number = rtx.preferred_payload_type
            found[number] = _as_parameters(rtx, number, rtx.parameters)
    return tuple(found.values())


def _as_parameters(
    capability: CodecCapability, payload_type: int, parameters: Mapping[str, str | int | float]
) -> CodecParameters:
    return CodecParameters(
        mime_type=capability.mime_type,
        clock_rate=capability.clock_rate,
        channels=capability.channels,
        parameters=parameters,
        rtcp_feedback=capability.rtcp_feedback,
        payload_type=payload_type,
    )
