"""Bursts of video and of repeats towards a path whose estimate is known, through the engine."""

from __future__ import annotations

from mediad._fastpath.door.events import BandwidthEstimated
from tests.support.engine import (
    ABS_SEND_TIME,
    CONSUMER,
    MID,
    OUT_IDS,
    OUT_SSRC,
    RECEIVER,
    TRANSPORT_CC,
    Call,
    Packet,
    is_rtcp,
    nack,
    rtp,
    vp8_payload,
)

MS = 1000
BODY = b"x" * 1100
REMB_300K = bytes([0x8F, 206, 0, 5]) + bytes(8) + b"REMB" + bytes([1, 0x09, 0x24, 0xF8]) + bytes(4)


def narrow_call() -> Call:
    """A receiver that told us of 300 kbit/s: the pace is 750 kbit/s, about 94 bytes a millisecond."""
    call = Call()
    call.produce()
    call.consume()
    call.reply(REMB_300K)
    return call


def send_frame(call: Call, packets: int, first: int = 0) -> None:
    for number in range(first, first + packets):
        payload = vp8_payload(1, keyframe=number == 0, body=BODY)
        call.send(rtp(number, 3000, payload if number == 0 else b"\x80" + payload[1:]))


def after(call: Call, us: int) -> list[Packet]:
    call.pass_time(us)
    return call.forwarded()


def test_the_estimate_is_told() -> None:
    call = narrow_call()
    assert [event.available_bps for event in call.told(BandwidthEstimated)] == [300_000]


def test_a_frame_of_ten_packets_leaves_at_once() -> None:
    call = narrow_call()
    send_frame(call, 10)
    assert len(call.forwarded()) == 10


def test_a_key_frame_leaves_in_order_at_the_pace() -> None:
    call = narrow_call()
    send_frame(call, 40)
    at_once = call.forwarded()
    assert 10 <= len(at_once) <= 12
    within_100_ms = after(call, 100 * MS)
    assert 6 <= len(within_100_ms) < 28
    rest = after(call, 1_000_000)
    assert [packet.sequence for packet in at_once + within_100_ms + rest] == list(range(1000, 1040))
    assert call.engine.timers_armed() <= 4


def test_what_leaves_late_has_the_time_and_number_of_leaving() -> None:
    call = narrow_call()
    send_frame(call, 30)
    numbers, times = [], []
    for _ in range(60):
        for packet in after(call, 20 * MS):
            numbers.append(int.from_bytes(packet.extensions[OUT_IDS[TRANSPORT_CC]]))
            times.append(packet.extensions[OUT_IDS[ABS_SEND_TIME]])
    assert numbers == list(range(30))
    assert times == sorted(times)
    assert len(set(times)) > 3


def test_without_an_estimate_nothing_waits() -> None:
    call = Call()
    call.produce()
    call.consume()
    send_frame(call, 100)
    assert len(call.forwarded()) == 100


def test_audio_never_waits() -> None:
    call = Call()
    call.produce_audio()
    call.consume_audio(extensions={MID: 1})
    call.reply(REMB_300K)
    for number in range(100):
        call.send(rtp(number, number * 960, b"a" * 1000, payload_type=111))
    assert len(call.forwarded()) == 100


def test_repeats_are_paced_and_not_queued_twice() -> None:
    call = narrow_call()
    send_frame(call, 40)
    assert len(call.forwarded()) + len(after(call, 2_000_000)) == 40
    lost = range(1000, 1012)
    call.reply(nack(OUT_SSRC, *lost))
    call.reply(nack(OUT_SSRC, *lost))
    at_once = call.forwarded()
    assert 10 <= len(at_once) <= 12
    rest = after(call, 1_000_000)
    assert len(at_once) + len(rest) == 12
    assert call.engine.counters()["rtx_sent"] == 12


def test_repeats_leave_room_for_what_is_new() -> None:
    call = narrow_call()
    send_frame(call, 40)
    after(call, 2_000_000)
    call.reply(nack(OUT_SSRC, *range(1000, 1030)))
    repeated = len(call.forwarded()) + len(after(call, 400_000))
    assert repeated < 20
    assert call.engine.counters()["drop_rtx_too_many"] == 30 - repeated
    call.reply(nack(OUT_SSRC, 1029))  # asked for again, when there is room again
    assert len(call.forwarded()) + len(after(call, 1_000_000)) == 1


def test_what_has_not_left_is_not_repeated() -> None:
    """The first transmission is still to come: a repeat would be other bytes under the same number."""
    call = narrow_call()
    send_frame(call, 40)
    call.forwarded()
    call.reply(nack(OUT_SSRC, 1039))
    assert after(call, 1) == []
    assert call.engine.counters()["drop_rtx_too_soon"] == 1
    assert [packet.sequence for packet in after(call, 2_000_000)][-1] == 1039


def test_a_consumer_that_closes_takes_its_packets_with_it() -> None:
    call = narrow_call()
    send_frame(call, 40)
    call.forwarded()
    call.engine.close_consumer(CONSUMER)
    assert after(call, 2_000_000) == []


def test_a_transport_that_closes_leaves_no_timer() -> None:
    call = narrow_call()
    send_frame(call, 40)
    call.close()
    assert call.engine.timers_armed() == 0
    call.pass_time(1_000_000)
    assert [data for to, data in call.left() if to == RECEIVER and not is_rtcp(data)][12:] == []
