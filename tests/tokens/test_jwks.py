"""JWKS documents: the keys that can be used, and a reason for each that cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput
from mediad.tokens.jwks import MAX_BYTES, MAX_KEYS, read_jwks
from mediad.tokens.keys import KeySet, read_token
from tests.support.signing import jwk, private_key, signed_by


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed"])
def test_each_kind_of_key(kind: str) -> None:
    found = read_jwks(document(jwk(kind, kid="one", use="sig")), "jwt_jwks")
    assert found.left_out == ()
    (key,) = found.keys
    assert (key.name, key.kid) == ("jwt_jwks[0]", "one")
    assert KeySet(found.keys).verify(read_token(signed_by(kind, kid="one"))) is key


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({"kty": "oct", "k": "AAAA"}, "a secret belongs into jwt_secrets"),
        (jwk("rsa-1024"), "this one has 1024"),
        (jwk("ec-384"), "curve P-256"),
        (jwk("ed-448"), "RSA, P-256 or Ed25519"),
        (jwk("ec", alg="HS256"), r"the algorithm \(alg\) ES256 of its key, not HS256"),
        (jwk("rsa", alg="PS256"), "not PS256"),
        (jwk("rsa", alg=None), "not None"),
        (jwk("ec", d="AAAA"), "this one is private"),
        (jwk("ec", kid=7), "kid"),
        (jwk("ec", kid=""), "kid"),
        (jwk("ec", key_ops=["sign"]), "key_ops"),
        (jwk("ec", use="tls"), "use"),
        (jwk("ec") | {"x": "AA"}, "that can be read"),
        (jwk("rsa") | {"n": 7}, "that can be read"),
        (jwk("ed") | {"crv": "X25519"}, "that can be read"),
        (jwk("ec") | {"crv": "P-384"}, "that can be read"),
        ({"kty": "XYZ"}, "RSA, EC or OKP"),
        ({}, "RSA, EC or OKP"),
        ("key", "an object"),
    ],
)
def test_keys_that_cannot_be_used(key: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_jwks(document(key), "jwt_jwks")
    found = read_jwks(document(key, jwk("ed", kid="good")), "jwt_jwks")
    assert [one.name for one in found.keys] == ["jwt_jwks[1]"]
    assert [reason.split(":")[0] for reason in found.left_out] == ["jwt_jwks[0]"]


def test_keys_for_encryption_are_for_others() -> None:
    found = read_jwks(document(jwk("rsa", use="enc"), jwk("ed")), "jwt_jwks")
    assert (len(found.keys), found.left_out) == (1, ())
    with pytest.raises(InvalidInput, match="none for signatures"):
        read_jwks(document(jwk("rsa", use="enc")), "jwt_jwks")


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": null}', b"\xff", b"[" * 5000, b'{"keys": []}'),
        b'{"keys": [' + b"{}," * MAX_KEYS + b"{}]}",
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_document(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"a JWKS document|a document of at most 256 KiB"):
        read_jwks(data, "jwt_jwks")


JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.lists(st.text(max_size=3), max_size=2)
)
MEMBERS = st.sampled_from(["kty", "kid", "use", "alg", "key_ops", "crv", "x", "y", "n", "e", "d", "k"])


@given(st.sampled_from(["rsa", "ec", "ed"]), st.dictionaries(MEMBERS, JSON, max_size=3))
def test_any_key_is_read_or_left_out(kind: str, changes: dict[str, Any]) -> None:
    found = read_jwks(document(jwk(kind) | changes, jwk("ed", 1)), "jwt_jwks")
    assert len(found.keys) + len(found.left_out) + (changes.get("use") == "enc") == 2
    for key in found.keys[:-1]:
        assert key.algorithm == {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA"}[kind]
        if not {*changes} & {"x", "y", "n", "e"}:
            assert key.material == private_key(kind).public_key()


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_jwks(data, "jwt_jwks")
