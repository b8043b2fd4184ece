"""Grants as people read them."""

from __future__ import annotations

from mediad.ctl.grants_view import describe_grants


def test_what_is_limited_is_said() -> None:
    grants = {
        "publish": False,
        "record": False,
        "sources": ["audio", "screen\n"],
        "codecs": [],
        "maxBitrateBps": 500_000,
        "maxProducers": 1,
        "maxConsumers": 0,
        "expiresAtS": 1.0,
    }
    assert describe_grants(grants) == (
        "no publish; no record; sources audio, screen\\n; codecs none; at most 500 kbps; "
        "sends at most 1 track; receives at most 0 tracks"
    )


def test_nothing_is_limited() -> None:
    assert describe_grants({}) == "everything"
