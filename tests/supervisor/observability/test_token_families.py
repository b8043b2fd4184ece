"""Metrics about tokens: every cause is there from the start."""

from __future__ import annotations

import contextlib

from prometheus_client import CollectorRegistry, generate_latest

from mediad.supervisor.observability.token_families import TokenFamilies
from mediad.tokens.gate import Gate, TokenRules
from mediad.tokens.keys import KeySet, secret_keys
from mediad.tokens.refusal import Cause, TokenRefused
from tests.support.signing import SECRET, token


def test_figures() -> None:
    gate, registry = Gate(TokenRules(keys=KeySet(secret_keys([SECRET])))), CollectorRegistry()
    registry.register(TokenFamilies(gate))
    for text in (None, "nonsense", "more nonsense", token({"exp": 5})):
        with contextlib.suppress(TokenRefused):
            gate.admit(text, "r", "ana", 1000.0)
    gate.revocations.revoke("jti:a", None, 0)
    gate.admit(token({"exp": 2000, "once": True, "jti": "one"}), "r", "ana", 1000.0)
    shown = generate_latest(registry).decode()
    assert 'mediad_tokens_refused_total{cause="malformed"} 2.0' in shown
    assert 'mediad_tokens_refused_total{cause="expired"} 1.0' in shown
    assert shown.count("mediad_tokens_refused_total{") == len(Cause)
    for name in ("mediad_token_keys", "mediad_tokens_revoked", "mediad_tokens_spent"):
        assert f"{name} 1.0" in shown
