"""Refusal: which limit was met, how near, and what to do about it; and the error that carries one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mediad.errors import Full

RETRY = {"Retry-After": "5"}
"""The header of an answer where something is missing for a moment, as while a worker is replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal, in words for a client and figures for operators."""

    limit: str
    """The name of the limit in the catalogue."""
    current: float
    maximum: float
    hint: str
    """Advice for the one who was refused."""
    retry_after_s: float = 0.0
    """The time after which it may succeed; 0 where nobody knows."""
    status: int = 429
    """The HTTP status: 429 where the one who asks has too much, 503 where the node has."""
    holder: str = ""
    """The holder whose limit it is: an address, a network, a token's hash; for operators alone."""

    def __str__(self) -> str:
        """Return the reason in words, short enough for a close frame."""
        return f"the limit {self.limit} is reached, {self.current:.0f} of {self.maximum:.0f}: {self.hint}"

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of an HTTP answer that tell when to try again."""
        return {"Retry-After": str(math.ceil(self.retry_after_s))} if self.retry_after_s > 0 else {}


class OverLimit(Full):
    """Error: a limit with a name was met; `refusal` says which."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
