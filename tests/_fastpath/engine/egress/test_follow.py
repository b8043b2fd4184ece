"""Beginning to follow: from a recent key frame, or by asking for one."""

from __future__ import annotations

from tests.support import engine as e
from tests.support.watched_call import play


def test_a_joiner_is_served_from_a_recent_key_frame_without_asking() -> None:
    call = e.Call()
    call.produce()
    play(call, 1, 5, keyframes=(2,))
    call.left()
    call.consume()
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001, 1002, 1003]
    assert call.engine.counters()["keyframe_requests"] == 0
    assert call.engine.counters()["keyframes_replayed"] == 1


def test_a_joiner_long_after_the_key_frame_asks() -> None:
    call = e.Call()
    call.produce()
    play(call, 1, 40, keyframes=(1,))
    call.left()
    call.consume()
    assert call.forwarded() == []
    assert call.engine.counters()["keyframe_requests"] == 1


def test_a_stored_key_frame_is_sent_to_a_consumer_once() -> None:
    """Pausing and resuming costs its client a few bytes; a replay is up to 128 packets."""
    call = e.Call()
    call.produce()
    call.consume(paused=True)
    for number in range(1, 100):
        call.send(e.rtp(number, 0, e.vp8_payload(number, keyframe=number == 1)))
    for _ in range(50):
        call.engine.pause_consumer(e.CONSUMER, False)
        call.engine.pause_consumer(e.CONSUMER, True)
        call.pass_time(5000)
    assert len(call.forwarded()) == 99
    assert call.engine.counters()["keyframes_replayed"] == 1
