"""Received RTCP: reports about what we send, the sender's clock, and requests."""

from __future__ import annotations

import struct
import time

import pytest

from mediad._fastpath.door.events import ConsumerScore, StatsAnswered
from tests.support import engine as e
from tests.support.engine import Call

WALL_US = 1_700_000_000_000_000  # of e.START_US in the window
NTP_EPOCH_S = 2_208_988_800


def ntp(wall_us: int) -> int:
    return (wall_us // 1_000_000 + NTP_EPOCH_S) << 32 | (wall_us % 1_000_000 << 32) // 1_000_000


def sender_report(ssrc: int, wall_us: int, timestamp: int) -> bytes:
    return struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, ntp(wall_us), timestamp, 1, 1)


def receiver_report(
    ssrc: int, *, fraction: int = 0, lost: int = 0, highest: int = 0, last_sr: int = 0, delay: int = 0
) -> bytes:
    head = struct.pack("!BBHI", 0x81, 201, 7, 99)
    return head + struct.pack("!IIIIII", ssrc, fraction << 24 | lost, highest, 5, last_sr, delay)


def started() -> Call:
    call = e.Call()
    call.produce()
    call.consume()
    for number in range(1, 40):
        call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)))
        call.pass_time(33_000)
    return call


def stats(call: Call, kind: int, handle: int) -> dict[str, float]:
    call.engine.events()
    call.engine.request_stats(1, kind, handle)
    ((record,),) = (answer.records for answer in call.told(StatsAnswered))
    return dict(record)


def test_a_receiver_report_gives_round_trip_and_loss() -> None:
    call = started()
    reports = [block for block in call.rtcp_to(e.RECEIVER) if block[0] == 200]
    (sr_ntp,) = struct.unpack("!Q", reports[-1][2][4:12])
    sent_us = call.now_us
    while ntp(WALL_US + sent_us - e.START_US) > sr_ntp:
        sent_us -= 1000
    call.pass_time(50_000)
    held = 20_000 * 65_536 // 1_000_000
    call.reply(
        receiver_report(
            e.OUT_SSRC, fraction=64, lost=3, highest=1030, last_sr=sr_ntp >> 16 & 0xFFFFFFFF, delay=held
        )
    )
    told = stats(call, 2, e.CONSUMER)
    assert (told["fraction_lost"], told["packets_lost"]) == (64, 3)
    assert told["rtt_us"] == pytest.approx(call.now_us - sent_us - 20_000, abs=2_000)


def test_loss_lowers_the_score_and_tells() -> None:
    call = started()
    call.engine.events()
    call.reply(receiver_report(e.OUT_SSRC, fraction=0, highest=1010))
    for _ in range(6):
        call.pass_time(1_000_000)
        call.reply(receiver_report(e.OUT_SSRC, fraction=200, lost=20, highest=1039))
    scores = [event.score for event in call.told(ConsumerScore)]
    assert scores
    assert scores[-1] < 10


def test_a_report_about_somebody_else_is_ignored() -> None:
    call = started()
    call.reply(receiver_report(0x999, fraction=255))
    assert stats(call, 2, e.CONSUMER)["fraction_lost"] == 0


def test_pli_of_many_receivers_becomes_one() -> None:
    call = started()
    call.pass_time(2_000_000)
    before = call.engine.counters()["keyframe_requests"]
    for _ in range(50):
        call.reply(e.pli(e.OUT_SSRC))
    assert call.engine.counters()["keyframe_requests"] == before + 1
    assert stats(call, 2, e.CONSUMER)["pli_count"] == 50


def test_fir_is_understood() -> None:
    call = started()
    call.pass_time(2_000_000)
    before = call.engine.counters()["keyframe_requests"]
    call.reply(struct.pack("!BBHIIII", 0x84, 206, 4, 99, 0, e.OUT_SSRC, 1 << 24))
    assert call.engine.counters()["keyframe_requests"] == before + 1


def test_one_nack_packet_cannot_ask_for_everything() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    for number in range(1, 600):
        call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)))
    call.left()
    items = b"".join(struct.pack("!HH", 1000 + 17 * index, 0xFFFF) for index in range(35))
    call.reply(struct.pack("!BBHII", 0x81, 205, 2 + 35, 99, e.OUT_SSRC) + items)
    answered = len(call.forwarded())
    assert answered == 15_000 // (len(e.rtp(2, 0, e.vp8_payload(2))) + 40)
    assert call.drops() == {"drop_rtx_too_many": 266 - answered, "drop_rtcp_too_much": 1}


def transport_cc(base: int, count: int, reference: int) -> bytes:
    """Return feedback that none of `count` packets came: one run, in two bytes."""
    body = struct.pack("!IIHHIHxx", 1, 2, base, count, reference << 8 | 1, count)
    return struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body


def work_us(call: e.Call, compound: bytes) -> float:
    """The least of many: what else the machine does only makes it longer."""
    least = 1e9
    for _ in range(200):
        begin = time.process_time_ns()
        call.reply(compound)
        least = min(least, (time.process_time_ns() - begin) / 1000)
    return least


def test_a_compound_full_of_runs_costs_no_more_than_one_full_of_reports() -> None:
    """78 blocks tell of 320 000 packets: reading that many takes hundreds of times as long."""
    call = started()
    for number in range(200):
        call.send(e.rtp(10 + number, number * 3000, e.vp8_payload(number)))
    call.left()
    report = struct.pack("!IIIIII", e.OUT_SSRC, 0, 1, 0, 0, 0)
    reports = (struct.pack("!BBHI", 0x80 | 31, 201, 1 + 6 * 31, 9) + report * 31) * 2
    runs = transport_cc(0, 4096, 5) * 78
    assert work_us(call, runs) < 10 * work_us(call, reports)
    assert call.drops()["drop_rtcp_too_much"] == 200


def test_an_honest_compound_is_read_to_its_end() -> None:
    """31 reports, 200 packets to repeat, a second of feedback, REMB, and a key frame wanted."""
    call = started()
    report = struct.pack("!IIIIII", e.OUT_SSRC, 0, 1, 0, 0, 0)
    items = b"".join(struct.pack("!HH", 1000 + 17 * index, 0xFFFF) for index in range(12))
    remb = struct.pack("!BBHII4sBBH", 0x8F, 206, 4, 9, 0, b"REMB", 0, 3, 0xFFFF)
    compound = struct.pack("!BBHI", 0x80 | 31, 201, 1 + 6 * 31, 9) + report * 31
    compound += struct.pack("!BBHII", 0x81, 205, 2 + 12, 99, e.OUT_SSRC) + items
    compound += transport_cc(0, 300, 5) + remb + e.pli(e.OUT_SSRC)
    call.pass_time(2_000_000)
    before = call.engine.counters()["keyframe_requests"]
    call.reply(compound)
    assert "drop_rtcp_too_much" not in call.drops()
    assert call.engine.counters()["keyframe_requests"] == before + 1


def ask_for_all(call: Call, *, seconds: int, audio: bool) -> tuple[int, int]:
    """A receiver that reports nothing asks for all it was sent. (bytes of requests, of repeats)"""
    sent, asked, answered, payload_type = range(1000, 1000), 0, 0, 111 if audio else 96
    for number in range(500 + 50 * seconds):
        payload = b"o" * 100 if audio else e.vp8_payload(number, keyframe=number == 0, body=b"x" * 1100)
        call.send(e.rtp(number, number * 1800, payload, payload_type=payload_type))
        call.pass_time(20_000)
        call.left()
        sent = range(max(1000, 1000 + number - 500), 1000 + number)
        if number < 500:
            continue
        request = e.nack(e.OUT_SSRC, *sent[-100:])
        call.reply(request)
        asked += len(request)
        answered += sum(len(data) for to, data in call.left() if to == e.RECEIVER and not e.is_rtcp(data))
    return asked, answered


@pytest.mark.parametrize("audio", [False, True])
def test_who_reports_nothing_is_repeated_to_by_the_initial_bitrate(audio: bool) -> None:
    """600 kbit/s by default: half of it, and a burst, are for repeats. Unknown is not unlimited."""
    call = e.Call()
    if audio:
        call.produce_audio()
        call.consume_audio()
    else:
        call.produce()
        call.consume()
    _, answered = ask_for_all(call, seconds=4, audio=audio)
    assert 4 * 37_500 / 2 < answered <= 4 * 37_500 + 15_000 + 1000
    assert call.drops()["drop_rtx_too_many"] > 100


def test_without_a_round_trip_a_packet_is_repeated_every_100_ms_at_most() -> None:
    call = started()
    call.left()
    repeated = 0
    for _ in range(100):
        call.reply(e.nack(e.OUT_SSRC, 1036, 1037))
        repeated += len(call.forwarded())
        call.pass_time(10_000)
    assert repeated == 20


def test_switches_keep_the_pace_of_capture_times() -> None:
    """Two streams whose RTP clocks differ by hours; SRs tie both to one wall clock."""
    call = e.Call()
    call.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")])
    call.consume()
    other = 777_000_000
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.send(e.rtp(1, other, e.vp8_payload(1, keyframe=True), ssrc=e.SSRC + 1))
    call.send(sender_report(e.SSRC, WALL_US, 0))
    call.send(sender_report(e.SSRC + 1, WALL_US, other))
    call.pass_time(3_000_000)
    call.forwarded()
    call.send(e.rtp(2, 270_000, e.vp8_payload(2)))
    call.engine.set_target(e.CONSUMER, 1, 255)
    call.pass_time(250_000)  # late on the network: it was captured 100 ms after the frame before
    call.send(e.rtp(2, other + 270_000 + 9_000, e.vp8_payload(2, keyframe=True), ssrc=e.SSRC + 1))
    before, after = call.forwarded()
    assert after.timestamp - before.timestamp == pytest.approx(9_000, abs=3)


def test_their_reference_time_is_answered() -> None:
    call = started()
    call.left()
    call.send(struct.pack("!BBHIBBHQ", 0x80, 207, 4, 0x55, 4, 0, 2, ntp(WALL_US)))
    call.pass_time(1_500_000)
    bodies = [body for kind, _, body in call.rtcp_to(e.SENDER) if kind == 207]
    answers = [body for body in bodies if body[4] == 5]
    (ssrc, last, delay) = struct.unpack("!III", answers[0][8:20])
    assert (ssrc, last) == (0x55, ntp(WALL_US) >> 16 & 0xFFFFFFFF)
    assert 0 < delay <= 2 * 65_536
