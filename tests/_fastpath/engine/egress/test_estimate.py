"""Feedback into the engine, estimates out of it."""

from __future__ import annotations

import struct

from mediad._fastpath.door.events import BandwidthEstimated, StatsAnswered
from tests.support import engine as e
from tests.support import plain_call as p
from tests.support.engine import (
    OUT_IDS,
    RECEIVER,
    RECEIVING,
    SENDER,
    TRANSPORT_CC,
    Call,
    is_rtcp,
    parse_rtp,
    rtp,
    vp8_payload,
)
from tests.windows.receiving import Twcc

MS = 1000
REMB_300K = bytes([0x8F, 206, 0, 5]) + bytes(8) + b"REMB" + bytes([1, 0x09, 0x24, 0xF8]) + bytes(4)
REMB_600K = REMB_300K[:17] + bytes([0x0D]) + REMB_300K[18:]
TOLD_WITHIN_MS = 1250


def estimates(call: Call) -> list[tuple[int, int, int]]:
    """(available, delivered, queue) of each."""
    return [
        (event.available_bps, event.delivered_bps, event.queue_us) for event in call.told(BandwidthEstimated)
    ]


def ready() -> Call:
    call = Call()
    call.produce()
    call.consume()
    return call


def talk(call: Call, frames: int, twcc: Twcc, *, first: int = 0) -> None:
    """A frame each 20 ms, feedback each 100 ms."""
    for number in range(first, first + frames):
        call.send(rtp(number, number * 3000, vp8_payload(number & 0x7FFF, keyframe=number == 0)))
        call.pass_time(20 * MS)
        for to, data in call.left():
            if to == RECEIVER and not is_rtcp(data):
                sequence = parse_rtp(data).extensions[OUT_IDS[TRANSPORT_CC]]
                twcc.received(int.from_bytes(sequence), call.now_us)
        if number % 5 == 4 and (report := twcc.feedback()) is not None:
            call.reply(report)


def test_nothing_is_told_before_the_client_reports() -> None:
    call = ready()
    call.pass_time(5_000_000)
    assert estimates(call) == []
    call.engine.request_stats(1, 0, RECEIVING)
    ((record,),) = (answer.records for answer in call.told(StatsAnswered))
    assert record["available_outgoing_bitrate"] == 0


def test_transport_cc_feedback_makes_an_estimate() -> None:
    call = ready()
    talk(call, 100, Twcc())
    told = estimates(call)
    assert {bps for bps, _, _ in told} == {600_000}
    assert told[-1][1] > 0
    assert told[-1][2] < 30 * MS


def test_an_estimate_is_told_once_a_second_and_at_once_when_it_moves() -> None:
    call = ready()
    call.reply(REMB_300K)
    assert [told[0] for told in estimates(call)] == [300_000]
    call.reply(REMB_300K)
    assert estimates(call) == []
    call.reply(REMB_600K)
    assert [told[0] for told in estimates(call)] == [600_000]
    call.reply(REMB_300K)
    assert [told[0] for told in estimates(call)] == [300_000]
    call.pass_time(5 * TOLD_WITHIN_MS * MS)
    assert 4 <= len(estimates(call)) <= 8


def test_without_a_consumer_nobody_is_told() -> None:
    call = Call()
    call.reply(REMB_300K)
    assert estimates(call) == []


def test_malformed_feedback_is_counted() -> None:
    call = ready()
    call.reply(bytes([0x8F, 205, 0, 5]) + bytes(8) + bytes([0, 1, 0, 9, 0, 0, 1, 0]) + bytes([0x20, 9, 1, 1]))
    assert call.drops() == {"drop_rtcp_malformed": 1}


def test_packets_without_the_extension_use_no_numbers() -> None:
    call = Call()
    call.produce()
    without = {kind: id_ for kind, id_ in OUT_IDS.items() if kind != TRANSPORT_CC}
    call.consume(extensions=without)
    call.consume((1 << 20) | 1, ssrc=77, rtx_ssrc=78)
    numbers = []
    for number in range(10):
        call.send(rtp(number, number * 3000, vp8_payload(number, keyframe=number == 0)))
        numbers += [packet.extensions.get(OUT_IDS[TRANSPORT_CC]) for packet in call.forwarded()]
    assert [int.from_bytes(value) for value in numbers if value is not None] == list(range(10))


def plis(call: Call) -> int:
    return sum(block[:2] == (206, 1) for block in call.rtcp_to(SENDER))


def test_a_picture_is_refreshed_when_the_path_is_back() -> None:
    call, twcc = ready(), Twcc()
    talk(call, 100, twcc)
    for number in range(100, 200):  # two seconds into the void
        call.send(rtp(number, number * 3000, vp8_payload(number)))
        call.pass_time(20 * MS)
    assert plis(call) == 0
    talk(call, 5, twcc, first=200)
    assert plis(call) == 1


def test_a_picture_that_stood_still_is_not_refreshed() -> None:
    """A shared screen without change sends nothing, so nothing was lost either."""
    call, twcc = ready(), Twcc()
    talk(call, 100, twcc)
    call.pass_time(5_000_000)
    talk(call, 5, twcc, first=100)
    assert plis(call) == 0


def test_a_transport_without_ice_has_no_estimate() -> None:
    call = p.PlainCall()
    call.produce()
    call.consume()
    call.engine.set_desired_bitrate(e.RECEIVING, 5_000_000)
    feedback = struct.pack("!BBHIIHHBBBBHBB", 0x8F, 205, 5, 99, e.OUT_SSRC, 0, 2, 0, 0, 9, 0, 0x2002, 40, 80)
    for number in range(50):
        call.send(e.rtp(number, 1800 * number, e.vp8_payload(number, keyframe=number == 0, body=b"x" * 1000)))
        call.send(REMB_300K, p.RECEIVER, p.OUT_SOCKET)
        call.send(feedback, p.RECEIVER, p.OUT_SOCKET)
        assert sum(not e.is_rtcp(data) for _, _, data in call.left()) == 1, "each packet leaves at once"
        call.pass_time(50_000)
    assert call.told(BandwidthEstimated) == []
    assert call.engine.counters()["probation_sent"] == 0
    assert call.drops() == {}
