"""Fan-out lists: who is in them gets each packet exactly once, whatever came before."""

from __future__ import annotations

import random

from mediad._fastpath.door.events import LevelMeasured
from tests.support import engine as e


def test_every_subscriber_and_nobody_else_gets_a_packet() -> None:
    chance = random.Random(3)
    call = e.Call()
    call.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")])
    follows: dict[int, int] = {}
    for _ in range(400):
        index = chance.randrange(60)
        handle = e.GENERATION | index
        if index in follows and chance.random() < 0.5:
            del follows[index]
            call.engine.close_consumer(handle)
        elif index in follows:
            follows[index] ^= 1
            call.engine.set_target(handle, follows[index], 255)
        else:
            follows[index] = chance.randrange(2)
            call.consume(handle, ssrc=5000 + 2 * index, rtx_ssrc=0, target=follows[index])
    call.left()
    for stream in (0, 1):
        call.pass_time(1_000_000)
        call.left()
        call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True), ssrc=e.SSRC + stream))
        got = sorted(packet.ssrc for packet in call.forwarded())
        assert got == sorted(5000 + 2 * index for index, target in follows.items() if target == stream)


def test_slots_beyond_the_first_list_size_are_reached() -> None:
    call = e.Call()
    call.produce()
    for index in range(1000):
        call.consume(e.GENERATION | index, ssrc=5000 + index, rtx_ssrc=0)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    packets = call.forwarded()
    assert len({packet.ssrc for packet in packets}) == 1000


def test_time_passes_every_kind_of_timer_by() -> None:
    """Report, feedback, level, NACK and key frame timers share one wheel: each must find its own object."""
    call = e.Call()
    call.produce_audio()
    call.consume_audio()
    for number in range(1, 60):
        if number != 30:
            call.send(
                e.rtp(
                    number,
                    number * 960,
                    b"opus",
                    payload_type=111,
                    extensions={6: b"\x20", 3: b"\0" + bytes([number])},
                )
            )
        call.pass_time(20_000)
    levels = call.told(LevelMeasured)
    told = {(kind, fmt) for kind, fmt, _ in call.rtcp_to(e.SENDER)}
    assert levels
    assert {(201, 1), (205, 1), (205, 15)} <= told
