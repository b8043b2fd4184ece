"""Workers' reports as metrics."""

from __future__ import annotations

from typing import Any

import msgspec
from prometheus_client.core import Metric

from mediad.metering.histogram import HistogramReport
from mediad.pipe.worker_stats import WorkerStats
from mediad.supervisor.observability.worker_families import families, lag_family

REPORT: dict[str, Any] = {
    "counters": {"rtp_received": 5, "something_new": 1},
    "dropped": {"srtp_auth": 2, "ice_unknown": 0},
    "iceStates": {"completed": 3},
    "dtlsStates": {},
    "transports": 3,
    "udpGso": True,
}


def stats(report: dict[str, Any]) -> WorkerStats:
    return msgspec.convert(report, WorkerStats)


def values(metrics: list[Metric]) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def test_each_worker_is_a_series() -> None:
    found = values(list(families({"0": stats(REPORT), "1": stats({**REPORT, "udpGso": False})})))
    assert found["mediad_rtp_received_total", "worker=0"] == 5
    assert found["mediad_packets_dropped_total", "reason=srtp_auth", "worker=1"] == 2
    assert found["mediad_transports_by_ice_state", "state=completed", "worker=0"] == 3
    assert found["mediad_transports", "worker=1"] == 3
    assert found["mediad_udp_gso", "worker=0"] == 1
    assert found["mediad_udp_gso", "worker=1"] == 0


def test_tcp_connections_by_what_became_of_them() -> None:
    counters = {"tcp_accepted": 9, "tcp_closed_silent": 2, "tcp_closed_by_peer": 3, "tcp_refused_full": 1}
    found = values(list(families({"0": stats({"counters": counters})})))
    assert found["mediad_tcp_connections", "worker=0"] == 4
    assert found["mediad_tcp_connections_accepted_total", "worker=0"] == 9
    assert found["mediad_tcp_connections_closed_total", "reason=by_peer", "worker=0"] == 3
    assert found["mediad_tcp_connections_refused_total", "reason=full", "worker=0"] == 1


def test_what_a_worker_does_not_say_is_not_made_up() -> None:
    assert values(list(families({"0": WorkerStats()}))) == {}
    assert values(list(families({}))) == {}


def test_lag_is_a_histogram() -> None:
    lag = HistogramReport([0.001, 0.0025, 2.5], [0, 1, 0, 1], 60.002)
    found = values([lag_family({"supervisor": lag, "worker-0": None})])
    assert found["mediad_loop_lag_seconds_bucket", "le=0.001", "process=supervisor"] == 0
    assert found["mediad_loop_lag_seconds_bucket", "le=0.0025", "process=supervisor"] == 1
    assert found["mediad_loop_lag_seconds_bucket", "le=2.5", "process=supervisor"] == 1
    assert found["mediad_loop_lag_seconds_count", "process=supervisor"] == 2
    assert not any("process=worker-0" in key for key in found)


def test_links_are_shown_as_their_worker_saw_them() -> None:
    links = {
        "bitrates": {"sent": 5000},
        "roundTrip": {"bounds": [0.01], "buckets": [1, 0], "sum": 0.005},
        "loss": {
            "sent": {"bounds": [0.0, 0.2], "buckets": [3, 0, 1], "sum": 0.5},
            "received": {"bounds": [0.0, 0.2], "buckets": [0, 0, 0], "sum": 0},
        },
    }
    found = values(list(families({"0": stats({"links": links})})))
    assert found["mediad_bitrate_bps", "direction=sent", "worker=0"] == 5000
    assert found["mediad_round_trip_seconds_count", "worker=0"] == 1
    assert found["mediad_loss_ratio_bucket", "direction=sent", "le=0.2", "worker=0"] == 3
    assert found["mediad_loss_ratio_count", "direction=sent", "worker=0"] == 4
