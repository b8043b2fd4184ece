"""However fast a peer makes things change, Python hears a few times a second, and of the last change."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

from mediad._fastpath.door.events import (
    BandwidthEstimated,
    BitratesMeasured,
    ConsumerScore,
    LayersChanged,
    StatsAnswered,
    StreamChanged,
)
from tests.support import engine as e

SECONDS = 10
RING = 16_384

Told = TypeVar("Told")


def remb(bps: int) -> bytes:
    exponent = max(0, bps.bit_length() - 18)
    body = struct.pack("!II4s", 9, 0, b"REMB") + bytes([0])
    body += (exponent << 18 | bps >> exponent).to_bytes(3, "big")
    return struct.pack("!BBH", 0x8F, 206, len(body) // 4) + body


def receiver_report(highest: int, lost: int) -> bytes:
    return struct.pack("!BBHIIIIIII", 0x81, 201, 7, 9, e.OUT_SSRC, lost, highest, 0, 0, 0)


def started() -> e.Call:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(0, 0, e.vp8_payload(0, keyframe=True)))
    call.engine.events()
    return call


def heard(call: e.Call, kind: type[Told], turn: Callable[[int], None], datagrams: int = 300) -> list[Told]:
    """Return the events about 30 datagrams a second for ten seconds, and two seconds after them."""
    found: list[Told] = []
    for number in range(datagrams):
        turn(number)
        call.pass_time(SECONDS * 1_000_000 // datagrams)
        found += call.told(kind)
    call.pass_time(2_000_000)
    return found + call.told(kind)


def test_an_estimate_that_swings_is_told_five_times_a_second_and_the_last_in_the_end() -> None:
    call = started()
    compound = b"".join(remb(bps) for bps in (100_000, 5_000_000) * 40)

    def turn(number: int) -> None:
        call.reply(compound if number < 299 else compound + remb(100_000))

    told = heard(call, BandwidthEstimated, turn)
    assert 10 <= len(told) <= 10 + 5 * SECONDS + 3
    assert told[-1].available_bps == 100_000
    assert call.engine.counters()["news_delayed"] > 0


def test_an_estimate_that_collapses_is_told_at_once() -> None:
    call = started()
    call.reply(remb(5_000_000))
    call.pass_time(400_000)
    call.engine.events()
    for bps in (2_000_000, 800_000, 300_000):
        call.reply(remb(bps))
        assert [event.available_bps for event in call.told(BandwidthEstimated)] == [bps]


def test_a_score_that_swings_is_told_twice_a_second_and_the_last_in_the_end() -> None:
    call = started()
    highest = lost = 0

    def turn(number: int) -> None:
        nonlocal highest, lost
        reports = b""
        for index in range(58):
            highest += 1000
            lost += 0 if number < 290 and index % 8 < 4 else 1000
            reports += receiver_report(highest, lost & 0x7FFFFF)
        call.reply(reports)

    told = heard(call, ConsumerScore, turn)
    assert 2 <= len(told) <= 2 + 2 * SECONDS + 2
    assert told[-1] == (e.CONSUMER, 0)


def test_layers_that_change_with_every_picture_are_told_twice_a_second_and_the_last_in_the_end() -> None:
    """Each jump of the sequence makes the consumer begin anew."""
    call = started()

    def turn(number: int) -> None:
        for index in range(10):
            at = (number * 10 + index) % 2 * 30_000 + number
            call.send(e.rtp(at, number * 3000, e.vp8_payload(number, keyframe=True)))
            call.send(e.rtp(at + 1, number * 3000 + 1, e.vp8_payload(number, keyframe=True)))
            call.now_us += 200

    told = heard(call, LayersChanged, turn)
    assert 6 <= len(told) <= 6 + 2 * SECONDS + 3
    assert told[-1].encoding == 0


def test_a_stream_that_comes_and_goes_is_told_twice_a_second_and_the_last_in_the_end() -> None:
    call = e.Call()
    call.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")], inactivity_us=40_000)

    def turn(number: int) -> None:
        """The upper encoding is given up and comes back with every picture."""
        for step in range(3):
            call.send(e.rtp(number * 3 + step, number * 9000 + step * 3000, e.vp8_payload(number)))
            call.now_us += 1_000
        if number < 299:
            call.send(e.rtp(number, number * 9000, e.vp8_payload(number), ssrc=e.SSRC + 1))

    told = [event for event in heard(call, StreamChanged, turn) if event.encoding == 1]
    assert 3 <= len(told) <= 3 + 4 * SECONDS
    assert told[-1].active is False


def test_bitrates_are_told_at_their_interval_whatever_the_sequence_does() -> None:
    call = started()

    def turn(number: int) -> None:
        for index in range(4):
            at = (number * 4 + index) % 2 * 30_000 + number
            call.send(e.rtp(at, number, e.vp8_payload(number, keyframe=True)))
            call.send(e.rtp(at + 1, number, e.vp8_payload(number, keyframe=True)))

    assert 1 <= len(heard(call, BitratesMeasured, turn)) <= 4 * SECONDS + 2


def test_news_that_find_the_ring_full_are_told_when_there_is_room() -> None:
    call = started()
    for request in range(RING):
        call.engine.request_stats(request, 0, e.SENDING)
    call.reply(remb(1_000_000))
    call.engine.set_target(e.CONSUMER, -1, 255)
    events = []
    while more := call.engine.events():
        events += more
    assert {type(event) for event in events} == {StatsAnswered}
    call.pass_time(20_000)
    told = call.engine.events()
    assert LayersChanged(e.CONSUMER, -1, 255, 255) in told
    assert [event.available_bps for event in told if isinstance(event, BandwidthEstimated)] == [1_000_000]


def test_what_closes_takes_its_news_along() -> None:
    call = started()
    armed = call.engine.timers_armed()
    for bps in (100_000, 5_000_000) * 20:
        call.reply(remb(bps))
    call.reply(b"".join(receiver_report(1000 * n, 1000 * (n // 4)) for n in range(1, 50)))
    assert call.engine.timers_armed() > armed
    call.close()
    assert call.engine.timers_armed() == 0
