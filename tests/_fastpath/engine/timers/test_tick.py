"""Timers: each at its time, and none left when nothing is."""

from __future__ import annotations

from tests.support import engine as e


def test_a_tick_before_its_time_does_nothing() -> None:
    call = e.Call()
    call.produce()
    e.feed(call, range(1, 10))
    call.left()
    assert call.engine.deadline() > call.now_us
    call.engine.tick(call.now_us)
    assert call.left() == []


def test_what_was_kept_for_repeats_goes_when_its_time_is_up() -> None:
    call = e.Call()
    call.produce()
    e.feed(call, range(1, 10))
    assert call.engine.slots_in_use() > 0
    call.pass_time(30_000_000)
    assert call.engine.slots_in_use() == 0


def test_nothing_waits_once_all_is_closed() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    e.feed(call, range(1, 10))
    call.close()
    assert call.engine.deadline() == 0
