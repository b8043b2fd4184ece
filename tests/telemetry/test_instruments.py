"""The instruments, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from mediad.telemetry.instruments import Instruments


def test_they_count_under_our_prefix() -> None:
    registry = CollectorRegistry()
    instruments = Instruments(registry)
    instruments.joins.inc()
    instruments.leaves.labels("left").inc(2)
    instruments.join_phase_s.labels("ice").observe(0.02)
    text = generate_latest(registry).decode()
    assert "mediad_peer_joins_total 1.0" in text
    assert 'mediad_peer_leaves_total{cause="left"} 2.0' in text
    assert 'mediad_join_phase_seconds_bucket{le="0.025",phase="ice"} 1.0' in text
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert all(name.startswith("mediad_") for name in families)
