"""The settings of tokens: the keys they are signed with, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass

from mediad.config.front_settings import FrontSettings
from mediad.config.key import key_field
from mediad.config.kinds import FilePaths, Secrets, Switch
from mediad.config.token_kinds import KeysSource, Words


@dataclass(frozen=True, slots=True)
class TokenSettings(FrontSettings):
    """The tokens of one daemon."""

    jwt_secrets: tuple[str, ...] | None = key_field(
        None,
        Secrets(),
        "secrets that tokens (JWT, HS256) may be signed with; any key of jwt_secrets, jwt_public_keys and "
        "jwt_jwks will do, so that one can follow another; with all three unset nobody needs a token",
        "JWT_SECRET",
        live=True,
        secret=True,
        example=["the output of: openssl rand -base64 32"],
    )
    jwt_public_keys: tuple[str, ...] | None = key_field(
        None,
        FilePaths(),
        "PEM files with one public key each (Ed25519: EdDSA, P-256: ES256, RSA from 2048 bits on: RS256) "
        "whose owners may sign tokens",
        live=True,
        example=["/etc/mediad/keys/app.pem"],
    )
    jwt_jwks: str | None = key_field(
        None,
        KeysSource(),
        "where the public keys of those who may sign tokens are kept as JWKS; a URL is fetched again every "
        "five minutes and when a token names a key that is not known",
        live=True,
        example="https://login.example.com/.well-known/jwks.json",
    )
    token_require_exp: bool = key_field(
        True, Switch(), "whether a token must say when it expires (claim exp)", live=True
    )
    token_audience: tuple[str, ...] | None = key_field(
        None,
        Words(),
        "what tokens must have in their claim aud, one of it; unset, it is not looked at",
        live=True,
        example=["mediad"],
    )
    token_issuer: tuple[str, ...] | None = key_field(
        None,
        Words(),
        "what tokens must have as their claim iss, one of it; unset, it is not looked at",
        live=True,
        example=["https://login.example.com"],
    )
    open: bool = key_field(
        False,
        Switch(),
        "whether everyone who reaches host may enter every room when there is no key for tokens; false, that "
        "is so at loopback addresses alone, and mediad does not start at another without a key",
        live=True,
    )

    @property
    def needs_tokens(self) -> bool:
        """True when there are keys, so that nobody comes in without a token."""
        return bool(self.jwt_secrets or self.jwt_public_keys or self.jwt_jwks)
