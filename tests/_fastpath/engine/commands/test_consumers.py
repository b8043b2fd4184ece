"""Consumers: however they live, nothing is left of them."""

from __future__ import annotations

import random

from tests.support import engine as e


def test_random_lives_leak_nothing() -> None:
    chance = random.Random(7)
    call = e.Call()
    call.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")])
    alive: set[int] = set()
    for step in range(1500):
        handle = e.GENERATION | chance.randrange(40)
        match chance.randrange(6):
            case 0 if handle not in alive:
                alive.add(handle)
                call.consume(
                    handle, ssrc=5000 + 2 * handle, rtx_ssrc=5001 + 2 * handle, target=chance.randrange(2)
                )
            case 1 if handle in alive:
                alive.discard(handle)
                call.engine.close_consumer(handle)
            case 2 if handle in alive:
                call.engine.pause_consumer(handle, bool(chance.randrange(2)))
            case 3 if handle in alive:
                call.engine.set_target(handle, chance.randrange(-1, 2), 255)
            case _:
                payload = e.vp8_payload(step, keyframe=chance.random() < 0.2)
                call.send(e.rtp(step, step * 3000, payload, ssrc=e.SSRC + chance.randrange(2)))
                call.pass_time(5_000)
        call.left()
        call.engine.events()
    for handle in alive:
        call.engine.close_consumer(handle)
    call.close()
    assert (call.engine.slots_in_use(), call.engine.timers_armed()) == (0, 0)


def test_a_paused_consumer_gets_nothing_and_resumes_at_a_key_frame() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.engine.pause_consumer(e.CONSUMER, True)
    call.send(e.rtp(2, 3000, e.vp8_payload(2)))
    call.pass_time(2_000_000)
    before = call.engine.counters()["keyframe_requests"]
    call.engine.pause_consumer(e.CONSUMER, False)
    assert call.engine.counters()["keyframe_requests"] == before + 1
    call.send(e.rtp(3, 6000, e.vp8_payload(3)))
    call.send(e.rtp(4, 9000, e.vp8_payload(4, keyframe=True)))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001]
