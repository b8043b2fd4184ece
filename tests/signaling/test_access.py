"""Admission: every reason for a refusal is named, and no algorithm but ours is accepted."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.budgets.budgets import Budgets
from mediad.signaling.access import Access, AccessRules, NotAdmitted, bearer
from tests.support.tokens import signed_with

SECRET, OTHER = "s" * 32, "o" * 32


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)


def signed(**claims: Any) -> str:
    """A token whose claims hold what no library of ours would write."""
    payload = json.dumps(claims).encode()
    return jwt.PyJWS().encode(payload, SECRET, algorithm="HS256")


def unsigned(**claims: Any) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + "."
    )


def refusal(rules: AccessRules, text: str | None) -> str | None:
    try:
        Access(rules).require_token(text, "room", "ana")
    except NotAdmitted as error:
        return str(error) if error.status == 401 else f"with status {error.status}"
    return None


def test_without_secrets_nobody_needs_a_token() -> None:
    assert refusal(AccessRules(), None) is None
    assert refusal(AccessRules(), "nonsense") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (token(), None),
        (token(roomId="room", peerId="ana", userId="7", aud="somebody"), None),
        (lambda: token(exp=time.time() + 60), None),
        (lambda: token(exp=time.time() - 10), None),
        (lambda: token(exp=time.time() - 60), "the token is expired"),
        (lambda: token(nbf=time.time() + 10), None),
        (lambda: token(nbf=time.time() + 60), "the token is not valid yet"),
        (token(OTHER), "the token is signed with another key"),
        (token("s" * 64, "HS512"), "the token is not signed with HS256, but HS512"),
        (unsigned(), "the token is not signed with HS256, but none"),
        (token(roomId="other"), "the token is for another roomId"),
        (token(peerId="ben"), "the token is for another peerId"),
        (token(roomId=None), "the token's roomId claim is no text of 1 to 128 characters"),
        (token(exp="soon"), "the token's exp claim is no number of seconds"),
        (signed(sub=7, jti=8, iat="yesterday", aud={"a": 1}, iss=[]), None),
        (signed(sub=None, jti=None, iat=None, aud=7, iss=None), None),
        (lambda: signed(iat=time.time() + 86_400), None),
        (signed(sub=7, roomId="other"), "the token is for another roomId"),
        ("a.b.c", "the token is malformed"),
        ("", "a token is required"),
        (None, "a token is required"),
    ],
)
def test_tokens(text: str | Callable[[], str] | None, reason: str | None) -> None:
    assert refusal(AccessRules(signed_with(SECRET)), text() if callable(text) else text) == reason


def test_a_secret_is_replaced_in_three_steps() -> None:
    old, new = token(SECRET), token(OTHER)
    reason = "the token is signed with another key"
    for secrets, outcome in (
        ((SECRET,), [None, reason]),
        ((OTHER, SECRET), [None, None]),
        ((OTHER,), [reason, None]),
    ):
        assert [refusal(AccessRules(signed_with(*secrets)), text) for text in (old, new)] == outcome
    expired = token(SECRET, exp=time.time() - 60)
    assert refusal(AccessRules(signed_with(OTHER, SECRET)), expired) == "the token is expired"


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_any_text_is_refused_for_a_reason(text: str) -> None:
    assert (refusal(AccessRules(signed_with(SECRET)), text) or "").startswith(("the token is", "a token is"))


@pytest.mark.parametrize(
    ("origins", "origin", "host", "admitted"),
    [
        (None, "https://evil.example", "sfu.example", True),
        (("*",), "https://evil.example", "sfu.example", True),
        (("https://app.example",), "https://app.example", "sfu.example", True),
        (("https://app.example",), "https://APP.example", "sfu.example", True),
        (("https://app.example",), None, "sfu.example", True),
        (("https://app.example",), "https://evil.example", "evil.example", False),
        (("https://app.example",), "http://evil.example:3000", "evil.example:3000", False),
        (("https://app.example",), "http://localhost:3000", "localhost:3000", True),
        (("https://app.example",), "http://127.0.0.1:3000", "127.0.0.1:3000", True),
        (("https://app.example",), "http://[::1]:3000", "[::1]:3000", True),
        (("https://app.example",), "http://192.0.2.7:3000", "192.0.2.7:3000", True),
        (("https://app.example",), "http://192.0.2.8:3000", "192.0.2.8:3000", False),
        (("https://app.example",), "http://localhost:3000", "localhost:4000", False),
        (("https://app.example",), "https://sfu.example", "SFU.example", True),
        (("https://app.example",), "https://sfu.example:8443", "sfu.example", False),
        (("https://app.example",), "https://app.example.evil.example", "sfu.example", False),
        (("https://app.example",), "http://app.example", "sfu.example", False),
        (("https://app.example",), "null", "sfu.example", False),
        (("https://app.example",), "null", None, False),
    ],
)
def test_origins(
    origins: tuple[str, ...] | None, origin: str | None, host: str | None, admitted: bool
) -> None:
    access = Access(AccessRules(origins=origins, names=frozenset({"sfu.example"})))
    if admitted:
        access.require_origin(origin, host, "192.0.2.7")
    else:
        with pytest.raises(NotAdmitted, match="may not connect") as caught:
            access.require_origin(origin, host, "192.0.2.7")
        assert caught.value.status == 403


@pytest.mark.parametrize(
    ("origins", "host", "admitted"),
    [
        (None, "anything.example", True),
        (("*",), "anything.example", True),
        (("https://app.example",), None, True),
        (("https://app.example",), "sfu.example:3000", True),
        (("https://app.example",), "app.example", True),
        (("https://app.example",), "localhost:3000", True),
        (("https://app.example",), "[::1]:3000", True),
        (("https://app.example",), "192.0.2.7", True),
        (("https://app.example",), "evil.example:3000", False),
        (("https://app.example",), "localhost.evil.example", False),
        (("https://app.example",), "", False),
    ],
)
def test_names(origins: tuple[str, ...] | None, host: str | None, admitted: bool) -> None:
    access = Access(AccessRules(origins=origins, names=frozenset({"sfu.example"})))
    if admitted:
        access.require_host(host, "192.0.2.7")
    else:
        with pytest.raises(NotAdmitted, match="is not called") as caught:
            access.require_host(host, "192.0.2.7")
        assert caught.value.status == 421


def test_bearer() -> None:
    assert bearer("Bearer abc") == bearer("bearer  abc ") == "abc"
    assert bearer("Basic abc") is bearer(None) is bearer("") is None


def test_who_brings_refused_tokens_all_the_time_is_not_listened_to_for_a_while() -> None:
    access = Access(AccessRules(signed_with(SECRET)))
    access.budgets = Budgets({"refused_tokens": 0.03})  # three at once
    good = token()
    for _ in range(3):
        with pytest.raises(NotAdmitted) as error:
            access.require_token("forged", "room", "ana", "192.0.2.7")
        assert error.value.status == 401
    with pytest.raises(NotAdmitted) as error:
        access.require_token(good, "room", "ana", "192.0.2.7")
    assert (error.value.status, error.value.headers) == (429, {"Retry-After": "34"})
    assert str(error.value).startswith("the limit refused_tokens is reached, 3 of 3: ")
    assert access.require_token(good, "room", "ana", "192.0.2.8").meaning is not None


def test_who_brings_no_token_guesses_none() -> None:
    access = Access(AccessRules(signed_with(SECRET)))
    access.budgets = Budgets({"refused_tokens": 0.01})
    for _ in range(5):
        with pytest.raises(NotAdmitted) as error:
            access.require_token(None, "room", "ana", "192.0.2.7")
        assert error.value.status == 401
