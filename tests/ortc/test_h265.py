"""H.265: which profiles fit, and the level that answers."""

from __future__ import annotations

import pytest

from mediad.ortc.h265 import Parameters, answer_level_id, same_profile
from mediad.ortc.matching import adapted
from tests.support.negotiation import codec

CHROME = {"level-id": 180, "profile-id": 1, "tier-flag": 0, "tx-mode": "SRST"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (CHROME, CHROME, True),
        ({}, {}, True),
        (CHROME, {}, True),  # the values are those that an absent parameter has
        (CHROME, {"tx-mode": "srst"}, True),
        ({"profile-id": "1"}, {"profile-id": 1}, True),
        (CHROME, {**CHROME, "profile-id": 2}, False),
        (CHROME, {**CHROME, "tier-flag": 1}, False),
        (CHROME, {**CHROME, "tx-mode": "MRST"}, False),
    ],
)
def test_profile_tier_and_mode_must_be_equal(one: Parameters, other: Parameters, same: bool) -> None:
    assert same_profile(one, other) is same_profile(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ({"level-id": 180}, {"level-id": 93}, 93),
        ({"level-id": "120"}, {"level-id": 150}, 120),
        ({"level-id": 120}, {}, 93),
        ({}, {}, None),
        ({"level-id": "high"}, {"level-id": 93}, None),
    ],
)
def test_the_lower_level_answers(one: Parameters, other: Parameters, level: int | None) -> None:
    assert answer_level_id(one, other) == answer_level_id(other, one) == level


def test_a_codec_gets_the_negotiated_level() -> None:
    found = adapted(codec("video/H265", **{"level-id": 180}), codec("video/H265", **{"level-id": 150}))
    assert found is not None
    assert found.parameters["level-id"] == 150
    assert adapted(codec("video/H265", **{"profile-id": 2}), codec("video/H265")) is None
    plain = codec("video/H265")
    assert adapted(plain, plain) is plain
