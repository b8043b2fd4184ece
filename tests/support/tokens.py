"""Rules of tokens for tests."""

from __future__ import annotations

from mediad.tokens.gate import TokenRules
from mediad.tokens.keys import KeySet, secret_keys


def signed_with(*secrets: str) -> TokenRules:
    """Rules for tokens that are signed with any of these secrets, and need not expire."""
    return TokenRules(keys=KeySet(secret_keys(secrets)), require_exp=False)
