"""Commands: a late one is counted and ignored, and closing everything leaves nothing behind."""

from __future__ import annotations

from tests.support import engine as e


def test_closing_leaves_nothing() -> None:
    call = e.Call()
    call.produce(levels=True)
    call.consume()
    for number in range(1, 50):
        call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)))
    call.close()
    closed = [(event[1], event[2]) for event in call.probe.events() if int(event[0]) == 3]
    assert closed == [(2, e.CONSUMER), (1, e.PRODUCER), (0, e.SENDING), (0, e.RECEIVING)]
    assert (call.probe.slots_in_use(), call.probe.timers_armed()) == (0, 0)
    call.send(e.rtp(51, 0, b"x"))
    assert call.drops()["drop_media_unknown_address"] == 1


def test_late_commands_are_counted_and_ignored() -> None:
    call = e.Call()
    call.close()
    stale = 2 * e.GENERATION
    call.probe.pause_consumer(stale, True)
    call.probe.set_target(stale, 0, 255)
    call.probe.request_key_frame(stale)
    call.probe.pause_producer(stale, True)
    call.probe.select_address(stale, 0, "10.9.9.9", 9)
    call.probe.set_keys(stale, receive_session=1, rtcp_session=1)
    call.probe.close_transport(stale)
    assert call.drops() == {
        "drop_stale_command": 9
    }  # two of them from close() itself: no consumer, no producer


def test_objects_on_a_closed_transport_are_reported_closed() -> None:
    """Python may not know yet that the transport went: it still gets its indices back."""
    call = e.Call()
    call.probe.close_transport(e.SENDING)
    call.probe.events()
    call.produce()
    call.consume()
    assert [(event[1], event[2]) for event in call.probe.events()] == [(1, e.PRODUCER), (2, e.CONSUMER)]
