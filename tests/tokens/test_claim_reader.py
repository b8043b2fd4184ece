"""Reading single claims; what a whole token means is in test_claims."""

from __future__ import annotations

import math

import pytest

from mediad.tokens.claim_reader import Reader, Said
from mediad.tokens.refusal import TokenRefused


def test_a_claim_that_is_not_there_is_none() -> None:
    nothing = Reader({}, "")
    assert (nothing.flag("a"), nothing.identity("a"), nothing.user("a"), nothing.count("a")) == (None,) * 4
    assert (nothing.time("a"), nothing.names("a"), nothing.codecs("a"), nothing.table("a")) == (None,) * 4


def test_claims_of_each_kind() -> None:
    claims = {
        "f": False,
        "i": "ana",
        "u": 7,
        "c": 3,
        "t": 1.5,
        "n": ["a", "a"],
        "m": ["Video/VP8"],
        "x": {"y": 1},
    }
    given = Reader(claims, "")
    assert (given.flag("f"), given.identity("i"), given.user("u"), given.user("i")) == (
        False,
        "ana",
        "7",
        "ana",
    )
    assert (given.count("c"), given.time("t"), given.time("c")) == (3, 1.5, 3.0)
    assert (given.names("n"), given.codecs("m")) == (frozenset("a"), frozenset({"video/vp8"}))


@pytest.mark.parametrize("value", [10**400, -(10**400), math.inf, math.nan, 2**54, True, "soon"])
def test_a_time_is_a_number_of_seconds(value: object) -> None:
    with pytest.raises(TokenRefused, match="no number of seconds"):
        Reader({"exp": value}, "").time("exp")


def test_a_refusal_names_the_whole_path() -> None:
    inner = Reader({"limits": {"bitrate": "much"}}, "").table("limits")
    assert inner is not None
    with pytest.raises(TokenRefused, match=r"the token's limits.bitrate claim is no whole number"):
        inner.count("bitrate")
    with pytest.raises(TokenRefused, match=r"the token's limits.bitrate claim is none of producers"):
        inner.only("producers")


def test_the_same_may_be_said_twice_and_not_otherwise() -> None:
    said = Said()
    said.take("room", "r", "roomId")
    said.take("room", None, "nothing")
    said.take("room", "r", "video.room")
    assert (said.get("room"), said.get("peer"), said.get("peer", "any")) == ("r", None, "any")
    with pytest.raises(TokenRefused, match=r"video.room claim contradicts its roomId claim"):
        said.take("room", "s", "video.room")
