"""The benchmark of recordings runs, and what it sends is recorded."""

from __future__ import annotations

from tests.bench.recording import Load, run


def test_everything_that_is_sent_is_recorded() -> None:
    cost = run(Load(2, 500_000, 2.0))
    assert cost.written_bytes > 2 * 2.0 * 500_000 / 8
    assert cost.lost_packets == 0
    assert cost.cpu > 0
    assert cost.rss_bytes > 10_000_000
