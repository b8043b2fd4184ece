"""Revocations: tokens that an operator has taken back, by their `jti` or by the token itself.

Each lasts until the token has expired, or for good where its end is not known. The table is bounded, and an
operator is told when it is full: none is forgotten to make room for another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from mediad.errors import Full, InvalidInput
from mediad.tokens.refusal import Cause, TokenRefused

CAPACITY = 10_000
"""The most tokens that are revoked at a time."""

MAX_JTI_CHARS = 256
"""The longest `jti` that can be revoked by name."""


class Revoked(msgspec.Struct, frozen=True, rename="camel"):
    """One token that is revoked."""

    name: str
    """`jti:` and its `jti`, or `sha256:` and the digest of the token."""
    until_s: float | None = None
    """The Unix time (seconds) from which on it counts no more; None: it counts for good."""


class Revocations:
    """The tokens that are revoked. `changed` is true until whoever keeps them in a file has read them."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.changed = False
        self._capacity = capacity
        self._until: dict[str, float | None] = {}

    def __len__(self) -> int:
        return len(self._until)

    def revoke(self, name: str, until_s: float | None, now_s: float) -> Revoked:
        """Revoke the token called `name` (see `name_of`). Raises Full, and InvalidInput for a past end."""
        if until_s is not None and until_s <= now_s:
            raise InvalidInput("the end of the revocation is over already: such a token has expired")
        self._forget(now_s)
        if name not in self._until and len(self._until) >= self._capacity:
            raise Full(
                f"{self._capacity} tokens are revoked already: revoke with an end (--until), "
                "or exchange the key that they are signed with"
            )
        self._until[name] = until_s
        self.changed = True
        return Revoked(name, until_s)

    def restore(self, name: str) -> bool:
        """Take a revocation back, and return whether there was one."""
        found = name in self._until
        self._until.pop(name, None)
        self.changed |= found
        return found

    def list(self, now_s: float) -> list[Revoked]:
        """Return what is revoked, in the order in which it was."""
        self._forget(now_s)
        return [Revoked(name, until_s) for name, until_s in self._until.items()]

    def require_valid(self, token: str, claims: Mapping[str, Any], now_s: float) -> None:
        """Raise TokenRefused for a token that is revoked."""
        for name in names_of(token, claims):
            if name in self._until:
                until_s = self._until[name]
                if until_s is None or until_s > now_s:
                    raise TokenRefused(Cause.REVOKED, "the token is revoked")

    def load(self, data: bytes, now_s: float) -> None:
        """Take what `dump` wrote. Raises InvalidInput for anything else."""
        try:
            rows = msgspec.json.decode(data, type=list[Revoked])
        except (ValueError, RecursionError) as error:  # of msgspec, or of text that is not UTF-8
            raise InvalidInput(f"no list of revoked tokens: {error}") from None
        if len(rows) > self._capacity:
            raise InvalidInput(f"more than {self._capacity} revoked tokens")
        self._until = {row.name: row.until_s for row in rows}
        self._forget(now_s)
        self.changed = False

    def dump(self, now_s: float) -> bytes:
        """Return the table as bytes for a file."""
        self.changed = False
        return msgspec.json.encode(self.list(now_s))

    def _forget(self, now_s: float) -> None:
        over = [name for name, until_s in self._until.items() if until_s is not None and until_s <= now_s]
        for name in over:
            del self._until[name]


def jti_name(jti: str) -> str:
    """Return the name under which a `jti` is revoked. Raises InvalidInput for one that is too long."""
    if not 0 < len(jti) <= MAX_JTI_CHARS:
        raise InvalidInput(f"a jti to revoke has 1 to {MAX_JTI_CHARS} characters")
    return f"jti:{jti}"


def token_name(token: str) -> str:
    """Return the name under which a token is revoked that has no `jti`.

    The digest is of what was signed: who changes how the signature is written has the same token.
    """
    return "sha256:" + hashlib.sha256(token.rpartition(".")[0].encode(errors="replace")).hexdigest()


def names_of(token: str, claims: Mapping[str, Any]) -> list[str]:
    """Return all names under which this token may be revoked."""
    jti = claims.get("jti")
    by_jti = [f"jti:{jti}"] if isinstance(jti, str) and len(jti) <= MAX_JTI_CHARS else []
    return [*by_jti, token_name(token)]
