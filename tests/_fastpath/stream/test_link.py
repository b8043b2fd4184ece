"""One direction of an emulated network: loss, rate, delay, order and bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows.bandwidth import Link

PASSED, HELD, LOST, FULL = range(4)
NOW_US = 1_000_000
PACKETS = 512
PACKET_BYTES = 2048


def link(**settings: int) -> Link:
    made = Link()
    made.set(**settings)
    return made


def arrivals(made: Link, until_us: int = 1 << 62) -> list[tuple[int, bytes]]:
    """Every packet that waits, with the time of its arrival."""
    found = []
    while (due_us := made.due) and due_us <= until_us:
        assert made.arrived(due_us - 1) is None
        data = made.arrived(due_us)
        assert data is not None
        found.append((due_us, data))
    return found


def test_a_link_without_settings_lets_all_pass() -> None:
    made = link()
    assert [made.send(b"x" * size, NOW_US) for size in (1, 1200, PACKET_BYTES)] == [PASSED] * 3
    assert made.due == 0
    assert made.arrived(NOW_US) is None


def test_a_delay_keeps_order_and_distance() -> None:
    made = link(delay_us=50_000)
    for number in range(5):
        assert made.send(bytes([number]), NOW_US + number * 1000) == HELD
    assert arrivals(made) == [(NOW_US + 50_000 + number * 1000, bytes([number])) for number in range(5)]


def test_packets_leave_at_the_rate() -> None:
    made = link(rate_bps=1_000_000)
    for _ in range(10):
        assert made.send(b"x" * 1250, NOW_US) == HELD
    assert [at for at, _ in arrivals(made)] == [NOW_US + 10_000 * number for number in range(1, 11)]
    assert made.send(b"x" * 125, NOW_US + 1_000_000) == HELD
    assert [at for at, _ in arrivals(made)] == [NOW_US + 1_001_000], "an idle link saves nothing up"


def test_what_would_wait_too_long_for_its_turn_is_lost() -> None:
    made = link(rate_bps=1_000_000)
    verdicts = [made.send(b"x" * 1250, NOW_US) for _ in range(80)]
    assert verdicts == [HELD] * 51 + [FULL] * 29, "half a second, and the one that is being sent"
    assert made.send(b"x" * 1250, NOW_US + 20_000) == HELD, "the lost ones took no time"


@pytest.mark.parametrize("loss_ppm", [10_000, 250_000, 900_000])
def test_loss_is_the_share_that_was_set(loss_ppm: int) -> None:
    made = link(loss_ppm=loss_ppm)
    verdicts = [made.send(b"x", NOW_US) for _ in range(20_000)]
    assert set(verdicts) == {PASSED, LOST}
    assert verdicts.count(LOST) / 20_000 == pytest.approx(loss_ppm / 1e6, abs=0.01)


@pytest.mark.parametrize(("loss_ppm", "verdict"), [(0, PASSED), (1_000_000, LOST)])
def test_no_loss_and_total_loss_are_exact(loss_ppm: int, verdict: int) -> None:
    made = link(loss_ppm=loss_ppm)
    assert {made.send(b"x", NOW_US) for _ in range(5000)} == {verdict}


def test_losses_differ_between_links() -> None:
    first, second = Link(1), Link(2)
    for made in (first, second):
        made.set(loss_ppm=500_000)
    verdicts = [[made.send(b"x", NOW_US) for _ in range(100)] for made in (first, second)]
    assert verdicts[0] != verdicts[1]


def test_no_more_is_held_than_there_is_room_for() -> None:
    made = link(delay_us=1_000_000)
    verdicts = [made.send(number.to_bytes(2), NOW_US) for number in range(PACKETS + 10)]
    assert verdicts == [HELD] * PACKETS + [FULL] * 10
    assert made.send(b"x" * (PACKET_BYTES + 1), NOW_US) == FULL
    assert [data for _, data in arrivals(made)] == [number.to_bytes(2) for number in range(PACKETS)]
    assert made.send(b"again", NOW_US) == HELD


def test_new_settings_do_not_change_the_order() -> None:
    made = link(delay_us=100_000)
    made.send(b"first", NOW_US)
    made.set()
    assert made.send(b"second", NOW_US) == HELD, "it may not overtake"
    assert made.arrived(NOW_US + 100_000) == b"first"
    assert made.arrived(NOW_US + 100_000) == b"second"
    assert made.send(b"third", NOW_US + 100_000) == PASSED


def test_a_larger_packet_is_no_exception_to_the_rule_of_length() -> None:
    made = link(delay_us=1)
    assert made.send(b"x" * (PACKET_BYTES + 1), NOW_US) == FULL
    assert made.due == 0


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("set"),
                st.tuples(st.integers(0, 10**8), st.integers(0, 10**6), st.integers(0, 10**6)),
            ),
            st.tuples(st.just("send"), st.binary(min_size=1, max_size=200)),
            st.tuples(st.just("wait"), st.integers(0, 500_000)),
        ),
        max_size=80,
    )
)
def test_whatever_is_asked_packets_come_once_in_order_and_never_early(
    actions: list[tuple[str, object]],
) -> None:
    made, now_us, held, out = Link(), NOW_US, [], []
    for _, value in actions:
        if isinstance(value, tuple):
            made.set(*value)
        elif isinstance(value, bytes):
            if made.send(value, now_us) == HELD:
                held.append(value)
        elif isinstance(value, int):
            now_us += value
            while (data := made.arrived(now_us)) is not None:
                out.append(data)
    while (data := made.arrived(1 << 62)) is not None:
        out.append(data)
    assert out == held
