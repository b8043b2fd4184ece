"""The answers of a router: its capabilities, who may consume a track, and each consumer's parameters.

Acceptance of tracks is the other half, in `acceptance`. All functions are pure: SSRCs that must be random and
MIDs that must be counted are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mediad.errors import InvalidInput, Unsupported
from mediad.ortc.capabilities import (
    ABS_SEND_TIME,
    SUPPORTED_CODECS,
    SUPPORTED_HEADER_EXTENSIONS,
    TRANSPORT_CC,
)
from mediad.ortc.matching import matches, matches_strictly
from mediad.ortc.parameters import (
    CodecCapability,
    CodecParameters,
    EncodingParameters,
    HeaderExtensionParameters,
    RtcpFeedback,
    RtpCapabilities,
    RtpParameters,
)
from mediad.ortc.scalability import parse_scalability_mode

DYNAMIC_PAYLOAD_TYPES = (*range(100, 127), *range(96, 100))
"""Payload types in the order of their use; 127 is left out, the bandwidth probe's on every transport."""

_MID_WRAP = 100_000_000  # a MID of eight digits is the longest other servers and clients handle

_NACK = RtcpFeedback("nack")


def router_capabilities(media_codecs: Iterable[CodecCapability]) -> RtpCapabilities:
    """The capabilities of a router with these codecs, with payload types, RTX codecs and header extensions.

    Each video codec is followed by an RTX codec; all header extensions are offered.

    Raises Unsupported for a codec mediad does not know or when the payload types run out, InvalidInput when
    two codecs claim one.
    """
    pool = list(DYNAMIC_PAYLOAD_TYPES)
    offered: dict[int, CodecCapability] = {}
    for media_codec in media_codecs:
        codec = _offered(media_codec, pool)
        _add(offered, codec)
        if codec.kind == "video":
            rtx = CodecCapability("video/rtx", codec.clock_rate, parameters={"apt": _number(codec)})
            _add(offered, replace(rtx, preferred_payload_type=_take(pool)))
    return RtpCapabilities(tuple(offered.values()), SUPPORTED_HEADER_EXTENSIONS)


def _offered(media_codec: CodecCapability, pool: list[int]) -> CodecCapability:
    """The supported codec under the given settings; its payload type is taken from the pool."""
    supported = next((codec for codec in SUPPORTED_CODECS if matches(media_codec, codec)), None)
    if supported is None:
        raise Unsupported(f"media codec not supported [mimeType:{media_codec.mime_type}]")
    payload_type = media_codec.preferred_payload_type
    if payload_type is None:
        payload_type = supported.preferred_payload_type
    if payload_type is None:
        payload_type = _take(pool)
    elif payload_type in pool:
        pool.remove(payload_type)
    parameters = {**supported.parameters, **media_codec.parameters}
    return replace(supported, preferred_payload_type=payload_type, parameters=parameters)


def _take(pool: list[int]) -> int:
    if not pool:
        raise Unsupported("cannot allocate more dynamic codec payload types")
    return pool.pop(0)


def _add(offered: dict[int, CodecCapability], codec: CodecCapability) -> None:
    if _number(codec) in offered:
        raise InvalidInput(f"duplicated codec.preferredPayloadType {_number(codec)}")
    offered[_number(codec)] = codec


def _number(codec: CodecCapability) -> int:
    assert codec.preferred_payload_type is not None
    return codec.preferred_payload_type


def can_consume(consumable: RtpParameters, capabilities: RtpCapabilities) -> bool:
    """True when a client with these capabilities can play the track: codecs decide, nothing else.

    A track of redundant audio needs a client that knows it: nobody unwraps the packets on the way.
    """
    understood = [codec for codec in consumable.codecs if _understood(codec, capabilities)]
    if not understood or understood[0].is_rtx:
        return False
    return not consumable.codecs[0].is_red or understood[0].is_red


def consumer_parameters(
    consumable: RtpParameters,
    capabilities: RtpCapabilities,
    *,
    enable_rtx: bool,
    ssrc: int,
    mid: str | None,
    pipe: bool = False,
) -> RtpParameters:
    """The parameters of the track for one receiver.

    Its one encoding has `ssrc`, and RTX the number after it. With `pipe` all encodings are kept instead: they
    get `ssrc` and the numbers after it, RTX the numbers after those, and there is no MID. Raises Unsupported
    when the receiver knows none of the codecs.
    """
    extensions = _common_extensions(consumable, capabilities)
    codecs = _common_codecs(consumable, capabilities, enable_rtx)
    with_rtx = any(codec.is_rtx for codec in codecs)
    return RtpParameters(
        codecs=_with_bandwidth_feedback(codecs, {extension.uri for extension in extensions}),
        mid=None if pipe else mid,
        header_extensions=extensions,
        encodings=all_encodings(consumable, ssrc, with_rtx)
        if pipe
        else (_one_encoding(consumable, ssrc, with_rtx),),
        rtcp=consumable.rtcp,
        msid=consumable.msid,
    )


def all_encodings(consumable: RtpParameters, ssrc: int, with_rtx: bool) -> tuple[EncodingParameters, ...]:
    """The encodings of a track, one for one: with `ssrc` and the numbers after it, then those of RTX."""
    count = len(consumable.encodings)
    return tuple(
        replace(encoding, ssrc=ssrc + index, rtx_ssrc=ssrc + count + index if with_rtx else None)
        for index, encoding in enumerate(consumable.encodings)
    )


def consumer_mid(count: int) -> str:
    """The MID of the consumer that `count` others preceded on its transport."""
    return str(count % _MID_WRAP)


def _understood(codec: CodecParameters, capabilities: RtpCapabilities) -> CodecCapability | None:
    return next((known for known in capabilities.codecs if matches_strictly(codec, known)), None)


def _common_codecs(
    consumable: RtpParameters, capabilities: RtpCapabilities, enable_rtx: bool
) -> tuple[CodecParameters, ...]:
    """The codecs both sides know, with the receiver's RTCP feedback."""
    codecs = []
    for codec in consumable.codecs:
        known = _understood(codec, capabilities)
        if known is None or (codec.is_rtx and not enable_rtx):
            continue
        # without RTX nothing is sent again, so no NACK is needed; PLI and FIR stay
        feedback = tuple(item for item in known.rtcp_feedback if enable_rtx or item != _NACK)
        codecs.append(replace(codec, rtcp_feedback=feedback))
    payload_types = {codec.payload_type for codec in codecs if not codec.is_rtx}
    codecs = [codec for codec in codecs if not codec.is_rtx or codec.apt in payload_types]
    if not codecs or codecs[0].is_rtx or codecs[0].is_red is not consumable.codecs[0].is_red:
        raise Unsupported("no compatible media codecs")
    return tuple(codecs)


def _common_extensions(
    consumable: RtpParameters, capabilities: RtpCapabilities
) -> tuple[HeaderExtensionParameters, ...]:
    known = {(extension.uri, extension.preferred_id) for extension in capabilities.header_extensions}
    return tuple(
        extension for extension in consumable.header_extensions if (extension.uri, extension.id) in known
    )


def _with_bandwidth_feedback(
    codecs: tuple[CodecParameters, ...], extensions: set[str]
) -> tuple[CodecParameters, ...]:
    """The codecs with one way of estimating bandwidth, or none: each needs its header extension."""
    if TRANSPORT_CC in extensions:
        unwanted = {"goog-remb"}
    elif ABS_SEND_TIME in extensions:
        unwanted = {"transport-cc"}
    else:
        unwanted = {"goog-remb", "transport-cc"}
    return tuple(
        replace(codec, rtcp_feedback=tuple(item for item in codec.rtcp_feedback if item.type not in unwanted))
        for codec in codecs
    )


def _one_encoding(consumable: RtpParameters, ssrc: int, with_rtx: bool) -> EncodingParameters:
    """The one stream that is left when the router picks an encoding at any time.

    Simulcast looks like spatial layers.
    """
    encodings = consumable.encodings
    mode = next((e.scalability_mode for e in encodings if e.scalability_mode is not None), None)
    if len(encodings) > 1:
        mode = f"L{len(encodings)}T{parse_scalability_mode(mode).temporal_layers}"
    bitrates = [encoding.max_bitrate_bps for encoding in encodings if encoding.max_bitrate_bps]
    return EncodingParameters(
        ssrc=ssrc,
        rtx_ssrc=ssrc + 1 if with_rtx else None,
        scalability_mode=mode,
        max_bitrate_bps=max(bitrates, default=None),
    )
