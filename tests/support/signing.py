"""Keys and tokens for tests, made once."""

from __future__ import annotations

import functools
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SECRET, OTHER = "s" * 32, "o" * 32

ALGORITHMS = {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA"}
"""The algorithm of each kind of key that is accepted."""


def private_key(kind: str, number: int = 0) -> Any:
    """A private key of a kind; another for each number."""
    return _private_key(kind, number)


@functools.cache
def _private_key(kind: str, number: int) -> Any:
    match kind:
        case "rsa":
            return rsa.generate_private_key(65_537, 2048)
        case "rsa-1024":
            return rsa.generate_private_key(65_537, 1024)
        case "ec":
            return ec.generate_private_key(ec.SECP256R1())
        case "ec-384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ed":
            return ed25519.Ed25519PrivateKey.generate()
        case "ed-448":
            return ed448.Ed448PrivateKey.generate()
    raise ValueError(kind)


def public_pem(kind: str, number: int = 0) -> bytes:
    public = private_key(kind, number).public_key()
    return bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def private_pem(kind: str, number: int = 0) -> bytes:
    key = private_key(kind, number)
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def jwk(kind: str, number: int = 0, **more: Any) -> dict[str, Any]:
    """The public key as JWKS documents have it."""
    algorithm = jwt.get_algorithm_by_name(
        {"ec-384": "ES384", "ed-448": "EdDSA", "rsa-1024": "RS256"}.get(kind) or ALGORITHMS[kind]
    )
    text = algorithm.to_jwk(private_key(kind, number).public_key())
    made: dict[str, Any] = json.loads(text) if isinstance(text, str) else text
    return made | more


def token(
    claims: dict[str, Any] | None = None,
    *,
    key: Any = SECRET,
    algorithm: str = "HS256",
    kid: str | None = None,
) -> str:
    """A signed token."""
    headers = None if kid is None else {"kid": kid}
    return jwt.PyJWS().encode(json.dumps(claims or {}).encode(), key, algorithm, headers=headers)


def signed_by(
    kind: str, claims: dict[str, Any] | None = None, number: int = 0, kid: str | None = None
) -> str:
    """A token signed with a private key of this kind."""
    return token(claims, key=private_key(kind, number), algorithm=ALGORITHMS[kind], kid=kid)
