"""Comparison of codec descriptions: do two mean the same codec?"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from mediad.ortc.h264 import answer_profile_level_id
from mediad.ortc.h265 import answer_level_id, same_profile
from mediad.ortc.parameters import CodecCapability, CodecParameters

Codec = CodecCapability | CodecParameters
C = TypeVar("C", bound=Codec)


def matches(one: Codec, other: Codec) -> bool:
    """True for equal names (in any case), clock rates and channels; multiopus: the same stream layout too."""
    if one.mime_type.lower() != other.mime_type.lower():
        return False
    if one.clock_rate != other.clock_rate or one.channels != other.channels:
        return False
    if one.mime_type.lower() == "audio/multiopus":
        return all(
            one.parameters.get(key) == other.parameters.get(key) for key in ("num_streams", "coupled_streams")
        )
    return True


def matches_strictly(one: Codec, other: Codec) -> bool:
    """True when a decoder of one can also decode the other: `matches`, and the profiles fit."""
    return adapted(one, other) is not None


def adapted(codec: C, to: Codec) -> C | None:
    """The form of `codec` that answers `to`; None when they do not match strictly.

    Only two codecs change: H.264 gets the negotiated profile-level-id (RFC 6184 section 8.2.2), H.265 the
    negotiated level-id (RFC 7798 section 7.2.2).
    """
    if not matches(codec, to):
        return None
    match codec.mime_type.lower():
        case "video/h264":
            return _adapted_h264(codec, to)
        case "video/h265":
            return _adapted_h265(codec, to)
        case "video/vp9":
            return codec if _same_or_zero(codec, to, "profile-id") else None
        case _:
            return codec


def _adapted_h264(codec: C, to: Codec) -> C | None:
    if not _same_or_zero(codec, to, "packetization-mode"):
        return None
    fits, profile_level_id = answer_profile_level_id(codec.parameters, to.parameters)
    if not fits:
        return None
    parameters = {key: value for key, value in codec.parameters.items() if key != "profile-level-id"}
    if profile_level_id is not None:
        parameters["profile-level-id"] = profile_level_id
    return replace(codec, parameters=parameters)


def _adapted_h265(codec: C, to: Codec) -> C | None:
    if not same_profile(codec.parameters, to.parameters):
        return None
    level_id = answer_level_id(codec.parameters, to.parameters)
    if level_id is None:
        return codec
    return replace(codec, parameters={**codec.parameters, "level-id": level_id})


def _same_or_zero(one: Codec, other: Codec, key: str) -> bool:
    """True when the parameter `key` is equal, 0 if absent; the string "1" is not the number 1."""
    return one.parameters.get(key, 0) == other.parameters.get(key, 0)
