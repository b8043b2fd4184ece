"""Keys: each for one algorithm, whatever a token says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput
from mediad.tokens.keys import MAX_TOKEN_CHARS, Key, KeySet, pem_key, read_token, secret_keys
from mediad.tokens.refusal import Cause, TokenRefused
from tests.support.signing import (
    OTHER,
    SECRET,
    jwk,
    private_key,
    private_pem,
    public_pem,
    signed_by,
    token,
)

KINDS = ("rsa", "ec", "ed")


def public(kind: str, number: int = 0, kid: str | None = None) -> Key:
    key = pem_key(public_pem(kind, number), f"{kind}{number}.pem")
    return Key(key.algorithm, key.material, key.name, kid)


def outcome(keys: KeySet, text: str) -> str:
    """The key that has signed, or the cause of the refusal."""
    try:
        return keys.verify(read_token(text)).name
    except TokenRefused as refused:
        return refused.cause.value


def forged(header: dict[str, Any], secret: bytes = b"", claims: bytes = b"{}") -> str:
    """A token as an attacker writes it, signed with HMAC-SHA-256 whatever its header says."""
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (json.dumps(header).encode(), claims)]
    mac = hmac.new(secret, b".".join(parts), hashlib.sha256).digest() if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


ALL_KINDS = KeySet((*secret_keys([SECRET]), *map(public, KINDS)))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key(kind: str) -> None:
    assert outcome(ALL_KINDS, signed_by(kind)) == f"{kind}0.pem"
    assert outcome(ALL_KINDS, signed_by(kind, number=1)) == Cause.SIGNATURE
    assert outcome(KeySet((public(kind, 1), public(kind))), signed_by(kind)) == f"{kind}0.pem"


def test_secrets() -> None:
    keys = KeySet(secret_keys([OTHER, SECRET]))
    assert outcome(keys, token()) == "jwt_secrets[1]"
    assert outcome(keys, token(key="x" * 32)) == Cause.SIGNATURE


def test_algorithms_are_not_for_tokens_to_choose() -> None:
    pem = public_pem("rsa")
    assert outcome(ALL_KINDS, forged({"alg": "none"})) == Cause.ALGORITHM
    assert outcome(ALL_KINDS, forged({"alg": "None"}, SECRET.encode())) == Cause.ALGORITHM
    assert outcome(ALL_KINDS, forged({"alg": ""}, SECRET.encode())) == Cause.ALGORITHM
    assert outcome(ALL_KINDS, token(key="s" * 64, algorithm="HS512")) == Cause.ALGORITHM
    # the public key, which is no secret, taken for one
    assert outcome(KeySet((public("rsa"),)), forged({"alg": "HS256"}, pem)) == Cause.ALGORITHM
    assert outcome(ALL_KINDS, forged({"alg": "HS256"}, pem)) == Cause.SIGNATURE
    # an RSA key has one algorithm, and other curves are none of ours
    assert outcome(ALL_KINDS, token(key=private_key("rsa"), algorithm="PS256")) == Cause.ALGORITHM
    assert outcome(ALL_KINDS, token(key=private_key("ec-384"), algorithm="ES384")) == Cause.ALGORITHM
    assert outcome(ALL_KINDS, token(key=private_key("ed-448"), algorithm="EdDSA")) == Cause.SIGNATURE
    assert outcome(KeySet(), token()) == Cause.UNKNOWN_KEY


def test_keys_by_name() -> None:
    keys = KeySet((public("ec", 0, "old"), public("ec", 1, "new"), public("ed", 0, "ed")))
    assert outcome(keys, signed_by("ec", kid="old")) == "ec0.pem"
    assert outcome(keys, signed_by("ec", number=1)) == "ec1.pem"
    assert outcome(keys, signed_by("ec", kid="new")) == Cause.SIGNATURE
    assert outcome(keys, signed_by("ec", kid="ed")) == Cause.ALGORITHM
    assert outcome(keys, signed_by("ec", kid="lost")) == Cause.UNKNOWN_KEY
    assert outcome(keys + secret_keys([SECRET]), signed_by("ec", kid="lost")) == Cause.UNKNOWN_KEY
    assert outcome(keys + secret_keys([SECRET]), token(kid="lost")) == "jwt_secrets[0]"
    assert outcome(keys, forged({"alg": "none", "kid": "lost"})) == Cause.ALGORITHM


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        "a" * MAX_TOKEN_CHARS + ".b.c",
        "é.é.é",
        forged({"alg": 7}, b"k"),
        forged({"kid": "k"}, b"k"),
        forged({"alg": "HS256", "kid": 7}, SECRET.encode()),
        forged({"alg": "HS256", "crit": ["x"]}, SECRET.encode()),
        forged({"alg": "HS256", "b64": False, "crit": ["b64"]}, SECRET.encode()),
        "W10." + token().partition(".")[2],
        "[" * 2000 + "." * 2,
    ],
)
def test_texts_that_are_no_tokens(text: str) -> None:
    assert outcome(ALL_KINDS, text) == Cause.MALFORMED


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_any_text_is_refused_for_a_cause(text: str) -> None:
    assert outcome(ALL_KINDS, text) in set(Cause)


@given(st.integers(0, 500), st.integers(1, 127))
def test_a_changed_token_is_refused(position: int, change: int) -> None:
    text = signed_by("ed", {"roomId": "r"})
    position %= text.rindex(".") - 1
    changed = text[:position] + chr(ord(text[position]) ^ change) + text[position + 1 :]
    assert outcome(ALL_KINDS, changed) in set(Cause)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (public_pem("rsa-1024"), "2048 to 8192 bits; this one has 1024"),
        (public_pem("ec-384"), "curve P-256; this one is on secp384r1"),
        (public_pem("ed-448"), "RSA, P-256 or Ed25519"),
        (private_pem("ec"), "this one is private"),
        (public_pem("ec") + public_pem("ed"), "one public key in each file"),
        (b"", "BEGIN PUBLIC KEY"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "BEGIN PUBLIC KEY"),
        (json.dumps(jwk("ec")).encode(), "BEGIN PUBLIC KEY"),
    ],
)
def test_files_that_hold_no_key_of_ours(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        pem_key(data, "app.pem")


def test_a_secret_is_no_key_file() -> None:
    with pytest.raises(InvalidInput, match="jwt_public_keys"):
        secret_keys([public_pem("ec").decode()])


def test_keys_are_not_shown() -> None:
    assert SECRET not in repr(secret_keys([SECRET]))
    assert token() not in repr(read_token(token()))
