"""One stored packet to one consumer: decided, rewritten, with the extensions negotiated."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from mediad._fastpath.door.events import LayersChanged
from tests.support import engine as e
from tests.support.watched_call import play, started, two_streams
from tests.windows.receiving import Twcc


def test_numbers_run_on() -> None:
    packets = started().forwarded()
    assert [packet.sequence for packet in packets] == list(range(1000, 1005))
    assert {b.timestamp - a.timestamp for a, b in pairwise(packets)} == {3000}
    assert {b.picture_id - a.picture_id for a, b in pairwise(packets)} == {1}
    assert [packet.extensions[5] for packet in packets] == [bytes([0, n]) for n in range(5)]


def test_video_waits_for_a_key_frame_and_asks_for_it() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1)))
    assert call.drops() == {"drop_waiting_keyframe": 1}
    plis = [block for block in call.rtcp_to(e.SENDER) if block[:2] == (206, 1)]
    assert len(plis) == 1
    call.send(e.rtp(2, 0, e.vp8_payload(2, keyframe=True)))
    assert [packet.sequence for packet in call.forwarded()] == [1000]


def test_a_key_frame_whose_tail_came_first_is_whole() -> None:
    """The second packet overtook the first: it is kept, and follows once the frame can start."""
    call = e.Call()
    call.produce()
    call.consume()
    play(call, 1, 1)
    call.send(e.rtp(3, 3000, b"\x80\x80tail", marker=True))
    call.send(e.rtp(2, 3000, e.vp8_payload(2, keyframe=True), marker=False))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001]


def test_a_switch_happens_on_the_targets_key_frame() -> None:
    call = two_streams()
    call.engine.set_target(e.CONSUMER, 1, 255)
    call.send(e.rtp(8004, 0, e.vp8_payload(8004), ssrc=e.SSRC + 1))
    call.send(e.rtp(4, 12_000, e.vp8_payload(4)))
    call.send(e.rtp(8005, 0, e.vp8_payload(8005, keyframe=True), ssrc=e.SSRC + 1))
    call.send(e.rtp(5, 15_000, e.vp8_payload(5)))
    call.send(e.rtp(8006, 3000, e.vp8_payload(8006), ssrc=e.SSRC + 1))
    packets = call.forwarded()
    assert [packet.sequence for packet in packets] == [1003, 1004, 1005]
    assert [b.picture_id - a.picture_id for a, b in pairwise(packets)] == [1, 1]
    assert packets[1].timestamp > packets[0].timestamp
    assert [event.encoding for event in call.told(LayersChanged)] == [0, 1]


def test_after_a_switch_the_old_stream_costs_nothing() -> None:
    call = two_streams()
    call.engine.set_target(e.CONSUMER, 1, 255)
    call.send(e.rtp(8004, 0, e.vp8_payload(8004, keyframe=True), ssrc=e.SSRC + 1))
    before = call.drops()
    play(call, 4, 10)
    assert call.drops() == before


def test_a_target_of_none_stops_the_stream_and_says_so() -> None:
    call = started()
    call.forwarded()
    call.engine.events()
    call.engine.set_target(e.CONSUMER, -1, 255)
    play(call, 6, 3)
    assert call.forwarded() == []
    assert [event.encoding for event in call.told(LayersChanged)] == [-1]


def test_a_codec_the_consumer_did_not_take_is_not_sent() -> None:
    call = e.Call()
    call.produce()
    call.consume(codecs=[(103, 104)])
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert call.drops() == {"drop_codec_not_accepted": 1}


def test_dtx_is_left_out_on_request_without_a_gap() -> None:
    call = e.Call()
    call.produce_audio()
    call.consume_audio(ignore_dtx=True)
    for number, payload in enumerate((b"\x78voice", b"\x78", b"\x78voice")):
        call.send(e.rtp(number, number * 960, payload, payload_type=111))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001]
    assert call.drops() == {"drop_dtx": 1}


class TestAgain:
    def test_over_rtx(self) -> None:
        call = started()
        sent = call.forwarded()
        call.reply(e.nack(e.OUT_SSRC, 1002))
        (again,) = call.forwarded()
        assert (again.ssrc, again.payload_type, again.sequence) == (e.OUT_RTX_SSRC, 102, 9)
        assert again.payload == (1002).to_bytes(2, "big") + sent[2].payload
        assert again.timestamp == sent[2].timestamp
        assert again.extensions[5] == bytes([0, 5]), "a retransmission has a transport-cc number of its own"

    def test_without_rtx_the_bytes_are_those_of_the_first_time(self) -> None:
        """The same number under AES-GCM is the same nonce: different bytes would give the key stream away."""
        call = e.Call()
        call.produce_audio()
        call.consume_audio(extensions=e.OUT_IDS)
        sent = []
        for number in range(4):
            call.send(
                e.rtp(number, 960 * number, b"opus%d" % number, payload_type=111, extensions={6: b"\x05"})
            )
            call.pass_time(20_000)
            sent += [data for to, data in call.left() if to == e.RECEIVER and not e.is_rtcp(data)]
        call.reply(e.nack(e.OUT_SSRC, 1001))
        assert [data for to, data in call.left() if to == e.RECEIVER] == [sent[1]]

    def test_at_most_once_a_round_trip(self) -> None:
        call = started()
        call.forwarded()
        call.reply(e.nack(e.OUT_SSRC, 1002))
        call.reply(e.nack(e.OUT_SSRC, 1002))
        assert len(call.forwarded()) == 1
        assert call.drops()["drop_rtx_too_soon"] == 1
        call.pass_time(100_000)
        call.reply(e.nack(e.OUT_SSRC, 1002))
        assert len(call.forwarded()) == 1

    def test_what_is_gone_is_counted(self) -> None:
        call = started()
        call.forwarded()
        call.reply(e.nack(e.OUT_SSRC, 500))
        assert call.forwarded() == []
        assert call.drops()["drop_rtx_gone"] == 1

    def test_from_before_a_switch(self) -> None:
        call = two_streams()
        call.engine.set_target(e.CONSUMER, 1, 255)
        play(call, 4, 2)
        old = call.forwarded()
        call.send(e.rtp(8004, 0, e.vp8_payload(8004, keyframe=True), ssrc=e.SSRC + 1))
        call.forwarded()
        call.reply(e.nack(e.OUT_SSRC, old[0].sequence))
        assert call.forwarded() == []
        assert call.drops()["drop_rtx_obsolete"] == 1

    def test_of_a_picture_that_is_left_because_a_queue_stands(self) -> None:
        call, arrivals, queue_us = two_streams(), Twcc(), 0
        call.engine.set_target(e.CONSUMER, 1, 255)
        for number in range(8004, 8064):
            payload = e.vp8_payload(number, keyframe=number == 8004)
            call.send(e.rtp(number, number * 900, payload, ssrc=e.SSRC + 1))
            for newest in call.forwarded():
                carried = int.from_bytes(newest.extensions[e.OUT_IDS[e.TRANSPORT_CC]], "big")
                arrivals.received(carried, call.now_us + 20_000 + queue_us)
            queue_us += 12_000
            call.pass_time(10_000)
            if number % 10 == 3 and (feedback := arrivals.feedback()) is not None:
                call.reply(feedback)
        call.forwarded()
        call.engine.set_target(e.CONSUMER, 0, 255)
        call.reply(e.nack(e.OUT_SSRC, newest.sequence))
        assert call.forwarded() == []
        assert call.drops()["drop_rtx_obsolete"] == 1

    def test_from_before_a_key_frame(self) -> None:
        call = two_streams()
        play(call, 4, 2)
        old = call.forwarded()
        call.send(e.rtp(104, 0, e.vp8_payload(104, keyframe=True)))
        (newest,) = call.forwarded()
        call.reply(e.nack(e.OUT_SSRC, old[-1].sequence, newest.sequence))
        (again,) = call.forwarded()
        assert again.payload[2:] == newest.payload


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_order_a_receiver_sees_one_stream(seed: int) -> None:
    """Loss, reordering, switches and pauses at random: never two packets under one number."""
    chance = random.Random(seed)
    call = e.Call()
    call.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")])
    call.consume()
    seen: dict[int, bytes] = {}
    numbers = [100, 40_000]
    late: list[tuple[int, bytes]] = []
    for _ in range(2000):
        call.now_us += 8_000
        stream = chance.randrange(2)
        numbers[stream] += 1
        number = numbers[stream]
        payload = e.vp8_payload(number & 0x7FFF, keyframe=chance.random() < 0.03)
        packet = e.rtp(number, number * 3000, payload, ssrc=e.SSRC + stream)
        if chance.random() < 0.1:
            late.append((chance.randrange(1, 20), packet))
        elif chance.random() > 0.05:
            call.send(packet)
        late = [(delay - 1, data) for delay, data in late]
        for _, data in [item for item in late if item[0] <= 0]:
            call.send(data)
        late = [item for item in late if item[0] > 0]
        if chance.random() < 0.02:
            call.engine.at(call.now_us)
            call.engine.set_target(e.CONSUMER, chance.randrange(2), 255)
        if chance.random() < 0.01:
            call.engine.pause_consumer(e.CONSUMER, True)
            call.engine.pause_consumer(e.CONSUMER, False)
        for packet_out in call.forwarded():
            assert seen.setdefault(packet_out.sequence, packet_out.payload) == packet_out.payload
    assert len(seen) > 300
    call.close()
    assert call.engine.slots_in_use() == 0


def test_dtx_passes_where_nobody_asked_to_leave_it_out() -> None:
    call = e.Call()
    call.produce_audio()
    call.consume_audio()
    for number, payload in enumerate((b"voice-frame", b"\xf8", b"voice-frame")):
        call.send(e.rtp(number + 1, 960 * number, payload, payload_type=111))
    assert [packet.payload for packet in call.forwarded()] == [b"voice-frame", b"\xf8", b"voice-frame"]
    assert call.drops() == {}


def test_layers_are_told_again_after_a_pause() -> None:
    call = started()
    call.engine.events()
    call.engine.pause_consumer(e.CONSUMER, True)
    call.engine.pause_consumer(e.CONSUMER, False)
    call.send(e.rtp(50, 150_000, e.vp8_payload(50, keyframe=True)))
    assert [(event.consumer, event.encoding) for event in call.told(LayersChanged)] == [(e.CONSUMER, 0)]


ORIENTATION, TOFFSET, ABS_CAPTURE_TIME, PLAYOUT_DELAY = 7, 8, 9, 10  # ExtensionKind
PASSING = {
    ORIENTATION: b"\x02",
    TOFFSET: b"\x00\x01\x02",
    ABS_CAPTURE_TIME: bytes(range(1, 17)),
    PLAYOUT_DELAY: b"\x01\x20\x30",
}


def with_passing_extensions(accepted: set[int]) -> e.Call:
    """A key frame that carries all of them, for a receiver that negotiated some."""
    call = e.Call()
    call.produce(extensions=e.IN_IDS | {kind: kind + 4 for kind in PASSING})
    call.consume(extensions=e.OUT_IDS | {kind: kind + 1 for kind in accepted})
    values = {kind + 4: value for kind, value in PASSING.items() if kind + 4 <= 14}
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True), extensions=values))
    return call


def test_what_a_sender_says_of_its_picture_reaches_whoever_negotiated_it() -> None:
    (packet,) = with_passing_extensions(set(PASSING)).forwarded()
    assert {kind: packet.extensions[kind + 1] for kind in PASSING} == PASSING
    (packet,) = with_passing_extensions({ORIENTATION}).forwarded()
    assert packet.extensions[ORIENTATION + 1] == PASSING[ORIENTATION]
    assert not {kind + 1 for kind in set(PASSING) - {ORIENTATION}} & set(packet.extensions)


def test_it_is_said_again_with_a_packet_that_is_sent_again() -> None:
    call = with_passing_extensions(set(PASSING))
    (packet,) = call.forwarded()
    call.reply(e.nack(e.OUT_SSRC, packet.sequence))
    (again,) = call.forwarded()
    assert again.ssrc == e.OUT_RTX_SSRC
    assert {kind: again.extensions[kind + 1] for kind in PASSING} == PASSING
