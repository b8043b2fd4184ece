"""JwksCache: keys that are fetched from a URL, kept while it does not answer, and when to fetch them again.

Sans-I/O: whoever fetches asks `due_s`, and tells what came of it. Times are of a clock that never goes back.
"""

from __future__ import annotations

from mediad.errors import InvalidInput
from mediad.tokens.jwks import read_jwks
from mediad.tokens.keys import Key

REFRESH_S = 300.0
"""The time after which keys are fetched again: a key that was taken back is refused that soon."""

ASKED_S = 60.0
"""The least time between two fetches because of tokens with unknown keys: anyone can write such tokens."""

FIRST_RETRY_S = 5.0
"""The time until the next attempt after one that failed; each further one takes twice as long, up to
REFRESH_S."""


class JwksCache:
    """The keys of one URL."""

    def __init__(self, name: str) -> None:
        """Begin without keys; `name` is what keys are named after in what people read."""
        self.keys: tuple[Key, ...] = ()
        self.left_out: tuple[str, ...] = ()
        """Keys of the document that cannot be used, each with the reason."""
        self.trouble = ""
        """The reason why the last fetch failed; empty when it did not."""
        self.fetched_s: float | None = None
        """The time at which these keys were fetched."""
        self.fetches = 0
        self.fetching = False
        self._name = name
        self._due_s = 0.0
        self._tried_s: float | None = None
        self._retry_s = FIRST_RETRY_S

    @property
    def due_s(self) -> float:
        """The time of the next fetch."""
        return self._due_s

    def knows(self, kid: str | None) -> bool:
        """True when a token that names this key, or none, can be judged by the keys that are here."""
        return bool(self.keys) and (kid is None or any(key.kid == kid for key in self.keys))

    def ask(self, now_s: float) -> bool:
        """Ask for a fetch now, because of a token with an unknown key.

        Returns whether one is under way or due, so that it is worth waiting for; otherwise one was made not
        long ago.
        """
        if self.fetching:
            return True
        if self._tried_s is not None and now_s < self._tried_s + ASKED_S:
            return now_s >= self._due_s
        self._due_s = min(self._due_s, now_s)
        return True

    def refresh(self, now_s: float) -> None:
        """Ask for a fetch now, because an operator wants it."""
        self._due_s = min(self._due_s, now_s)

    def begin(self, now_s: float) -> None:
        """Note that a fetch begins."""
        self.fetching = True
        self.fetches += 1
        self._tried_s = now_s

    def fetched(self, data: bytes, now_s: float) -> bool:
        """Take a document, and return whether its keys are others now. One without keys has failed."""
        try:
            found = read_jwks(data, self._name)
        except InvalidInput as error:
            self.failed(f"expected {error}", now_s)
            return False
        before = self.keys
        self.keys, self.left_out = found.keys, found.left_out
        self.fetching, self.trouble = False, ""
        self.fetched_s, self._due_s, self._retry_s = now_s, now_s + REFRESH_S, FIRST_RETRY_S
        return [_identity(key) for key in before] != [_identity(key) for key in self.keys]

    def failed(self, reason: str, now_s: float) -> None:
        """Note that nothing came; the keys that are here stay."""
        self.fetching, self.trouble = False, reason
        self._due_s = now_s + self._retry_s
        self._retry_s = min(2 * self._retry_s, REFRESH_S)


def _identity(key: Key) -> tuple[str | None, str, object]:
    return key.kid, key.algorithm, key.material
