"""Refusals: a cause that is counted, and words that are safe to show."""

from __future__ import annotations

from mediad.errors import Forbidden
from mediad.tokens.refusal import Cause, TokenRefused, shown


def test_a_refusal_has_a_cause_and_a_reason() -> None:
    refused = TokenRefused(Cause.EXPIRED, "the token is expired")
    assert (refused.cause, str(refused), isinstance(refused, Forbidden)) == (
        "expired",
        "the token is expired",
        True,
    )


def test_what_a_token_says_is_shown_short_and_printable() -> None:
    assert shown("key-1") == "key-1"
    assert len(shown("k" * 10_000)) == 64
    assert shown("a\n\x1b[31mb") == "'a\\n\\x1b[31mb'"
    assert shown("é\u202e").isascii()
