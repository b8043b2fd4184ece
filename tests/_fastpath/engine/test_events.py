"""The ring of events: those that must arrive find room, those that need not are dropped and counted."""

from __future__ import annotations

from mediad._fastpath.door.events import LevelMeasured, StatsAnswered
from tests.support import engine as e

RING = 16_384


def full_ring() -> e.Call:
    """A call whose ring of events is full of answers."""
    call = e.Call()
    call.produce_audio()
    for request in range(RING):
        call.engine.request_stats(request, 0, e.SENDING)
    return call


def talk(call: e.Call, numbers: range) -> None:
    for number in numbers:
        call.send(e.rtp(number, number * 960, b"opus", payload_type=111, extensions={6: b"\x20"}))
        call.pass_time(20_000)


def test_an_event_that_need_not_arrive_is_dropped_and_counted() -> None:
    call = full_ring()
    talk(call, range(60))
    assert call.drops()["drop_event_full"] > 0
    told = []
    while more := call.engine.events():
        told += more
    assert {type(event) for event in told} == {StatsAnswered}
    talk(call, range(60, 120))
    assert call.told(LevelMeasured)
