"""Signing: tokens written with a private key that mediactl may read and the daemon need not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mediad.errors import InvalidInput


def sign(claims: dict[str, Any], path: Path, kid: str | None) -> str:
    """Return a token signed with the private key in a PEM file. Raises InvalidInput.

    The key says the algorithm: Ed25519 EdDSA, P-256 ES256, RSA RS256.
    """
    import jwt  # here, because it takes a tenth of a second that no other verb needs

    try:
        key = _private_key(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise InvalidInput(f"{path}: expected a PEM file with a private key, not encrypted") from None
    return jwt.encode(claims, key, _algorithm(key, path), headers={"kid": kid} if kid is not None else None)


def _private_key(data: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(data, None)


def _algorithm(key: object, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match key:
        case ed25519.Ed25519PrivateKey():
            return "EdDSA"
        case ec.EllipticCurvePrivateKey() if isinstance(key.curve, ec.SECP256R1):
            return "ES256"
        case rsa.RSAPrivateKey() if key.key_size >= 2048:
            return "RS256"
    raise InvalidInput(f"{path}: expected an Ed25519, P-256 or RSA key (RSA from 2048 bits on)")
