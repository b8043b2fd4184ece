"""TokenRefused: why a token does not admit, in words for people and as a cause that is counted."""

from __future__ import annotations

from enum import StrEnum

from mediad.errors import Forbidden


class Cause(StrEnum):
    """The causes of a refusal: each token that is refused is counted under one of these words."""

    MISSING = "missing"
    """Missing: no token came, and one is required."""
    MALFORMED = "malformed"
    """Malformed: the token is no JWT."""
    ALGORITHM = "algorithm"
    """Signed with an algorithm (or none) that no key is for."""
    UNKNOWN_KEY = "unknown_key"
    """Naming a key (`kid`) that is not there."""
    SIGNATURE = "signature"
    """Signed with another key, or changed."""
    NO_EXPIRY = "no_expiry"
    """Valid for ever, where tokens must expire."""
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    """Valid from a time on that has not come (`nbf`)."""
    AUDIENCE = "audience"
    ISSUER = "issuer"
    REVOKED = "revoked"
    SECRET = "secret"
    """Carrying a secret of an app, which everyone who sees the token could read."""
    CLAIM = "claim"
    """A claim about what its owner may do cannot be understood."""
    ROOM = "room"
    """Made for another room."""
    PEER = "peer"
    """Made for another peer."""
    USED = "used"
    """Made for one use, and used."""
    FULL = "full"
    """Made for one use, and there is no memory left for noting that."""


class TokenRefused(Forbidden):
    """Error: this token does not admit."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause


def shown(value: object) -> str:
    """Return a value out of a token for a text that people read: printable, and short."""
    text = str(value)[:64]
    return text if text.isascii() and text.isprintable() else ascii(text)
