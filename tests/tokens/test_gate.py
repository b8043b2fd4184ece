"""The gate: every check fails for its cause, and all of them can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.rooms.grants import Grants
from mediad.tokens.gate import Gate, TokenRules, unverified_claims
from mediad.tokens.keys import KeySet, secret_keys
from mediad.tokens.refusal import Cause, TokenRefused
from mediad.tokens.revocations import jti_name
from tests.support.signing import OTHER, SECRET, token

NOW_S = 1_000_000.0
RULES = TokenRules(keys=KeySet(secret_keys([SECRET])))
GOOD: dict[str, Any] = {"exp": NOW_S + 60}


def outcome(
    claims: Mapping[str, Any] | None = None,
    rules: TokenRules = RULES,
    room: str | None = "r",
    peer: str | None = "ana",
    text: str | None = None,
) -> str:
    gate = Gate(rules)
    try:
        gate.admit(text or token({**GOOD, **(claims or {})}), room, peer, NOW_S)
    except TokenRefused as refused:
        return refused.cause.value
    return "ok"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, "ok"),
        ({"exp": NOW_S - 29}, "ok"),
        ({"exp": NOW_S - 30}, Cause.EXPIRED),
        ({"nbf": NOW_S + 30}, "ok"),
        ({"nbf": NOW_S + 31}, Cause.NOT_YET),
        ({"nbf": "now"}, Cause.CLAIM),
        ({"exp": None}, Cause.CLAIM),
        ({"roomId": "r", "peerId": "ana"}, "ok"),
        ({"roomId": "other"}, Cause.ROOM),
        ({"peerId": "ben"}, Cause.PEER),
        ({"publish": "no"}, Cause.CLAIM),
        ({"s3": {"secret": "x"}}, Cause.SECRET),
        ({"sub": "ana", "video": {"room": "r"}}, Cause.CLAIM),
        ({"sub": "ana", "video": {"room": "other", "roomJoin": True}}, Cause.ROOM),
        ({"sub": "ben", "video": {"room": "r", "roomJoin": True}}, Cause.PEER),
        ({"aud": ["a", 7], "iss": {}}, "ok"),
        ({"sub": 7, "jti": 8, "iat": "yesterday"}, "ok"),
    ],
)
def test_claims(claims: dict[str, Any], expected: str) -> None:
    assert outcome(claims) == expected


def test_signatures() -> None:
    assert outcome(text=token(GOOD, key=OTHER)) == Cause.SIGNATURE
    assert outcome(text=token(GOOD, key="s" * 64, algorithm="HS512")) == Cause.ALGORITHM
    assert outcome(text="nonsense") == Cause.MALFORMED
    with pytest.raises(TokenRefused, match="a token is required"):
        Gate(RULES).admit("", "r", "ana", NOW_S)


def test_tokens_expire_unless_the_operator_says_otherwise() -> None:
    assert outcome(text=token({})) == Cause.NO_EXPIRY
    assert outcome(text=token({}), rules=replace(RULES, require_exp=False)) == "ok"
    assert outcome({"exp": 5}, replace(RULES, require_exp=False)) == Cause.EXPIRED


def test_audience_and_issuer() -> None:
    rules = replace(RULES, audiences=("sfu", "sfu.example"), issuers=("app",))
    good = {"aud": "sfu", "iss": "app"}
    assert outcome(good, rules) == "ok"
    assert outcome(good | {"aud": ["x", "sfu.example"]}, rules) == "ok"
    assert outcome(good | {"aud": "sf"}, rules) == Cause.AUDIENCE
    assert outcome(good | {"aud": []}, rules) == Cause.AUDIENCE
    assert outcome({"iss": "app"}, rules) == Cause.AUDIENCE
    assert outcome(good | {"iss": "apple"}, rules) == Cause.ISSUER
    assert outcome(good | {"iss": ["app"]}, rules) == Cause.ISSUER
    assert outcome({"aud": "sfu"}, rules) == Cause.ISSUER


def test_a_revoked_token() -> None:
    gate = Gate(RULES)
    text = token({**GOOD, "jti": "one"})
    gate.admit(text, "r", "ana", NOW_S)
    gate.revocations.revoke(jti_name("one"), NOW_S + 100, NOW_S)
    with pytest.raises(TokenRefused, match="revoked"):
        gate.admit(text, "r", "ana", NOW_S)


def test_a_token_for_one_use_is_used_up_when_it_admits_only() -> None:
    gate = Gate(RULES)
    text = token({**GOOD, "jti": "one", "once": True, "roomId": "r"})
    with pytest.raises(TokenRefused, match="another roomId"):
        gate.admit(text, "other", "ana", NOW_S)
    assert all(check.ok for check in gate.inspect(text, "r", "ana", NOW_S))
    gate.admit(text, "r", "ana", NOW_S)
    with pytest.raises(TokenRefused, match="was used"):
        gate.admit(text, "r", "ana", NOW_S + 89)
    assert [check.name for check in gate.inspect(text, "r", "ana", NOW_S) if not check.ok] == ["once"]


def test_what_a_token_gives() -> None:
    claims, meaning = Gate(RULES).admit(token({**GOOD, "publish": False, "hls": True}), "r", None, NOW_S)
    assert meaning.grants == Grants(publish=False, expires_at_s=NOW_S + 60)
    assert meaning.room_options.show
    assert claims["hls"]


def test_claims_that_are_no_object() -> None:
    for payload in (b"[]", b"7", b"{", b"\xff", b'{"a":"\xff"}', b"[" * 5000, b'{"exp": NaN}'):
        assert outcome(text=jwt.PyJWS().encode(payload, SECRET, "HS256")) == Cause.MALFORMED


def test_all_checks_are_shown_and_those_that_fail_say_why() -> None:
    wrong = {"exp": NOW_S - 100, "roomId": "other", "publish": "no", "jti": "j"}
    found = {check.name: check for check in Gate(RULES).inspect(token(wrong, key=OTHER), "r", "a", NOW_S)}
    assert [name for name, check in found.items() if not check.ok] == ["signature", "exp", "grants"]
    assert found["exp"].text == "the token is expired"
    assert found["aud"].text == "not checked (token_audience)"
    (form,) = Gate(RULES).inspect("nonsense", None, None, NOW_S)
    assert (form.name, form.ok, form.text) == ("form", False, "the token is malformed")
    good = {**GOOD, "roomId": "r", "codecs": ["video/VP8"], "limits": {"bitrate": 5}}
    found = {check.name: check for check in Gate(RULES).inspect(token(good), "r", "a", NOW_S)}
    assert all(check.ok for check in found.values())
    assert found["signature"].text == "HS256 by jwt_secrets[0]"
    assert found["grants"].text == "publish, subscribe, data; codecs video/vp8; at most 5 bit/s"


@given(
    st.dictionaries(
        st.sampled_from(["exp", "nbf", "aud", "iss", "jti", "once", "video"]), st.none() | st.integers()
    )
)
def test_inspecting_and_admitting_agree(claims: dict[str, Any]) -> None:
    text = token(GOOD | claims)
    found = Gate(RULES).inspect(text, "r", "ana", NOW_S)
    assert all(check.ok for check in found) == (outcome(claims) == "ok")


def test_claims_that_nobody_has_checked() -> None:
    assert unverified_claims(token({"userId": 7}, key=OTHER)) == {"userId": 7}
    deep = jwt.PyJWS().encode(b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", OTHER, "HS256")
    for text in ("", "nonsense", "a.b.c", deep, jwt.PyJWS().encode(b"[]", OTHER, "HS256")):
        assert unverified_claims(text) == {}
