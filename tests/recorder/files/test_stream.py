"""Times of decoding grow, and pictures are shown when they should be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.files.stream import Order


def test_without_reordering_both_times_are_one() -> None:
    order = Order()
    assert [order.times_us(at_us) for at_us in (0, 33_000, 66_000)] == [
        (0, 0),
        (33_000, 33_000),
        (66_000, 66_000),
    ]


def test_a_frame_that_is_late_is_shown_at_once() -> None:
    order = Order()
    order.times_us(50_000)
    assert order.times_us(20_000) == (51_000, 51_000)
    assert order.times_us(90_000) == (90_000, 90_000)


def test_b_frames_are_shown_when_they_should_be() -> None:
    order = Order(2)
    shown = [0, 99_000, 66_000, 33_000, 198_000, 165_000, 132_000]
    times = [order.times_us(at_us) for at_us in shown]
    assert [time for _, time in times] == shown
    assert [time for time, _ in times] == sorted(time for time, _ in times)


@given(st.lists(st.integers(0, 10_000_000)), st.integers(0, 16))
def test_whatever_comes_a_container_takes(shown: list[int], reorder: int) -> None:
    order, last_us = Order(reorder), -(10**9)
    for at_us in shown:
        decoded_us, shown_us = order.times_us(at_us)
        assert last_us < decoded_us <= shown_us
        last_us = decoded_us
