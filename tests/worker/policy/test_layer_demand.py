from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediad.worker.policy.layer_demand import REST_US, WAKE_US, LayerDemand

S = 1_000_000


def test_what_nobody_wants_rests_before_it_sleeps() -> None:
    demand = LayerDemand(3, 0)
    assert not demand.want(-1, S)
    assert demand.deadline_us(S) == REST_US
    assert not demand.settle(REST_US - 1)
    assert demand.settle(REST_US)
    assert demand.ceiling == 0
    assert demand.deadline_us(REST_US) is None


def test_the_lowest_never_sleeps() -> None:
    demand = LayerDemand(1, 0)
    assert not demand.want(-1, 0)
    assert not demand.settle(100 * S)
    assert demand.ceiling == 0


def test_what_is_wanted_again_is_awake_at_once() -> None:
    demand = LayerDemand(3, 0)
    demand.settle(REST_US)
    assert demand.want(2, 60 * S)
    assert demand.ceiling == 2


def test_each_encoding_rests_from_when_it_was_last_wanted() -> None:
    demand = LayerDemand(3, 0)
    demand.want(2, 60 * S)
    demand.want(1, 61 * S)
    demand.want(0, 64 * S)
    assert (demand.ceiling, demand.deadline_us(65 * S)) == (2, 61 * S + REST_US)
    assert demand.settle(61 * S + REST_US)
    assert (demand.ceiling, demand.deadline_us(67 * S)) == (1, 64 * S + REST_US)
    assert demand.settle(64 * S + REST_US)
    assert demand.ceiling == 0


def test_a_change_of_mind_begins_the_rest_anew() -> None:
    demand = LayerDemand(3, 0)
    demand.want(2, 10 * S)
    demand.want(0, 11 * S)
    demand.want(2, 15 * S)
    demand.want(0, 16 * S)
    assert not demand.settle(11 * S + REST_US)
    assert demand.settle(16 * S + REST_US)


def test_asleep_then_waking_then_taken_for_not_sent() -> None:
    demand = LayerDemand(2, 0)
    assert not demand.wakes(1, 0)
    demand.settle(REST_US)
    assert demand.sleeps(1)
    assert not demand.wakes(1, REST_US)
    demand.want(1, 20 * S)
    assert not demand.sleeps(1)
    assert demand.wakes(1, 20 * S)
    assert demand.deadline_us(20 * S) == 20 * S + WAKE_US
    assert not demand.wakes(1, 20 * S + WAKE_US)


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 3 * S)), max_size=40))
def test_what_is_wanted_is_awake_and_what_was_not_for_long_is_not(steps: list[tuple[int, int]]) -> None:
    demand, now_us = LayerDemand(4, 0), 0
    wanted: list[tuple[int, int]] = [(0, 0)]  # since when what
    for highest, later_us in steps:
        now_us += later_us
        demand.want(highest, now_us)
        wanted.append((now_us, min(max(highest, 0), 3)))
        assert demand.ceiling >= wanted[-1][1]
        spans = zip(wanted, [*wanted[1:], (now_us, 0)], strict=True)
        recent = [what for (_, what), (until_us, _) in spans if now_us - until_us < REST_US]
        if now_us >= REST_US:
            assert demand.ceiling <= max([*recent, wanted[-1][1]])
        due_us = demand.deadline_us(now_us)
        assert due_us is None or due_us > now_us
