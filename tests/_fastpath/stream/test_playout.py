"""Playout delay: the time for which receivers are asked to hold pictures back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.windows.sending import Playout

SECOND, MS = 1_000_000, 1000
FIVE_PERCENT = 13  # in 1/256


def after(seconds: int, playout: Playout | None = None, *, start: int = 1, **hops: int) -> Playout:
    playout = playout or Playout()
    for second in range(start, start + seconds):
        playout.watch(second * SECOND, **hops)
    return playout


def test_nobody_waits_where_nothing_is_lost() -> None:
    playout = after(60, rtt_up_us=200 * MS, rtt_down_us=300 * MS)
    assert (playout.least_ms, playout.frames_to_tell) == (0, 0)


def test_a_lost_packet_now_and_then_is_no_reason() -> None:
    playout = Playout()
    for second in range(60):
        playout.watch(second * SECOND, missed_down=6 if second % 10 == 0 else 0, rtt_down_us=100 * MS)
    assert playout.least_ms == 0


def test_a_lossy_hop_is_waited_for_as_long_as_two_repairs_take() -> None:
    assert after(20, missed_down=FIVE_PERCENT, rtt_down_us=100 * MS).least_ms == 260
    assert after(20, missed_up=FIVE_PERCENT, rtt_up_us=50 * MS).least_ms == 160
    assert after(20, missed_down=4, rtt_down_us=100 * MS).least_ms == 160, "one is enough at 1.6 %"


def test_where_many_repairs_are_lost_there_is_time_for_a_third() -> None:
    assert after(20, missed_down=30, rtt_down_us=50 * MS).least_ms == 60 + 50 + 2 * 100
    assert after(20, missed_down=30, rtt_down_us=300 * MS).least_ms == 400, "at most"


def test_a_browser_asks_again_no_sooner_than_if_the_way_were_long() -> None:
    assert after(20, missed_down=FIVE_PERCENT, rtt_down_us=1 * MS).least_ms == 170
    assert after(20, missed_up=FIVE_PERCENT, rtt_up_us=1 * MS).least_ms == 110


def test_the_slower_hop_counts() -> None:
    assert (
        after(
            20, missed_up=FIVE_PERCENT, missed_down=FIVE_PERCENT, rtt_up_us=100 * MS, rtt_down_us=20 * MS
        ).least_ms
        == 260
    )


def test_it_begins_within_seconds_and_ends_after_a_while_without_need() -> None:
    playout = after(2, missed_down=FIVE_PERCENT, rtt_down_us=100 * MS)
    assert playout.least_ms > 0
    playout = after(20, playout, start=3, missed_down=FIVE_PERCENT, rtt_down_us=100 * MS)
    after(20, playout, start=23, rtt_down_us=100 * MS)
    assert playout.least_ms > 0
    after(30, playout, start=43, rtt_down_us=100 * MS)
    assert playout.least_ms == 0
    assert playout.frames_to_tell > 0
    assert playout.limits() == (0, 10_000)


def test_a_hop_whose_round_trip_is_not_known_is_not_waited_for() -> None:
    assert after(20, missed_up=FIVE_PERCENT).least_ms == 0


def test_the_senders_own_wish_holds_where_it_is_longer() -> None:
    playout = after(20, missed_down=FIVE_PERCENT, rtt_down_us=100 * MS)
    assert playout.limits((40 << 12 | 80).to_bytes(3, "big")) == (400, 800)
    assert playout.limits((1 << 12 | 80).to_bytes(3, "big")) == (260, 800)
    assert playout.limits((1 << 12 | 8).to_bytes(3, "big")) == (80, 80)
    assert playout.limits(bytes(3)) == (0, 0), "to be shown at once"
    assert Playout().limits(bytes(3)) == (0, 0)


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 60 * SECOND), st.integers(0, 255))),
    st.binary(min_size=3, max_size=3),
)
def test_whatever_is_reported_the_wait_is_bounded(reports: list[tuple[int, int, int]], wish: bytes) -> None:
    playout = Playout()
    for second, (up, rtt_us, down) in enumerate(reports):
        playout.watch(second * SECOND, up, rtt_us, down, rtt_us)
        assert 0 <= playout.least_ms <= 400
        assert playout.least_ms % 10 == 0
    least, most = playout.limits(wish)
    assert most == 10 * (int.from_bytes(wish, "big") & 0xFFF)
    assert least <= most or playout.limits(wish) == Playout().limits(wish), (
        "a wish that makes no sense passes"
    )
