"""Families of metrics about tokens: the keys, what was refused, and what is remembered."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from mediad.tokens.gate import Gate
from mediad.tokens.refusal import Cause


class TokenFamilies:
    """A collector for the registry: the figures of one gate, looked up when they are asked for."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def describe(self) -> list[Metric]:
        """Return no names beforehand: they would cost a look-up of everything."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return the figures."""
        refused = CounterMetricFamily(
            "mediad_tokens_refused", "Tokens that were refused, by the check that failed.", labels=("cause",)
        )
        for cause in Cause:
            refused.add_metric((cause.value,), self._gate.refused[cause])
        yield refused
        yield _gauge(
            "mediad_token_keys", "Keys that tokens may be signed with.", len(self._gate.rules.keys.keys)
        )
        yield _gauge("mediad_tokens_revoked", "Tokens that are revoked.", len(self._gate.revocations))
        yield _gauge("mediad_tokens_spent", "One-time tokens that are remembered.", len(self._gate.spent))


def _gauge(name: str, doc: str, value: float) -> Metric:
    return GaugeMetricFamily(name, doc, value=value)
