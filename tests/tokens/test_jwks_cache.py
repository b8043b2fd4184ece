"""The cache of fetched keys: when it is fetched, and what stays when that fails."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mediad.tokens.jwks_cache import ASKED_S, FIRST_RETRY_S, REFRESH_S, JwksCache
from tests.support.signing import jwk


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


OLD, NEW = document(jwk("ed", kid="old")), document(jwk("ed", kid="old"), jwk("ec", kid="new"))


def cache(data: bytes = OLD, now_s: float = 100.0) -> JwksCache:
    made = JwksCache("jwt_jwks")
    assert made.due_s <= now_s
    made.begin(now_s)
    assert made.fetched(data, now_s)
    return made


def test_keys_are_fetched_at_the_start_and_again() -> None:
    one = cache()
    assert [key.kid for key in one.keys] == ["old"]
    assert (one.due_s, one.fetched_s, one.trouble) == (100 + REFRESH_S, 100, "")
    one.begin(400)
    assert not one.fetched(OLD, 401)
    one.begin(800)
    assert one.fetched(NEW, 801)
    one.begin(1200)
    assert one.fetched(OLD, 1201)


def test_keys_are_kept_through_outages() -> None:
    one, delays = cache(), []
    now_s = 400.0
    for _ in range(9):
        one.begin(now_s)
        one.failed("no answer", now_s)
        delays.append(one.due_s - now_s)
        now_s = one.due_s
    assert delays[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert delays[-1] == REFRESH_S
    assert (len(one.keys), one.trouble, one.fetched_s) == (1, "no answer", 100)
    one.begin(now_s)
    assert not one.fetched(b"<html>", now_s)
    assert one.trouble.startswith("expected a JWKS document")
    assert len(one.keys) == 1
    one.begin(now_s)
    one.fetched(NEW, now_s)
    assert (one.trouble, one.due_s) == ("", now_s + REFRESH_S)


def test_an_unknown_key_is_asked_for_at_most_once_a_minute() -> None:
    one = cache()
    assert (one.knows("old"), one.knows(None), one.knows("new")) == (True, True, False)
    assert not one.ask(100 + ASKED_S - 1)
    assert one.due_s == 100 + REFRESH_S
    assert one.ask(100 + ASKED_S)
    assert one.due_s == 100 + ASKED_S
    one.begin(160)
    assert one.ask(160.1), "it is under way: worth waiting for"
    one.fetched(NEW, 160.2)
    assert one.knows("new")
    assert not one.ask(161)


def test_before_the_first_fetch_everybody_may_wait_for_it() -> None:
    one = JwksCache("jwt_jwks")
    assert not one.knows(None)
    assert one.ask(5)
    one.begin(5)
    one.failed("no route", 6)
    assert not one.ask(7)
    assert one.due_s == 6 + FIRST_RETRY_S


def test_an_operator_need_not_wait() -> None:
    one = cache()
    one.refresh(101)
    assert one.due_s == 101


@given(st.lists(st.floats(0.01, 20), min_size=1, max_size=300))
def test_no_flood_of_unknown_keys_makes_more_fetches(pauses_s: list[float]) -> None:
    one, now_s, fetches = cache(now_s=0), 0.0, list[float]()
    for pause_s in pauses_s:
        now_s += pause_s
        one.ask(now_s)
        if one.due_s <= now_s:
            one.begin(now_s)
            one.failed("no answer", now_s) if len(fetches) % 2 else one.fetched(OLD, now_s)
            fetches.append(now_s)
    by_themselves = 2 * now_s / REFRESH_S + 8  # refreshes, and retries from 5 s on
    assert len(fetches) <= now_s / ASKED_S + by_themselves
