"""JWKS (RFC 7517): a document of public keys. A key that cannot be used is left out, and said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm

from mediad.errors import InvalidInput
from mediad.tokens.keys import Key, algorithm_of
from mediad.tokens.refusal import shown

MAX_BYTES = 256 * 1024
"""The largest document."""

MAX_KEYS = 64
"""The most keys of a document."""

_KINDS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""The algorithm that keys of each type (`kty`) are read as."""

_LIBRARY_ERRORS = (
    *(jwt.PyJWTError, UnsupportedAlgorithm),
    *(ValueError, TypeError, KeyError, OverflowError, AttributeError),
)
"""The errors by which the libraries refuse a key."""


@dataclass(frozen=True, slots=True)
class Jwks:
    """The keys of one document."""

    keys: tuple[Key, ...]
    left_out: tuple[str, ...]
    """The keys that cannot be used, each with the reason."""


def read_jwks(data: bytes, name: str) -> Jwks:
    """Return the keys of a document. Raises InvalidInput when it is none, or has no key that can be used.

    `name` is the setting that keys are named after in what people read.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"a document of at most {MAX_BYTES // 1024} KiB")
    try:
        rows = msgspec.json.decode(data, type=dict[str, Any])["keys"]
    except (msgspec.DecodeError, RecursionError, KeyError):
        raise InvalidInput('a JWKS document: a JSON object with a list "keys"') from None
    if not isinstance(rows, list) or len(rows) > MAX_KEYS:
        raise InvalidInput(f'a JWKS document: a JSON object with a list "keys" of at most {MAX_KEYS}')
    keys: list[Key] = []
    left_out: list[str] = []
    for index, row in enumerate(rows):
        where = f"{name}[{index}]"
        try:
            if not _is_for_encryption(row):
                keys.append(_read_key(row, where))
        except InvalidInput as error:
            left_out.append(f"{where}: expected {error}")
    if not keys:
        reasons = "; ".join(left_out[:3]) or "there is none for signatures"
        raise InvalidInput(f"a JWKS document with a key that can be used: {reasons}")
    return Jwks(tuple(keys), tuple(left_out))


def _is_for_encryption(row: object) -> bool:
    return isinstance(row, dict) and row.get("use") == "enc"


def _read_key(row: Any, where: str) -> Key:
    if not isinstance(row, dict):
        raise InvalidInput("an object")
    kind, kid = row.get("kty"), row.get("kid")
    if kind == "oct":
        raise InvalidInput("a public key; a secret belongs into jwt_secrets")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InvalidInput("a key of type (kty) RSA, EC or OKP")
    if "d" in row:
        raise InvalidInput("a public key; this one is private, and belongs to the issuer alone")
    if not (kid is None or (isinstance(kid, str) and 0 < len(kid) <= 256)):
        raise InvalidInput("a name (kid) of 1 to 256 characters, or none")
    operations = row.get("key_ops")
    if row.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        raise InvalidInput('a key for signatures (use "sig", key_ops "verify")')
    try:
        material = jwt.get_algorithm_by_name(_KINDS[kind]).from_jwk(row)
    except _LIBRARY_ERRORS:
        raise InvalidInput("an RSA, P-256 or Ed25519 key that can be read") from None
    algorithm = algorithm_of(material)
    if row.get("alg", algorithm) != algorithm:
        raise InvalidInput(f"the algorithm (alg) {algorithm} of its key, not {shown(row['alg'])}")
    return Key(algorithm, material, where, kid)
