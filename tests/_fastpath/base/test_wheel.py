"""The timing wheel against a dict of due times."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.windows.containers import WheelWindow

START_US = 5_000_000_000_000
TURN_US = 4096 * 1000
TIMERS = 12


def drain(wheel: WheelWindow, now_us: int) -> list[int]:
    fired = []
    while (timer := wheel.expired(now_us)) is not None:
        fired.append(timer)
    return fired


def test_fires_at_its_millisecond_and_once() -> None:
    wheel = WheelWindow(4, START_US)
    wheel.arm(2, START_US + 10_000)
    assert drain(wheel, START_US + 9_999) == []
    assert drain(wheel, START_US + 10_000) == [2]
    assert drain(wheel, START_US + 20_000) == []
    assert wheel.armed == 0


def test_never_fires_early_within_a_millisecond() -> None:
    wheel = WheelWindow(1, START_US)
    wheel.arm(0, START_US + 10_001)
    assert drain(wheel, START_US + 10_999) == []
    assert drain(wheel, START_US + 11_000) == [0]


@pytest.mark.parametrize("due_us", [0, 1, START_US - 1, START_US])
def test_the_past_fires_at_the_next_expiry(due_us: int) -> None:
    wheel = WheelWindow(1, START_US)
    drain(wheel, START_US + 700)
    wheel.arm(0, due_us)
    assert wheel.deadline() == START_US
    assert drain(wheel, START_US + 700) == [0]


def test_further_than_a_turn() -> None:
    wheel = WheelWindow(2, START_US)
    wheel.arm(0, START_US + 3 * TURN_US)
    wheel.arm(1, START_US + 1000)
    assert drain(wheel, START_US + 1000) == [1]
    now_us = START_US + 1000
    # Following the deadlines gets there without ever passing it or standing still.
    while not (fired := drain(wheel, now_us)):
        later_us = wheel.deadline()
        assert now_us < later_us <= START_US + 3 * TURN_US
        now_us = later_us
    assert (fired, now_us) == ([0], START_US + 3 * TURN_US)


def test_a_long_pause_finds_everything() -> None:
    wheel = WheelWindow(100, START_US)
    for timer in range(100):
        wheel.arm(timer, START_US + timer * 131_000)
    assert sorted(drain(wheel, START_US + 50 * TURN_US)) == list(range(100))


def test_rearming_moves_and_disarming_removes() -> None:
    wheel = WheelWindow(3, START_US)
    wheel.arm(0, START_US + 5_000)
    wheel.arm(1, START_US + 5_000)
    wheel.arm(2, START_US + 5_000)
    wheel.arm(1, START_US + 9_000)
    wheel.disarm(2)
    wheel.disarm(2)
    assert wheel.armed == 2
    assert drain(wheel, START_US + 5_000) == [0]
    assert drain(wheel, START_US + 9_000) == [1]


def test_arm_sooner_keeps_the_earlier() -> None:
    wheel = WheelWindow(1, START_US)
    wheel.arm_sooner(0, START_US + 9_000)
    wheel.arm_sooner(0, START_US + 20_000)
    assert wheel.deadline() == START_US + 9_000
    wheel.arm_sooner(0, START_US + 3_000)
    assert wheel.deadline() == START_US + 3_000


def test_an_idle_wheel_has_no_deadline_and_keeps_up() -> None:
    wheel = WheelWindow(1, START_US)
    assert wheel.deadline() == 0
    assert drain(wheel, START_US + 10 * TURN_US) == []
    wheel.arm(0, START_US + 10 * TURN_US + 4_000)
    assert wheel.deadline() == START_US + 10 * TURN_US + 4_000


def test_time_standing_still_or_running_back_is_harmless() -> None:
    wheel = WheelWindow(1, START_US)
    drain(wheel, START_US + 8_000)
    wheel.arm(0, START_US + 2_000)
    assert drain(wheel, START_US + 3_000) == []
    assert drain(wheel, START_US + 8_000) == [0]


@pytest.mark.parametrize("capacity", [0, 0xFFFFFFFF])
def test_impossible_capacities_are_refused(capacity: int) -> None:
    with pytest.raises(MemoryError):
        WheelWindow(capacity, 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("arm", "sooner", "disarm", "wait")),
        st.integers(0, TIMERS - 1),
        st.integers(-5_000, 30_000) | st.integers(0, 3 * TURN_US),
    ),
    max_size=60,
)


def up_to_ms(time_us: int) -> int:
    return -(-time_us // 1000) * 1000


@given(STEPS, st.sampled_from((0, 1, START_US, START_US + 777)))
@settings(deadline=None)
def test_against_a_model(steps: list[tuple[str, int, int]], now_us: int) -> None:
    wheel = WheelWindow(TIMERS, now_us)
    due: dict[int, int] = {}  # timer → the microsecond from which it may fire
    seen_us = max(now_us // 1000 * 1000, 1000)  # the wheel's tick
    for verb, timer, offset_us in steps:
        due_us = max(now_us + offset_us, 0)
        if verb == "arm":
            wheel.arm(timer, due_us)
            due[timer] = max(up_to_ms(due_us), seen_us)
        elif verb == "sooner":
            wheel.arm_sooner(timer, due_us)
            due[timer] = min(due.get(timer, 2**63), max(up_to_ms(due_us), seen_us))
        elif verb == "disarm":
            wheel.disarm(timer)
            due.pop(timer, None)
        else:
            now_us += max(offset_us, 0)
            seen_us = max(seen_us, now_us // 1000 * 1000)
            fired = drain(wheel, now_us)
            expected = {key for key, at_us in due.items() if at_us <= now_us}
            assert sorted(fired) == sorted(expected)
            due = {key: at_us for key, at_us in due.items() if key not in expected}
        assert wheel.armed == len(due)
        deadline_us = wheel.deadline()
        assert (deadline_us == 0) == (not due)
        if due:
            assert deadline_us <= min(due.values())
            if min(due.values()) < seen_us + TURN_US:
                assert deadline_us == min(due.values())
