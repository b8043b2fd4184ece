"""Spent: the one-time tokens that were used, remembered until they expire, in bounded memory.

When memory gets short, an owner (the issuer and the room of a token) that has spent many is refused before
others are: it may never have noted more than what is left free. So whoever fills the table leaves room for
the next, who leaves room for the one after.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Hashable

from mediad.tokens.refusal import Cause, TokenRefused

CAPACITY = 65_536
"""The most tokens remembered, some 200 bytes each."""


class Spent:
    """The tokens that were used. What it knows is lost when the daemon ends."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._owners: dict[bytes, Hashable] = {}
        self._held: Counter[Hashable] = Counter()
        self._ends: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self._owners)

    def spend(self, issuer: str, jti: str, room_id: str, ends_s: float, now_s: float) -> None:
        """Note a use of the token `jti`, which is worth nothing from `ends_s` on.

        Raises TokenRefused when it was used before, or when there is no memory for noting that.
        """
        self._forget(now_s)
        digest, owner = _digest(issuer, jti), _digest(issuer, room_id)
        if digest in self._owners:
            raise TokenRefused(Cause.USED, "the token is for one use, and was used")
        if self._held[owner] >= self._capacity - len(self._owners):
            raise TokenRefused(
                Cause.FULL,
                "the token is for one use, and too many such tokens of its issuer and room were used lately; "
                "those that expire sooner are forgotten sooner",
            )
        self._owners[digest] = owner
        self._held[owner] += 1
        heapq.heappush(self._ends, (ends_s, digest))

    def is_spent(self, issuer: str, jti: str, now_s: float) -> bool:
        """True when this token was used, and has not expired since."""
        self._forget(now_s)
        return _digest(issuer, jti) in self._owners

    def _forget(self, now_s: float) -> None:
        while self._ends and self._ends[0][0] <= now_s:
            _, digest = heapq.heappop(self._ends)
            owner = self._owners.pop(digest)
            self._held[owner] -= 1
            if not self._held[owner]:
                del self._held[owner]


def _digest(*parts: str) -> bytes:
    """Return 16 bytes for texts of any length."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode(errors="surrogatepass")
        hashed.update(len(data).to_bytes(4, "big") + data)
    return hashed.digest()
