"""Settings of tokens: when a token is needed."""

from __future__ import annotations

import pytest

from mediad.config.settings import Settings
from mediad.config.token_settings import TokenSettings


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        (Settings(), False),
        (Settings(open=True), False),
        (Settings(jwt_secrets=("s" * 32,)), True),
        (Settings(jwt_public_keys=("/a.pem",), open=True), True),
        (Settings(jwt_jwks="https://a.example/"), True),
    ],
)
def test_tokens_are_needed_when_there_are_keys(settings: TokenSettings, needs: bool) -> None:
    assert settings.needs_tokens is needs
