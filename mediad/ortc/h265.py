"""H.265 profile rules of RFC 7798 section 7.2.2, as WebRTC applies them.

Profile, tier and transmission mode must be equal. The level is what a receiver can decode, so the lower one
answers; a sender may stay below the level it named.
"""

from __future__ import annotations

from collections.abc import Mapping

Parameters = Mapping[str, str | int | float]

_DEFAULTS: dict[str, str | int] = {"profile-id": 1, "tier-flag": 0, "tx-mode": "SRST"}
"""The value of each parameter when it is absent (RFC 7798 section 7.1)."""

DEFAULT_LEVEL_ID = 93
"""Level 3.1: 30 times the level number."""


def same_profile(one: Parameters, other: Parameters) -> bool:
    """True when profile, tier and transmission mode are equal; SDP parsers make some of them text."""
    return all(
        str(one.get(key, default)).upper() == str(other.get(key, default)).upper()
        for key, default in _DEFAULTS.items()
    )


def answer_level_id(one: Parameters, other: Parameters) -> int | None:
    """Return the lower of two level-ids; None when neither names one, or one is no number."""
    if "level-id" not in one and "level-id" not in other:
        return None
    levels = [str(parameters.get("level-id", DEFAULT_LEVEL_ID)) for parameters in (one, other)]
    return min(int(level) for level in levels) if all(level.isdecimal() for level in levels) else None
