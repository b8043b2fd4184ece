"""Delays before a worker's next start."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediad.supervisor.workers.restarts import (
    FREE_RESTARTS,
    LONGEST_DELAY_S,
    STABLE_S,
    Restarts,
    restart_delay_s,
)


@given(st.integers(0, 10_000))
def test_delays_grow_to_their_bound(failures: int) -> None:
    assert 0 <= restart_delay_s(failures) <= restart_delay_s(failures + 1) <= LONGEST_DELAY_S


def test_the_first_are_free_then_delays_double() -> None:
    assert [restart_delay_s(n) for n in range(FREE_RESTARTS + 1)] == [0.0] * (FREE_RESTARTS + 1)
    assert [restart_delay_s(FREE_RESTARTS + n) for n in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]


def test_short_lives_in_a_row_become_a_loop() -> None:
    restarts = Restarts()
    seen = []
    for _ in range(5):
        restarts.died(0.1)
        seen.append((restarts.looping, restarts.delay_s))
    assert seen == [(False, 0), (False, 0), (False, 0), (True, 0.5), (True, 1.0)]
    restarts.died(STABLE_S)
    assert (restarts.looping, restarts.delay_s) == (False, 0)


def test_a_start_that_failed_is_never_repeated_at_once() -> None:
    restarts = Restarts()
    restarts.did_not_start()
    assert (restarts.looping, restarts.delay_s) == (True, 0.5)
    restarts.did_not_start()
    assert restarts.delay_s == 1.0


def test_a_long_life_or_a_person_ends_the_loop() -> None:
    restarts = Restarts()
    restarts.did_not_start()
    restarts.lived(STABLE_S - 1)
    assert restarts.looping
    restarts.lived(STABLE_S)
    assert not restarts.looping
    restarts.did_not_start()
    restarts.forget()
    assert restarts.delay_s == 0
