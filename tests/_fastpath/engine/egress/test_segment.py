"""Segments: after a pause or a switch, numbers run on and time is true."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.support import engine as e
from tests.support.watched_call import play, play_both, started, two_streams


def test_a_pause_leaves_no_gap_in_numbers_and_a_true_one_in_time() -> None:
    call = started()
    call.forwarded()
    call.engine.pause_consumer(e.CONSUMER, True)
    play(call, 6, 30)
    assert call.forwarded() == []
    call.engine.pause_consumer(e.CONSUMER, False)
    play(call, 36, 2, keyframes=(36,))
    first, second = call.forwarded()
    assert (first.sequence, second.sequence) == (1005, 1006)
    assert first.timestamp - (50_000 + 4 * 3000) == pytest.approx(31 * 3000, abs=200)
    assert second.timestamp - first.timestamp == 3000


def test_after_a_pause_of_two_seconds_timestamps_go_on_by_two_seconds() -> None:
    """Timestamps must not jump by an hour, whatever type the compiler gives the limits of the step."""
    call = started()
    last = call.forwarded()[-1]
    call.engine.pause_consumer(e.CONSUMER, True)
    play(call, 6, 60)
    call.engine.pause_consumer(e.CONSUMER, False)
    play(call, 66, 1, keyframes=(66,))
    step = (call.forwarded()[0].timestamp - last.timestamp) % 2**32
    assert step / 90_000 == pytest.approx(2.03, abs=0.01)


def test_a_switch_to_a_stored_key_frame_does_not_shift_time() -> None:
    """A shift would show everything later by the key frame's age, more with each switch."""
    call = two_streams()
    number = 10
    for round_ in range(6):
        target = (round_ + 1) % 2
        for _ in range(10):  # the target's key frame comes some pictures before the switch
            keyframes = (8000 + number, number) if number % 10 == 4 else ()
            play_both(call, number, keyframes)
            number += 1
        call.engine.set_target(e.CONSUMER, target, 255)
    for later in range(2):
        play_both(call, number + later, ())
    packets = call.forwarded()
    assert call.engine.counters()["keyframes_replayed"] == 6
    assert all((b.timestamp - a.timestamp) % 2**32 < 2**31 for a, b in pairwise(packets))
    assert packets[-1].timestamp - packets[0].timestamp == pytest.approx(61 * 3000, abs=200)
