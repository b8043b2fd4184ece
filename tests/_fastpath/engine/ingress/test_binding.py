"""Binding of an unannounced SSRC to a stream."""

from __future__ import annotations

import pytest

from mediad._fastpath.door.events import StreamChanged
from tests.support import engine as e

SIMULCAST = [(0, 0, b"r0"), (0, 0, b"r1"), (0, 0, b"r2")]


def streams(call: e.Call) -> dict[int, int]:
    """SSRC → encoding, of the streams that were told of."""
    return {event.ssrc: event.encoding for event in call.told(StreamChanged)}


def test_simulcast_is_learned_by_mid_and_rid() -> None:
    call = e.Call()
    call.produce(encodings=SIMULCAST)
    for index, rid in enumerate((b"r0", b"r1", b"r2")):
        payload = e.vp8_payload(1, keyframe=True)
        call.send(e.rtp(1, 0, payload, ssrc=100 + index, extensions={4: b"0", 10: rid}))
        call.send(e.rtp(2, 0, e.vp8_payload(2), ssrc=100 + index))  # browsers stop sending MID and RID
    assert streams(call) == {100: 0, 101: 1, 102: 2}
    assert call.drops() == {}


def test_rtx_is_learned_by_the_repaired_rid() -> None:
    call = e.Call()
    call.produce(encodings=SIMULCAST)
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True), ssrc=100, extensions={4: b"0", 10: b"r0"}))
    call.send(e.rtp(3, 0, e.vp8_payload(3), ssrc=100))
    osn = (2).to_bytes(2, "big")
    lost = osn + e.vp8_payload(2)
    call.send(e.rtp(9, 0, lost, ssrc=200, payload_type=97, extensions={4: b"0", 11: b"r0"}))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1002, 1001]


def test_a_mid_of_nobody_is_refused() -> None:
    call = e.Call()
    call.produce(encodings=SIMULCAST)
    call.send(e.rtp(1, 0, e.vp8_payload(1), ssrc=100, extensions={4: b"9", 10: b"r0"}))
    assert call.drops() == {"drop_ssrc_unknown": 1}


def test_a_rid_alone_is_enough() -> None:
    call = e.Call()
    call.produce(encodings=SIMULCAST)
    call.send(e.rtp(1, 0, e.vp8_payload(1), ssrc=100, extensions={10: b"r2"}))
    assert streams(call) == {100: 2}


def test_a_payload_type_alone_is_not() -> None:
    call = e.Call()
    call.produce(encodings=[(0, 0, b"")])
    call.send(e.rtp(1, 0, e.vp8_payload(1), ssrc=100))
    assert call.drops() == {"drop_ssrc_unknown": 1}


def test_a_lone_encoding_needs_only_the_mid() -> None:
    call = e.Call()
    call.produce(encodings=[(0, 0, b"")])
    call.send(e.rtp(1, 0, e.vp8_payload(1), ssrc=100, extensions={4: b"0"}))
    assert streams(call) == {100: 0}


def test_an_announced_ssrc_admits_no_other() -> None:
    call = e.Call()
    call.produce()
    call.send(e.rtp(1, 0, e.vp8_payload(1), ssrc=100, extensions={4: b"0"}))
    assert call.drops() == {"drop_ssrc_unknown": 1}


def test_a_newer_ssrc_replaces_a_silent_one_and_consumers_follow() -> None:
    call = e.Call()
    call.produce(encodings=SIMULCAST[:2])
    call.consume()
    key = e.vp8_payload(1, keyframe=True)
    call.send(e.rtp(1, 0, key, ssrc=100, extensions={4: b"0", 10: b"r0"}))
    call.pass_time(100_000)
    call.send(e.rtp(700, 0, key, ssrc=101, extensions={4: b"0", 10: b"r0"}))
    call.send(e.rtp(2, 0, e.vp8_payload(2), ssrc=100))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001]
    assert call.drops() == {"drop_ssrc_unknown": 1}


@pytest.mark.parametrize("rtx", [False, True])
def test_a_second_ssrc_beside_a_living_one_is_refused(rtx: bool) -> None:
    """Two in turn would empty the store and restart all receivers with every packet."""
    call = e.Call()
    call.produce(encodings=SIMULCAST[:2])
    call.consume()
    call.send(e.rtp(0, 0, e.vp8_payload(0, keyframe=True), ssrc=50, extensions={4: b"0", 10: b"r0"}))
    for number in range(1, 101):
        call.now_us += 20_000
        call.send(e.rtp(number, 0, e.vp8_payload(number), ssrc=50))
        ssrc = 100 + number % 2
        if rtx:
            data = e.rtp(number, 0, b"\0\0", ssrc=ssrc, payload_type=97, extensions={4: b"0", 11: b"r0"})
        else:
            data = e.rtp(number, 0, e.vp8_payload(number), ssrc=ssrc, extensions={4: b"0", 10: b"r0"})
        call.send(data)
    assert len(streams(call)) == 1
    assert len(call.forwarded()) == 101
    assert call.drops()["drop_ssrc_second"] == (50 if rtx else 100)


def test_an_ssrc_changes_a_few_times_at_once_and_then_once_a_second() -> None:
    call = e.Call()
    call.produce(encodings=SIMULCAST[:2])
    changed = []
    for number in range(300):  # each new one comes when the one before has been silent for long enough
        call.now_us += 100_000
        before = call.drops().get("drop_ssrc_second", 0)
        call.send(e.rtp(1, 0, e.vp8_payload(1), ssrc=100 + number, extensions={4: b"0", 10: b"r0"}))
        changed.append(call.drops().get("drop_ssrc_second", 0) == before)
    assert changed[:4] == [True] * 4
    assert sum(changed[4:]) == 29


def test_a_lone_encoding_that_was_learned_may_change_too() -> None:
    call = e.Call()
    call.produce(encodings=[(0, 0, b"")])
    call.consume()
    for ssrc in (100, 101):
        call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True), ssrc=ssrc, extensions={4: b"0"}))
        call.pass_time(150_000)
    assert streams(call) == {100: 0, 101: 0}
    assert len(call.forwarded()) == 2


def test_a_restarted_encoder_is_forwarded_and_asked_for_a_key_frame_within_a_tenth_of_a_second() -> None:
    """A browser's new encoder begins where the old one ended, when its SSRC was just heard."""
    call = e.Call()
    call.produce(encodings=SIMULCAST[:2])
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True), ssrc=100, extensions={4: b"0", 10: b"r0"}))
    call.pass_time(33_000)
    call.left()
    for number in range(1, 10):
        asked = any(block[:2] == (206, 1) for block in call.rtcp_to(e.SENDER))
        data = e.vp8_payload(number, keyframe=asked)
        call.send(e.rtp(number, number * 3000, data, ssrc=200, extensions={4: b"0", 10: b"r0"}))
        call.pass_time(33_000)
        if asked:
            break
    assert number <= 5
    assert call.engine.counters()["rtp_forwarded"] == 2


def test_closing_a_producer_frees_its_names() -> None:
    call = e.Call()
    call.produce(encodings=SIMULCAST)
    call.send(e.rtp(1, 0, e.vp8_payload(1), ssrc=100, extensions={4: b"0", 10: b"r0"}))
    call.engine.close_producer(e.PRODUCER)
    call.send(e.rtp(2, 0, e.vp8_payload(2), ssrc=100))
    assert call.drops() == {"drop_ssrc_unknown": 1}
    assert call.engine.slots_in_use() == 0
