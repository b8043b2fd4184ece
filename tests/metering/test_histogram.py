"""Counting by buckets."""

from __future__ import annotations

from mediad.metering.histogram import Histogram, HistogramReport


def test_a_value_falls_into_the_bucket_that_holds_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.0, 1.0, 1.5, 2.0, 2.5, 100.0):
        histogram.observe(value)
    assert histogram.report() == HistogramReport([1.0, 2.0], [2, 2, 2], 107.0)


def test_an_empty_one() -> None:
    assert Histogram(()).report() == HistogramReport([], [0], 0.0)
