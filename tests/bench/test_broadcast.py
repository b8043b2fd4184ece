"""The measurement of a broadcast, run for a moment with few receivers: what it counts is what happened."""

from __future__ import annotations

from tests.bench.broadcast import Load, run


def test_all_receivers_get_every_packet_on_one_worker_and_on_two() -> None:
    done = run(Load(consumers=6, packets=2, seconds=1))
    for row, workers in ((done.one, 1), (done.two, 2)):
        assert 0.8 < row.packets / row.expected < 1.2, "counters of two workers are read one after the other"
        assert row.packets > 6 * 2 * 20
        assert len(row.cpu_s) == workers
        assert all(cpu_s > 0 for cpu_s in row.cpu_s)
        assert 0 < row.first_frame_s < 3
        assert 1 <= row.requests <= row.requests_s + 3
    assert done.gain > 0
    assert done.pipe.packets_per_s > 300
