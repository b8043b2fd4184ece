"""Key frame requests on the wire: which kind, how often, and that a lost one is repeated."""

from __future__ import annotations

from typing import Any

from tests.support import engine as e


def waiting(**changes: Any) -> e.Call:
    call = e.Call()
    call.produce(**changes)
    call.send(e.rtp(1, 0, e.vp8_payload(1)))
    call.consume()
    return call


def requests(call: e.Call) -> list[tuple[int, int, bytes]]:
    return [block for block in call.rtcp_to(e.SENDER) if block[0] == 206 and block[1] in (1, 4)]


def test_pli_is_preferred() -> None:
    ((_, fmt, body),) = requests(waiting(pli=True, fir=True))
    assert (fmt, int.from_bytes(body[4:8], "big")) == (1, e.SSRC)


def test_fir_where_only_that_was_negotiated() -> None:
    ((_, fmt, body),) = requests(waiting(pli=False, fir=True))
    assert (fmt, int.from_bytes(body[8:12], "big")) == (4, e.SSRC)


def test_a_lost_request_is_repeated_until_a_key_frame_comes() -> None:
    call = waiting()
    call.pass_time(3_000_000)
    asked = len(requests(call))
    assert 3 <= asked <= 5
    call.send(e.rtp(2, 3000, e.vp8_payload(2, keyframe=True)))
    call.left()
    call.pass_time(5_000_000)
    assert requests(call) == []


def test_nobody_waiting_nobody_asks() -> None:
    call = waiting()
    requests(call)
    call.engine.close_consumer(e.CONSUMER)
    call.pass_time(5_000_000)
    assert requests(call) == []


def test_fifty_viewers_asking_ten_times_a_second_cost_little_more_than_one_request_a_second() -> None:
    call = e.Call()
    call.produce()
    for index in range(50):
        call.consume(e.GENERATION | index, ssrc=5000 + 2 * index, rtx_ssrc=5001 + 2 * index)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.pass_time(2_000_000)
    call.left()
    number = 1
    for _ in range(100):
        for index in range(50):
            call.reply(e.pli(5000 + 2 * index))
        call.pass_time(100_000)
        number += 1
        call.send(e.rtp(number, number * 9000, e.vp8_payload(number, keyframe=number % 3 == 0)))
    assert len(requests(call)) <= 13


def test_a_paused_producer_is_not_asked() -> None:
    call = e.Call()
    call.produce()
    call.send(e.rtp(1, 0, e.vp8_payload(1)))
    call.engine.pause_producer(e.PRODUCER, True)
    call.consume()
    call.pass_time(2_000_000)
    assert requests(call) == []
