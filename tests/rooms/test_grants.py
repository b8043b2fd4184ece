"""Grants: what they allow, and how they change."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import Forbidden
from mediad.rooms.grants import ALL, Grants

NOTHING_SAID = Grants()


def test_everyone_may_do_all_where_no_token_is_needed() -> None:
    assert ALL.to_wire() == {}
    ALL.require_track("video", {"source": "anything"}, ["video/AV1"])
    ALL.require_subscribe()
    ALL.require_data()
    ALL.require_producers(10_000)
    ALL.require_consumers(10_000)
    assert ALL.admin
    assert ALL.record


def test_a_token_that_says_nothing_is_for_no_admin_and_no_recording() -> None:
    assert NOTHING_SAID.to_wire() == {"admin": False, "record": False}


REFUSED = [
    (Grants(publish=False), "audio", {}, "(grant publish)"),
    (Grants(sources=frozenset({"mic"})), "video", {}, "'video' may not be sent by this peer (grant sources)"),
    (Grants(sources=frozenset({"mic"})), "video", {"source": "mic"}, "(grant sources)"),
    (Grants(sources=frozenset({"camera"})), "video", {"source": "slides"}, "(grant sources)"),
    (Grants(sources=frozenset({"camera"})), "video", {"source": "camera", "share": True}, "(grant sources)"),
    (Grants(sources=frozenset()), "audio", {}, "(grant sources)"),
    (Grants(codecs=frozenset({"video/vp9"})), "video", {}, "video/VP8 may not be sent by this peer"),
]


@pytest.mark.parametrize(("grants", "kind", "app_data", "reason"), REFUSED)
def test_tracks_that_are_refused(grants: Grants, kind: str, app_data: dict[str, Any], reason: str) -> None:
    with pytest.raises(Forbidden) as refused:
        grants.require_track(kind, app_data, ["video/VP8"] if kind == "video" else ["audio/opus"])
    assert reason in str(refused.value)


ALLOWED = [
    (Grants(sources=frozenset({"mic"})), "audio", {}),
    (Grants(sources=frozenset({"camera"})), "video", {"source": "webcam"}),
    (Grants(sources=frozenset({"screen_share"})), "video", {"share": True}),
    (Grants(sources=frozenset({"slides"})), "video", {"source": "slides"}),
    (Grants(codecs=frozenset({"video/vp8"})), "video", {}),
]


@pytest.mark.parametrize(("grants", "kind", "app_data"), ALLOWED)
def test_tracks_that_are_allowed(grants: Grants, kind: str, app_data: dict[str, Any]) -> None:
    grants.require_track(kind, app_data, ["video/VP8"] if kind == "video" else ["audio/opus"])


def test_numbers_have_an_end() -> None:
    grants = Grants(max_producers=2, max_consumers=0)
    grants.require_producers(1)
    with pytest.raises(Forbidden, match=r"2 of 2 tracks are sent, close some \(grant maxProducers\)"):
        grants.require_producers(2)
    with pytest.raises(Forbidden, match=r"\(grant maxConsumers\)"):
        grants.require_consumers(0)


def test_receiving_and_data() -> None:
    with pytest.raises(Forbidden, match=r"\(grant subscribe\)"):
        Grants(subscribe=False).require_subscribe()
    with pytest.raises(Forbidden, match=r"\(grant data\)"):
        Grants(publish_data=False).require_data()


def test_narrowed_grants_allow_what_both_allow() -> None:
    token = Grants(
        record=True, sources=frozenset({"mic", "webcam"}), max_producers=4, max_bitrate_bps=1_000_000
    )
    word = ALL.changed(
        publish_data=False, sources=frozenset({"camera", "share"}), codecs=frozenset({"video/vp8"}),
        max_producers=9, max_consumers=3, expires_at_s=5.0,
    )  # fmt: skip
    both = Grants(
        publish_data=False, record=True, sources=frozenset({"video"}), codecs=frozenset({"video/vp8"}),
        max_bitrate_bps=1_000_000, max_producers=4, max_consumers=3, expires_at_s=5.0,
    )  # fmt: skip
    assert token.narrowed(word) == word.narrowed(token) == both
    assert both.narrowed(ALL) == both


def test_what_operators_see() -> None:
    grants = ALL.changed(publish_data=False, sources=frozenset({"b", "a"}), max_bitrate_bps=7)
    assert grants.to_wire() == {"data": False, "sources": ["a", "b"], "maxBitrateBps": 7}
