"""Producers: opened, paused and closed."""

from __future__ import annotations

from tests.support import engine as e


def test_a_generation_later_the_slot_serves_again() -> None:
    call = e.Call()
    call.produce()
    call.engine.close_producer(e.PRODUCER)
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert len(call.forwarded()) == 1


def test_a_resumed_producer_starts_with_a_key_frame() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.engine.pause_producer(e.PRODUCER, True)
    call.send(e.rtp(2, 3000, e.vp8_payload(2)))
    call.pass_time(2_000_000)
    before = call.engine.counters()["keyframe_requests"]
    call.engine.pause_producer(e.PRODUCER, False)
    assert call.engine.counters()["keyframe_requests"] == before + 1
    call.send(e.rtp(3, 6000, e.vp8_payload(3)))
    call.send(e.rtp(4, 9000, e.vp8_payload(4, keyframe=True)))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001]
