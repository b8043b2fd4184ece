"""Keys that tokens are signed with. Each is for one algorithm, whatever a token says.

HS256   a secret that issuer and server share
RS256   an RSA key of 2048 to 8192 bits
ES256   an elliptic curve key on P-256
EdDSA   an Ed25519 key
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from mediad.errors import InvalidInput
from mediad.tokens.refusal import Cause, TokenRefused, shown

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")

MAX_TOKEN_CHARS = 8192
"""The longest token; those of apps have some hundred characters."""

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
"""The sizes of RSA keys: smaller ones are weak (RFC 7518 section 3.3), and larger ones slow to use."""

_JWS = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class Key:
    """One key, with the algorithm that it is for."""

    algorithm: str
    material: Any = field(repr=False)
    name: str
    """The setting it comes from, and which of that setting's keys it is."""
    kid: str | None = None
    """The name that tokens call it by, if it has one."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A token taken apart, before its signature is checked."""

    token: str = field(repr=False)
    algorithm: str
    kid: str | None
    payload: bytes = field(repr=False)


class UnknownKey(TokenRefused):
    """Error: the token names a key that is not there; it may have been made since keys were last fetched."""

    def __init__(self, kid: str) -> None:
        super().__init__(Cause.UNKNOWN_KEY, f"the token is signed with a key that is not known: {shown(kid)}")


def read_token(token: str) -> Signed:
    """Take a token apart. Raises TokenRefused for a text that is none."""
    try:
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            raise ValueError(len(token))
        # its own `_load` is private: without a check of the signature this does the same
        parts = _JWS.decode_complete(token, options={"verify_signature": False})
        header = parts["header"]
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or not isinstance(kid, str | None):
            raise ValueError(algorithm)
        return Signed(token, algorithm, kid, parts["payload"])
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenRefused(Cause.MALFORMED, "the token is malformed") from None


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of which any may have signed a token."""

    keys: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys)

    def __add__(self, more: Sequence[Key]) -> KeySet:
        return KeySet((*self.keys, *more))

    @property
    def algorithms(self) -> list[str]:
        """The algorithms that there are keys for, each once."""
        return sorted({key.algorithm for key in self.keys})

    def verify(self, signed: Signed) -> Key:
        """Return the key that signed. Raises TokenRefused when none of these did.

        Of keys that have a name (`kid`) only the one that the token names may; of others, each.
        """
        if not self.keys:
            raise TokenRefused(
                Cause.UNKNOWN_KEY, "the token cannot be checked: the server has no keys yet, try again soon"
            )
        named = [key for key in self.keys if key.kid is not None and key.kid == signed.kid]
        candidates = named or [key for key in self.keys if key.kid is None or signed.kid is None]
        fitting = [key for key in candidates if key.algorithm == signed.algorithm]
        for key in fitting:
            if _has_signed(key, signed.token):
                return key
        if signed.kid is not None and not named and signed.algorithm in ALGORITHMS:
            raise UnknownKey(signed.kid)
        if not fitting:
            accepted = " or ".join(sorted({key.algorithm for key in candidates}))
            raise TokenRefused(
                Cause.ALGORITHM, f"the token is not signed with {accepted}, but {shown(signed.algorithm)}"
            )
        raise TokenRefused(Cause.SIGNATURE, "the token is signed with another key")


NO_KEYS = KeySet()


def _has_signed(key: Key, token: str) -> bool:
    try:
        _JWS.decode_complete(token, key.material, algorithms=[key.algorithm])
    except jwt.InvalidSignatureError:
        return False
    except (jwt.PyJWTError, ValueError, TypeError):  # a header that asks for extensions, for example
        raise TokenRefused(Cause.MALFORMED, "the token is malformed") from None
    return True


def secret_keys(secrets: Sequence[str], setting: str = "jwt_secrets") -> tuple[Key, ...]:
    """Return the keys of shared secrets. Raises InvalidInput for one that is a key in a file's format."""
    for secret in secrets:
        if "-----BEGIN" in secret or secret.startswith("ssh-"):
            raise InvalidInput("a secret, no key pair: put a public key's file into jwt_public_keys")
    return tuple(Key("HS256", secret.encode(), f"{setting}[{index}]") for index, secret in enumerate(secrets))


def pem_key(data: bytes, name: str) -> Key:
    """Return the public key of a PEM file. Raises InvalidInput with what the file should be instead."""
    if b"PRIVATE KEY" in data:
        raise InvalidInput(
            "a public key; this one is private, and belongs to the issuer alone "
            "(write the public one with: openssl pkey -in private.pem -pubout)"
        )
    if data.count(b"-----BEGIN") > 1:
        raise InvalidInput("one public key in each file")
    try:
        material = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInput('a PEM file that begins with "-----BEGIN PUBLIC KEY-----"') from None
    return Key(algorithm_of(material), material, name)


def algorithm_of(material: object) -> str:
    """Return the algorithm that a public key is for. Raises InvalidInput for keys that are not accepted."""
    match material:
        case RSAPublicKey():
            if not MIN_RSA_BITS <= material.key_size <= MAX_RSA_BITS:
                raise InvalidInput(
                    f"an RSA key of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits; this one has {material.key_size}"
                )
            return "RS256"
        case EllipticCurvePublicKey():
            if not isinstance(material.curve, SECP256R1):
                raise InvalidInput(f"a key on the curve P-256; this one is on {material.curve.name}")
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"
        case _:
            raise InvalidInput("an RSA, P-256 or Ed25519 key")
