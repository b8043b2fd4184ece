"""Reader: one table of claims, read claim by claim; what does not fit is refused with the claim's name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mediad.tokens.refusal import Cause, TokenRefused

MAX_NAMES = 32
"""The most items of a list of sources or codecs."""

MAX_CHARS = 128
"""The longest id of a room or a peer, and the longest name of a source or a codec, in characters."""

MAX_COUNT = 2**53
"""The largest number that every language writes exactly in JSON."""


def refused(claim: str, reason: str) -> TokenRefused:
    """Return the refusal of a token for one of its claims."""
    return TokenRefused(Cause.CLAIM, f"the token's {claim} claim {reason}")


class Reader:
    """A table of claims. Each method returns None for a claim that is not there, and raises TokenRefused for
    one of another kind than it reads."""

    def __init__(self, claims: Mapping[str, Any], prefix: str) -> None:
        self._claims = claims
        self._prefix = prefix

    def flag(self, name: str) -> bool | None:
        value = self._claims.get(name)
        if value is None and name not in self._claims:
            return None
        if not isinstance(value, bool):
            raise self._wrong(name, "is neither true nor false")
        return value

    def identity(self, name: str, *, empty: bool = False) -> str | None:
        """Read the id of a room or a peer; with `empty`, an empty one counts as not there."""
        if name not in self._claims:
            return None
        value = self._claims[name]
        if empty and value == "":
            return None
        if not isinstance(value, str) or not 0 < len(value) <= MAX_CHARS:
            raise self._wrong(name, f"is no text of 1 to {MAX_CHARS} characters")
        return value

    def user(self, name: str) -> str | None:
        """Read the id of a user of an app, which may be a number."""
        value = self._claims.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
            return str(value)
        return self.identity(name)

    def count(self, name: str, *, least: int = 0) -> int | None:
        if name not in self._claims:
            return None
        value = self._claims[name]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_COUNT:
            raise self._wrong(name, f"is no whole number of {least} or more")
        return value

    def time(self, name: str) -> float | None:
        """Read a number of seconds since 1970."""
        if name not in self._claims:
            return None
        value = self._claims[name]
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, "is no number of seconds")
        if abs(value) > MAX_COUNT or not math.isfinite(value):  # in this order: isfinite takes no longer ones
            raise self._wrong(name, "is no number of seconds")
        return float(value)

    def names(self, name: str) -> frozenset[str] | None:
        """Read a list of short texts, each once; an empty list is one of none."""
        if name not in self._claims:
            return None
        value = self._claims[name]
        if not isinstance(value, list) or len(value) > MAX_NAMES:
            raise self._wrong(name, f"is no list of at most {MAX_NAMES}")
        if not all(isinstance(one, str) and 0 < len(one) <= MAX_CHARS for one in value):
            raise self._wrong(name, f"has an item that is no text of 1 to {MAX_CHARS} characters")
        return frozenset(value)

    def codecs(self, name: str) -> frozenset[str] | None:
        """Read a list of MIME types, which are the same in any case."""
        found = self.names(name)
        if found is None:
            return None
        if not all(codec.lower().startswith(("audio/", "video/")) for codec in found):
            raise self._wrong(name, 'has an item that is no MIME type such as "video/VP8"')
        return frozenset(codec.lower() for codec in found)

    def table(self, name: str) -> Reader | None:
        if name not in self._claims:
            return None
        value = self._claims[name]
        if not isinstance(value, dict):
            raise self._wrong(name, "is no object")
        return Reader(value, f"{self._prefix}{name}.")

    def only(self, *names: str) -> None:
        """Refuse claims of other names: a limit that is not understood must not count as none."""
        for name in self._claims:
            if name not in names:
                raise self._wrong(str(name)[:64], f"is none of {', '.join(names)}")

    def _wrong(self, name: str, reason: str) -> TokenRefused:
        return refused(self._prefix + name, reason)


class Said:
    """The things that claims have said so far, in several ways: the same in each, or the token is refused."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[Any, str]] = {}

    def take(self, subject: str, value: Any, claim: str | None = None) -> None:
        """Note what `claim` says about a subject; None is a claim that is not there."""
        if value is None:
            return
        before = self._said.setdefault(subject, (value, claim or subject))
        if before[0] != value:
            raise refused(claim or subject, f"contradicts its {before[1]} claim")

    def get(self, subject: str, default: Any = None) -> Any:
        """Return what was said, or `default`."""
        return self._said[subject][0] if subject in self._said else default
