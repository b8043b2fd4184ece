"""The bitrate of each choice of layers, measured packet by packet."""

from __future__ import annotations

import pytest

from tests._fastpath.stream.test_layer_selector import rows
from tests.windows.layers import LayerRates

S = 1_000_000


def fed(*packets: tuple[int, int, int], seconds: int = 3) -> LayerRates:
    """Ten times a second one packet of each (spatial, temporal, targets), 1000 bytes."""
    rates = LayerRates()
    for tenth in range(10 * seconds):
        for spatial, temporal, targets in packets:
            rates.add(1000, tenth * S // 10, spatial_layer=spatial, temporal_layer=temporal, targets=targets)
    return rates


def kbps(rates: LayerRates, now_us: int = 3 * S - S // 10) -> dict[tuple[int, int], int]:
    return {(n // 4, n % 4): round(bps / 1000) for n, bps in enumerate(rates.read(now_us)) if bps}


def about(**choices: int) -> dict[tuple[int, int], object]:
    return {(int(name[1]), int(name[3])): pytest.approx(value, rel=0.1) for name, value in choices.items()}


def test_a_stream_without_layers() -> None:
    assert kbps(fed((0, 0, 0))) == about(s0t0=80)


def test_temporal_layers_add_up() -> None:
    rates = fed((0, 0, rows(0, 3)), (0, 1, rows(0, 3, 1)), (0, 2, rows(0, 3, 2)))
    assert kbps(rates) == about(s0t0=80, s0t1=160, s0t2=240)


def test_spatial_layers_add_up_where_they_need_each_other() -> None:
    assert kbps(fed((0, 0, rows(0, 3)), (1, 0, rows(1, 3)))) == about(s0t0=80, s1t0=160)


def test_k_svc_layers_cost_what_they_cost_alone() -> None:
    assert kbps(fed((0, 0, rows(0, 0)), (1, 0, rows(1, 1)))) == about(s0t0=80, s1t0=80)


def test_packets_that_tell_nothing_count_for_everybody() -> None:
    rates = fed((0, 0, rows(0, 3)), (1, 0, rows(1, 3)), (0, 0, 0))
    assert kbps(rates) == about(s0t0=160, s1t0=240)


def test_higher_layers_than_are_rated_count_as_the_highest() -> None:
    rates = fed((0, 0, rows(0, 3)), (0, 5, rows(0, 3, 5)))
    assert kbps(rates) == about(s0t0=80, s0t1=80, s0t2=80, s0t3=160)


def test_news_come_once_an_interval_and_only_when_something_changed() -> None:
    rates = fed((0, 0, 0))
    now_us = 3 * S - S // 10
    told = rates.news(S, now_us)
    assert told is not None
    assert told[0] == pytest.approx(80_000, rel=0.1)
    assert rates.news(S, now_us + S // 2) is None
    for tenth in range(30, 50):
        rates.add(1000, tenth * S // 10)
    assert rates.news(S, now_us + 2 * S) is None  # nothing changed
    changed = rates.news(S, now_us + 4 * S)
    assert changed == [0] * 16
