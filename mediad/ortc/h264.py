"""H.264 profile-level-id rules of RFC 6184 sections 8.1 and 8.2.2, as WebRTC applies them.

The id is three octets in hex: profile_idc, profile_iop (constraint flags), level_idc. Several pairs of the
first two name the same profile, so ids are compared by what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Profile(Enum):
    CONSTRAINED_BASELINE = "constrained-baseline"
    BASELINE = "baseline"
    MAIN = "main"
    CONSTRAINED_HIGH = "constrained-high"
    HIGH = "high"
    PREDICTIVE_HIGH_444 = "predictive-high-444"


LEVEL_1B = -1
"""Level 1b, which lies between 1.0 (10) and 1.1 (11) and has no number of its own."""

_LEVELS = {10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52}
_LEVEL_1B_FLAG = 0x10  # constraint_set3_flag turns level_idc 11 into 1b

# profile_idc, the bits of profile_iop that matter, their value (RFC 6184 table 5)
_PROFILES = (
    (0x42, 0x4F, 0x40, Profile.CONSTRAINED_BASELINE),
    (0x4D, 0x8F, 0x80, Profile.CONSTRAINED_BASELINE),
    (0x58, 0xCF, 0xC0, Profile.CONSTRAINED_BASELINE),
    (0x42, 0x4F, 0x00, Profile.BASELINE),
    (0x58, 0xCF, 0x80, Profile.BASELINE),
    (0x4D, 0xAF, 0x00, Profile.MAIN),
    (0x64, 0xFF, 0x00, Profile.HIGH),
    (0x64, 0xFF, 0x0C, Profile.CONSTRAINED_HIGH),
    (0xF4, 0xFF, 0x00, Profile.PREDICTIVE_HIGH_444),
)

_SPELLING = {
    Profile.CONSTRAINED_BASELINE: "42e0",
    Profile.BASELINE: "4200",
    Profile.MAIN: "4d00",
    Profile.CONSTRAINED_HIGH: "640c",
    Profile.HIGH: "6400",
    Profile.PREDICTIVE_HIGH_444: "f400",
}
_SPELLING_1B = {
    Profile.CONSTRAINED_BASELINE: "42f00b",
    Profile.BASELINE: "42100b",
    Profile.MAIN: "4d100b",
}


@dataclass(frozen=True, slots=True)
class ProfileLevel:
    """A profile and a level; `level` is ten times the level number, or LEVEL_1B."""

    profile: Profile
    level: int


DEFAULT = ProfileLevel(Profile.CONSTRAINED_BASELINE, 31)
"""The value of an absent profile-level-id in WebRTC."""


def parse_profile_level_id(text: str) -> ProfileLevel | None:
    """The meaning of six hex digits; None when they are malformed or name no known profile or level."""
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", text):
        return None
    idc, iop, level = bytes.fromhex(text)
    if level == 11 and iop & _LEVEL_1B_FLAG:
        level = LEVEL_1B
    elif level not in _LEVELS:
        return None
    for profile_idc, mask, value, profile in _PROFILES:
        if idc == profile_idc and iop & mask == value:
            return ProfileLevel(profile, level)
    return None


def profile_level_of(parameters: Mapping[str, str | int | float]) -> ProfileLevel | None:
    """The profile and level of codec parameters; the default when absent, None when malformed.

    A number is what SDP parsers make of an id without letters, such as 640032.
    """
    value = parameters.get("profile-level-id", "")
    return DEFAULT if value == "" else parse_profile_level_id(str(value))


def format_profile_level_id(value: ProfileLevel) -> str | None:
    """The canonical spelling; None for level 1b of a profile that cannot spell it."""
    if value.level == LEVEL_1B:
        return _SPELLING_1B.get(value.profile)
    return f"{_SPELLING[value.profile]}{value.level:02x}"


def answer_profile_level_id(
    local: Mapping[str, str | int | float], remote: Mapping[str, str | int | float]
) -> tuple[bool, str | None]:
    """The pair (the profiles are equal, the profile-level-id that answers `remote`) for two codecs.

    Its level is the lower one, unless both sides allow asymmetric levels: then the local one. The id is None
    when neither side named one, or it has no spelling.
    """
    ours, theirs = profile_level_of(local), profile_level_of(remote)
    if ours is None or theirs is None or ours.profile != theirs.profile:
        return False, None
    if "profile-level-id" not in local and "profile-level-id" not in remote:
        return True, None
    asymmetric = _allows_asymmetry(local) and _allows_asymmetry(remote)
    level = ours.level if asymmetric else min(ours.level, theirs.level, key=_level_order)
    return True, format_profile_level_id(ProfileLevel(ours.profile, level))


def _level_order(level: int) -> float:
    return 10.5 if level == LEVEL_1B else level


def _allows_asymmetry(parameters: Mapping[str, str | int | float]) -> bool:
    return parameters.get("level-asymmetry-allowed") in (1, "1")
