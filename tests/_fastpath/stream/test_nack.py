"""Missing packets: when they are asked for, and when not any more."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tests.support.arrivals import disordered
from tests.windows.receiving import Nack

MS = 1000
DELAY = 10 * MS
LIMIT = 512
TRIES = 10
BASE = 2**32 + 65_500  # the numbers wrap at 16 bits on the way


def after(*sequences: int, now_us: int = 1000) -> Nack:
    nack = Nack()
    for sequence in sequences:
        nack.received(BASE + sequence, now_us)
    return nack


def wire(*sequences: int) -> list[int]:
    return [(BASE + sequence) & 0xFFFF for sequence in sequences]


def test_nothing_is_missing_before_the_first_packet_or_in_order() -> None:
    nack = after(0, 1, 2, 3)
    assert nack.missing == []
    assert nack.deadline == 0
    assert nack.due(10**9) == []


def test_a_gap_is_asked_for_after_the_reordering_delay() -> None:
    nack = after(0, 3)
    assert nack.deadline == 1000 + DELAY
    assert nack.due(1000 + DELAY - 1) == []
    assert nack.due(1000 + DELAY) == wire(1, 2)
    assert nack.counters == (2, 1, 0, 0)


def test_what_was_only_reordered_is_not_asked_for() -> None:
    nack = after(0, 2, 1)
    assert nack.due(10**9) == []
    assert nack.deadline == 0
    assert nack.counters == (0, 0, 0, 0)


def test_repeats_wait_a_round_trip_but_never_less_than_forty_ms() -> None:
    for rtt_us, wait_us in ((0, 100 * MS), (5 * MS, 40 * MS), (40 * MS, 40 * MS), (180 * MS, 180 * MS)):
        nack = after(0, 2)
        now_us = nack.deadline
        assert nack.due(now_us, rtt_us=rtt_us) == wire(1)
        assert nack.deadline == now_us + wait_us
        assert nack.due(now_us + wait_us - 1, rtt_us=rtt_us) == []
        assert nack.due(now_us + wait_us, rtt_us=rtt_us) == wire(1)


def test_a_packet_is_given_up_after_ten_tries_and_a_key_frame_wished_for() -> None:
    nack = after(0, 2)
    for _ in range(TRIES):
        assert nack.due(nack.deadline) == wire(1)
        assert not nack.take_keyframe_wish()
    assert nack.due(nack.deadline) == []
    assert nack.take_keyframe_wish()
    assert nack.missing == []
    assert nack.deadline == 0
    assert nack.counters == (TRIES, TRIES, 0, 1)


def test_a_repair_is_counted_once() -> None:
    nack = after(0, 3)
    nack.due(nack.deadline)
    for _ in range(2):
        nack.received(BASE + 1, 50 * MS)
    assert nack.missing == [BASE + 2]
    assert nack.counters[2] == 1


def test_the_limit_of_one_packet_leaves_the_rest_due_at_once() -> None:
    nack = after(0, 6)
    now_us = nack.deadline
    assert nack.due(now_us, limit=3) == wire(1, 2, 3)
    assert nack.deadline <= now_us
    assert nack.due(now_us, limit=3) == wire(4, 5)
    assert nack.deadline > now_us


def test_a_gap_that_fits_is_asked_for_and_a_longer_one_is_not() -> None:
    nack = after(0, LIMIT + 1)
    assert len(nack.missing) == LIMIT
    assert not nack.take_keyframe_wish()
    nack = after(0, LIMIT + 2)
    assert nack.missing == []
    assert nack.take_keyframe_wish()
    nack.received(BASE + LIMIT + 4, 2000)
    assert nack.missing == [BASE + LIMIT + 3]


def test_gaps_add_up_to_the_limit() -> None:
    nack = after(*range(0, 2 * LIMIT + 1, 2))
    assert len(nack.missing) == LIMIT
    nack.received(BASE + 2 * LIMIT + 2, 2000)
    assert nack.missing == []
    assert nack.take_keyframe_wish()


def test_places_of_what_arrived_are_used_again() -> None:
    nack = after(*range(0, 2 * LIMIT + 1, 2))
    for sequence in range(3, 2 * LIMIT, 4):
        nack.received(BASE + sequence, 2000)
    nack.received(BASE + 2 * LIMIT + 101, 2000)
    expected = [*range(1, 2 * LIMIT, 4), *range(2 * LIMIT + 1, 2 * LIMIT + 101)]
    assert nack.missing == [BASE + sequence for sequence in expected]
    assert nack.due(10**9) == wire(*expected)


def test_a_key_frame_forgets_what_is_older() -> None:
    nack = after(0, 3)
    nack.received(BASE + 6, 2000, keyframe=True)
    assert nack.missing == []
    nack.received(BASE + 8, 2000)
    assert nack.missing == [BASE + 7]


def test_a_late_key_frame_forgets_only_what_is_older() -> None:
    nack = after(0, 2, 5, 8)
    nack.received(BASE + 4, 2000, keyframe=True)
    assert nack.missing == [BASE + 6, BASE + 7]


def test_a_key_frame_fulfils_the_wish_for_one() -> None:
    nack = after(0, LIMIT + 2)
    nack.received(BASE + LIMIT + 3, 2000, keyframe=True)
    assert not nack.take_keyframe_wish()


def test_a_restart_forgets_positions_and_keeps_counters() -> None:
    nack = after(0, 2)
    nack.due(nack.deadline)
    nack.restart()
    nack.received(BASE + 200_000, 3000)
    assert nack.missing == []
    assert nack.counters[0] == 1


@dataclass
class Model:
    """The rules, without the ring."""

    highest: int | None = None
    missing: dict[int, list[int]] = field(default_factory=dict)  # sequence → [due, tries]
    wish: bool = False

    def received(self, sequence: int, now_us: int, keyframe: bool) -> None:
        if self.highest is None:
            self.highest = sequence
        elif sequence <= self.highest:
            self.missing.pop(sequence, None)
        else:
            gap = range(self.highest + 1, sequence)
            self.highest = sequence
            if not keyframe and len(gap) + len(self.missing) > LIMIT:
                self.missing.clear()
                self.wish = True
            else:
                self.missing.update({number: [now_us + DELAY, 0] for number in gap})
            self.wish = self.wish and not keyframe
        if keyframe:
            self.missing = {number: state for number, state in self.missing.items() if number >= sequence}

    def due(self, now_us: int, rtt_us: int) -> list[int]:
        asked = []
        for number, state in list(self.missing.items()):
            if state[0] > now_us:
                continue
            if state[1] == TRIES:
                del self.missing[number]
                self.wish = True
                continue
            self.missing[number] = [now_us + max(rtt_us or 100 * MS, 40 * MS), state[1] + 1]
            asked.append(number)
        return asked


@given(
    data=st.data(),
    count=st.integers(1, 120),
    jumps=st.dictionaries(st.integers(0, 119), st.sampled_from([1, 60, 300, 520]), max_size=5),
    keyframes=st.sets(st.integers(0, 119), max_size=3),
    rtt_us=st.sampled_from([0, 20 * MS, 150 * MS]),
    timer_us=st.sampled_from([None, 7 * MS, 300 * MS]),
)
def test_against_the_model(
    data: st.DataObject,
    count: int,
    jumps: dict[int, int],
    keyframes: set[int],
    rtt_us: int,
    timer_us: int | None,
) -> None:
    """Random loss and disorder in fake time; the timer fires at each deadline or only now and then."""
    numbers, number = [], BASE
    for index in range(count):
        number += jumps.get(index, 0) + 1
        numbers.append(number)
    nack, model = Nack(), Model()
    now_us = 5
    for index in data.draw(disordered(count, displacement=40, losses=True)):
        nack.received(numbers[index], now_us, keyframe=index in keyframes)
        model.received(numbers[index], now_us, index in keyframes)
        assert nack.missing == list(model.missing)
        end_us = now_us + data.draw(st.sampled_from([0, 3 * MS, 33 * MS, 400 * MS]))
        while True:
            earliest = min((state[0] for state in model.missing.values()), default=0)
            # Never late; early only after the earliest one came, and then it costs one look.
            assert (nack.deadline == 0) == (earliest == 0)
            assert nack.deadline <= earliest
            look_us = max(now_us, nack.deadline) if timer_us is None else now_us + timer_us
            if nack.deadline == 0 or look_us > end_us:
                break
            now_us = look_us
            assert nack.due(now_us, rtt_us=rtt_us) == [n & 0xFFFF for n in model.due(now_us, rtt_us)]
            assert nack.missing == list(model.missing)
        now_us = end_us
        assert nack.take_keyframe_wish() == model.wish
        model.wish = False
