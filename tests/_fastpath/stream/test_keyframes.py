"""Key frame requests: soon, repeated, never a storm."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.windows.receiving import Keyframes

MS = 1000
SECOND = 1000 * MS


def test_the_first_wish_is_asked_at_once() -> None:
    keyframes = Keyframes()
    assert keyframes.deadline == 0
    assert not keyframes.due(10**12)
    assert keyframes.want(7 * SECOND)
    assert keyframes.requests == 1


def test_a_wish_at_time_zero_counts_as_asked() -> None:
    keyframes = Keyframes()
    assert keyframes.want(0)
    assert not keyframes.want(100 * MS)


def test_wishes_while_one_is_under_way_cost_nothing() -> None:
    keyframes = Keyframes()
    assert [keyframes.want(SECOND + n * MS) for n in range(50)] == [True] + [False] * 49
    keyframes.received(SECOND + 200 * MS)
    assert keyframes.deadline == 0
    assert not keyframes.due(9 * SECOND)
    assert keyframes.requests == 1


def test_a_request_without_answer_is_repeated_soon_once_and_then_each_second() -> None:
    keyframes = Keyframes()
    keyframes.want(SECOND)
    asked = []
    for now_us in range(SECOND, 6 * SECOND, 10 * MS):
        if keyframes.due(now_us):
            asked.append(now_us)
    assert asked == [1500 * MS, 2500 * MS, 3500 * MS, 4500 * MS, 5500 * MS]


def test_a_key_frame_after_the_newest_wish_is_what_was_wanted() -> None:
    """Even one that was already under way, or that nobody asked for."""
    keyframes = Keyframes()
    keyframes.want(SECOND)
    keyframes.want(1300 * MS)
    keyframes.received(1301 * MS)
    assert keyframes.deadline == 0


def test_a_key_frame_before_the_wish_does_not_count() -> None:
    keyframes = Keyframes()
    keyframes.want(SECOND)
    keyframes.received(1100 * MS)
    assert not keyframes.want(1200 * MS)
    assert keyframes.deadline == 1300 * MS
    assert not keyframes.due(1300 * MS - 1)
    assert keyframes.due(1300 * MS)
    assert keyframes.deadline == 1800 * MS  # a request of its own: it may get lost as well


def test_after_a_few_close_ones_there_is_one_a_second() -> None:
    keyframes = Keyframes()
    asked = []
    for now_us in range(SECOND, 5 * SECOND, 10 * MS):
        if keyframes.want(now_us):
            asked.append(now_us)
            keyframes.received(now_us + 5 * MS)
    assert asked == [n * MS for n in (1000, 1300, 1600, 2000, 3000, 4000)]


def test_a_pause_earns_the_right_to_close_ones() -> None:
    keyframes = Keyframes()
    for now_us in range(SECOND, 5 * SECOND, 10 * MS):
        keyframes.want(now_us)
        keyframes.received(now_us + 5 * MS)
    asked = []
    for now_us in range(7 * SECOND, 8 * SECOND, 300 * MS):
        asked.append(keyframes.want(now_us))
        keyframes.received(now_us + 5 * MS)
    assert asked == [True, True, True, False]


def test_nobody_wants_it_any_more() -> None:
    keyframes = Keyframes()
    keyframes.want(SECOND)
    keyframes.withdraw()
    assert keyframes.deadline == 0
    assert not keyframes.due(3 * SECOND)
    assert keyframes.want(3 * SECOND)
    assert keyframes.deadline == 3500 * MS


def test_a_wish_that_was_not_pursued_is_forgotten() -> None:
    keyframes = Keyframes()
    keyframes.want(SECOND)
    keyframes.due(1500 * MS)
    assert keyframes.want(3500 * MS)
    assert keyframes.deadline == 4 * SECOND


@given(
    st.lists(
        st.tuples(st.sampled_from(["want", "due", "received"]), st.integers(0, 700 * MS)),
        min_size=1,
        max_size=80,
    )
)
def test_never_a_storm_and_never_forgotten(steps: list[tuple[str, int]]) -> None:
    keyframes = Keyframes()
    now_us = SECOND
    asked: list[int] = []
    wanted = False
    for verb, pause_us in steps:
        now_us += pause_us
        sent = bool(getattr(keyframes, verb)(now_us))
        if verb != "due":
            wanted = verb == "want"
        if sent:
            asked.append(now_us)
        assert (keyframes.deadline != 0) == wanted
        if wanted:
            assert asked[-1] < keyframes.deadline <= asked[-1] + SECOND
    gaps = [later - sooner for sooner, later in itertools.pairwise(asked)]
    assert all(gap >= 300 * MS for gap in gaps)
    assert all((count - 3) * SECOND <= asked[-1] - asked[-count] for count in range(1, len(asked) + 1))
