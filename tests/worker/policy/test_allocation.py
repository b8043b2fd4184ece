from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.worker.policy.allocation import (
    HEADROOM,
    NOTHING,
    OVERDRAFT,
    Claim,
    Step,
    divide,
    ladder,
    target_encoding,
)


@pytest.mark.parametrize(
    ("active", "preferred", "target"),
    [
        ("+++", 2, 2),
        ("+++", 1, 1),
        ("+++", 0, 0),
        ("++-", 2, 1),
        ("+-+", 1, 0),
        ("--+", 1, 2),
        ("-++", 0, 1),
        ("---", 2, 0),
        ("-", 0, 0),
        ("+", 3, 0),
    ],
)
def test_targets(active: str, preferred: int, target: int) -> None:
    assert target_encoding([lives == "+" for lives in active], preferred) == target


@given(st.lists(st.booleans(), min_size=1, max_size=4), st.integers(0, 3))
def test_what_is_sent_lives_if_anything_does(active: list[bool], preferred: int) -> None:
    target = target_encoding(active, preferred)
    assert active[target] or not any(active)
    better = [number for number in range(target + 1, len(active)) if number <= preferred]
    assert not any(active[number] for number in better)


# -- ladders -----------------------------------------------------------------------------------------------

CAMERA = [[50, 80, 100, 0], [150, 220, 300, 0], [500, 750, 1000, 0]]


@pytest.mark.parametrize(
    ("bitrates", "spatial", "temporal", "expected"),
    [
        (CAMERA, [0, 1, 2], 2, [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]),
        (CAMERA, [0, 1, 2], 0, [(0, 0), (1, 0), (2, 0)]),  # only a quarter of the frames is wanted
        (CAMERA, [0, 1, 2], 1, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]),
        (CAMERA, [0, 2], 2, [(0, 0), (0, 1), (0, 2), (2, 1), (2, 2)]),
        (CAMERA, [2], 2, [(2, 0), (2, 1), (2, 2)]),
        ([[100, 0, 0, 0]], [0], 2, [(0, 0)]),
        ([[0, 0, 0, 0], [300, 0, 0, 0]], [0, 1], 0, [(1, 0)]),  # nothing has come of the lower one
        ([[100, 0, 0, 0], [0, 0, 0, 0]], [0, 1], 0, [(0, 0)]),
        ([[0, 0, 0, 0]], [0], 2, [(0, 0)]),  # nothing is known yet
        # SVC whose top layer is not being sent costs what the one below costs
        ([[50, 100, 0, 0], [150, 300, 0, 0], [150, 300, 0, 0]], [0, 1, 2], 1,
         [(0, 0), (0, 1), (2, 0), (2, 1)]),
        # a small base layer of the next size may cost less than the full rate of the one before
        ([[50, 100, 0, 0], [80, 120, 0, 0]], [0, 1], 1, [(0, 0), (1, 0), (1, 1)]),
    ],
)  # fmt: skip
def test_ladders(
    bitrates: list[list[int]], spatial: list[int], temporal: int, expected: list[tuple[int, int]]
) -> None:
    assert [step.layers for step in ladder(bitrates, spatial, temporal)] == expected


TABLES = st.lists(st.lists(st.integers(0, 3000), min_size=4, max_size=4), min_size=1, max_size=4)


@given(TABLES, st.integers(0, 3), st.data())
def test_ladders_rise(bitrates: list[list[int]], temporal: int, data: st.DataObject) -> None:
    spatial = sorted(data.draw(st.sets(st.integers(0, len(bitrates) - 1), min_size=1)))
    steps = ladder(bitrates, spatial, temporal)
    assert steps
    assert [step.layers for step in steps] == sorted({step.layers for step in steps})
    prices = [step.bitrate_bps for step in steps]
    assert prices == sorted(set(prices))
    for step in steps:
        assert step.spatial in spatial
        assert step.temporal <= temporal
        assert step.bitrate_bps == bitrates[step.spatial][step.temporal]


# -- dividing ----------------------------------------------------------------------------------------------


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    prices = sorted(draw(st.sets(st.integers(10, 2000), min_size=1, max_size=6)))
    steps = tuple(Step(index, 0, price) for index, price in enumerate(prices))
    held = draw(st.integers(NOTHING, len(steps) - 1))
    return Claim(steps, draw(st.integers(1, 4)), held, draw(st.booleans()))


CLAIMS = st.lists(claims(), max_size=8)
AVAILABLE = st.integers(0, 10_000)


def price(claim: Claim, step: int) -> int:
    return 0 if step == NOTHING else claim.ladder[step].bitrate_bps


def total(wanted: list[Claim], granted: list[int]) -> int:
    return sum(price(claim, step) for claim, step in zip(wanted, granted, strict=True))


@given(CLAIMS)
def test_without_a_limit_everybody_gets_the_best(wanted: list[Claim]) -> None:
    assert divide(None, wanted) == [len(claim.ladder) - 1 for claim in wanted]


@given(CLAIMS, AVAILABLE)
def test_no_more_than_there_is(wanted: list[Claim], available: int) -> None:
    """Excepted are the one picture that always stays, and the little that lowest steps may overdraw."""
    granted = divide(available, wanted)
    lowest = total(wanted, [min(step, 0) for step in granted])
    first = max((price(c, 0) for c, step in zip(wanted, granted, strict=True) if step == 0), default=0)
    assert total(wanted, granted) <= max(available, lowest)
    assert lowest <= OVERDRAFT * available + max(first, 0) + 1


@given(CLAIMS, AVAILABLE)
def test_nobody_is_left_with_nothing_that_would_fit(wanted: list[Claim], available: int) -> None:
    granted = divide(available, wanted)
    lowest = total(wanted, [min(step, 0) for step in granted])
    for claim, step in zip(wanted, granted, strict=True):
        if step == NOTHING:
            assert lowest + price(claim, 0) > available
    assert not wanted or any(step != NOTHING for step in granted)


@given(CLAIMS, AVAILABLE)
def test_nobody_has_more_while_another_with_a_higher_priority_has_nothing(
    wanted: list[Claim], available: int
) -> None:
    """A lower step of the lesser one may fit where the other's does not."""
    granted = divide(available, wanted)
    for claim, step in zip(wanted, granted, strict=True):
        for other, others in zip(wanted, granted, strict=True):
            if step == NOTHING and others != NOTHING and other.priority < claim.priority:
                assert price(other, 0) < price(claim, 0) or other.held != NOTHING


@given(CLAIMS, AVAILABLE)
def test_what_is_left_is_too_little_for_anybody(wanted: list[Claim], available: int) -> None:
    granted = divide(available, wanted)
    spent = total(wanted, granted)
    for claim, step in zip(wanted, granted, strict=True):
        if step in (NOTHING, len(claim.ladder) - 1) or (step >= claim.held and not claim.may_rise):
            continue
        factor = 1.0 if step < claim.held else HEADROOM
        assert (spent + price(claim, step + 1) - price(claim, step)) * factor > available


@given(CLAIMS, AVAILABLE)
def test_the_same_again(wanted: list[Claim], available: int) -> None:
    granted = divide(available, wanted)
    again = [dataclasses.replace(c, held=step) for c, step in zip(wanted, granted, strict=True)]
    assert divide(available, again) == granted


@given(st.lists(claims(), min_size=1, max_size=1), AVAILABLE, st.lists(st.integers(92, 100), max_size=12))
def test_a_jittery_estimate_does_not_move_a_lone_stream(
    wanted: list[Claim], available: int, percents: list[int]
) -> None:
    """Whatever it was raised to at the best moment, it keeps within the headroom."""
    held = [divide(available, [dataclasses.replace(wanted[0], held=NOTHING, may_rise=True)])[0]]
    for percent in percents:
        claim = dataclasses.replace(wanted[0], held=held[-1], may_rise=True)
        held += divide(-(-available * percent // 100), [claim])
    assert set(held) == {held[0]}


def test_a_small_example() -> None:
    camera = ladder(CAMERA, [0, 1, 2], 2)
    thumbnails = [Claim(camera[:3]) for _ in range(3)]
    speaker = Claim(camera, priority=10)
    everybody = [speaker, *thumbnails]
    assert divide(5000, everybody) == [6, 2, 2, 2]
    assert [camera[step].bitrate_bps for step in divide(1000, everybody)] == [750, 50, 50, 50]
    assert divide(230, everybody) == [0, 0, 0, 0]
    assert divide(110, everybody) == [0, 0, NOTHING, NOTHING]
    assert divide(0, everybody) == [0, NOTHING, NOTHING, NOTHING]


def test_what_is_held_may_overdraw_when_it_is_said() -> None:
    steps = (Step(0, 0, 100), Step(1, 0, 300))
    assert divide(290, [Claim(steps, held=1)]) == [0]
    assert divide(290, [Claim(steps, held=1)], overdraft=OVERDRAFT) == [1]
    assert divide(290, [Claim(steps, held=0)], overdraft=OVERDRAFT) == [0]
    assert divide(270, [Claim(steps, held=1)], overdraft=OVERDRAFT) == [0]
