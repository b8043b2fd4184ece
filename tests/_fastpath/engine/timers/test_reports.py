"""Reports: once a second, true counts both ways, and what an encoder and a receiver are told by them."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from mediad._fastpath.door.events import StatsAnswered, StreamChanged
from tests.support import engine as e


def test_receiver_reports_count_what_was_lost() -> None:
    call = e.Call()
    call.produce(nack=False)
    e.feed(call, range(1, 101), lost=frozenset({10, 20}))
    call.pass_time(1_000_000)
    reports = [body for kind, count, body in call.rtcp_to(e.SENDER) if kind == 201 and count == 1]
    assert 1 <= len(reports) <= 6
    ssrc, lost, highest = struct.unpack("!III", reports[-1][4:16])
    assert (ssrc, lost & 0xFFFFFF, highest & 0xFFFF) == (e.SSRC, 2, 100)


def test_sender_reports_carry_the_cname_and_true_counts() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    e.feed(call, range(1, 101))
    blocks = call.rtcp_to(e.RECEIVER)
    reports = [body for kind, _, body in blocks if kind == 200]
    ssrc, _, _, packets, octets = struct.unpack("!IQIII", reports[-1][:24])
    assert ssrc == e.OUT_SSRC
    assert 40 <= packets <= 100
    assert octets == packets * len(e.vp8_payload(1)) + 7  # the key frame's head is 7 bytes longer
    assert all(b"cname" in body for kind, _, body in blocks if kind == 202)


def test_two_sender_reports_lie_on_one_clock() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    e.feed(call, range(1, 201))
    pairs = [struct.unpack("!QI", body[4:16]) for kind, _, body in call.rtcp_to(e.RECEIVER) if kind == 200]
    (ntp_a, rtp_a), (ntp_b, rtp_b) = pairs[0], pairs[-1]
    elapsed_s = (ntp_b - ntp_a) / 2**32
    assert abs((rtp_b - rtp_a) / 90_000 - elapsed_s) < 0.002


def test_silence_ends_sender_reports() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    e.feed(call, range(1, 20))
    call.pass_time(3_000_000)
    call.left()
    call.pass_time(5_000_000)
    assert [block for block in call.rtcp_to(e.RECEIVER) if block[0] == 200] == []


def test_simulcast_silence_and_return_are_told() -> None:
    call = e.Call()
    call.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")], inactivity_us=1_500_000)
    e.feed(call, range(1, 5))
    call.pass_time(4_000_000)
    e.feed(call, range(5, 8))
    told = [(event.score > 0, event.active) for event in call.told(StreamChanged)]
    assert told[0] == (True, True)
    assert (False, False) in told
    assert told[-1][1] is True


def test_reports_of_many_consumers_stay_below_the_packet_size() -> None:
    call = e.Call()
    call.produce()
    for index in range(60):
        call.consume(e.GENERATION | index, ssrc=1000 + 2 * index, rtx_ssrc=1001 + 2 * index)
    e.feed(call, range(1, 60))
    sizes = [len(data) for to, data in call.left() if to == e.RECEIVER and e.is_rtcp(data)]
    assert max(sizes) <= 1200
    assert len(sizes) > 1


# -- what an encoder with in-band FEC is told --------------------------------------------------------------


def receiver_report(ssrc: int, fraction_lost: int) -> bytes:
    return struct.pack("!BBHIIIIIII", 0x81, 201, 7, 99, ssrc, fraction_lost << 24, 0, 0, 0, 0)


class Microphone(e.Call):
    """Opus, heard by two."""

    sequence = 0

    def told_loss(self, seconds: int = 2) -> int:
        """The fraction lost in the newest report to the sender, after it spoke for a while."""
        self.left()
        for _ in range(seconds * 50):
            self.sequence += 1
            self.send(e.rtp(self.sequence, self.sequence * 960, b"opus", payload_type=111))
            self.pass_time(20_000)
        reports = [body for kind, count, body in self.rtcp_to(e.SENDER) if (kind, count) == (201, 1)]
        return reports[-1][8]


def microphone(fec: bool) -> Microphone:
    call = Microphone()
    call.produce_audio(fec=fec)
    call.consume_audio()
    call.consume_audio(handle=e.CONSUMER + 1, ssrc=e.OUT_SSRC + 1)
    return call


def test_the_worst_receivers_loss_is_reported_while_it_lasts() -> None:
    call = microphone(fec=True)
    assert call.told_loss() == 0
    call.reply(receiver_report(e.OUT_SSRC, 25))
    call.reply(receiver_report(e.OUT_SSRC + 1, 60))
    assert call.told_loss() == 60
    call.reply(receiver_report(e.OUT_SSRC + 1, 10))
    assert call.told_loss() == 25
    call.engine.close_consumer(e.CONSUMER)
    assert call.told_loss() == 10


def test_a_paused_or_silent_receivers_loss_is_forgotten() -> None:
    call = microphone(fec=True)
    call.reply(receiver_report(e.OUT_SSRC, 60))
    call.reply(receiver_report(e.OUT_SSRC + 1, 30))
    call.engine.pause_consumer(e.CONSUMER, True)
    assert call.told_loss() == 30
    assert call.told_loss(seconds=9) == 0


def test_the_losses_of_both_hops_are_reported_together() -> None:
    call = microphone(fec=True)
    call.told_loss()
    call.sequence += 50  # lost on the way to us
    ours = call.told_loss(seconds=1)
    assert 100 < ours <= 128
    call.sequence += 50
    call.reply(receiver_report(e.OUT_SSRC, 128))
    assert call.told_loss(seconds=1) == pytest.approx(128 + ours / 2, abs=16)


def test_what_is_repaired_counts_as_lost() -> None:
    """A repaired packet came too late to be played, or would have without an encoder that expects loss."""
    call = microphone(fec=True)
    call.told_loss()
    call.reply(receiver_report(e.OUT_SSRC, 0))
    call.told_loss(seconds=1)
    call.reply(e.nack(e.OUT_SSRC, *range(1101, 1111)))
    call.reply(receiver_report(e.OUT_SSRC, 0))
    assert call.told_loss(seconds=1) == pytest.approx(10 / 50 * 256, abs=16)


def test_receivers_losses_are_not_the_senders_without_fec() -> None:
    call = microphone(fec=False)
    call.reply(receiver_report(e.OUT_SSRC, 60))
    assert call.told_loss() == 0


PLAYOUT_DELAY = 10  # ExtensionKind


def asked_to_wait(extension_id: int = 12, **consumer: Any) -> list[int | None]:
    """Return the delay in ms that each packet asks of a receiver losing 10 %; statistics say the same."""
    call = e.Call()
    call.produce()
    call.consume(extensions=e.OUT_IDS | {PLAYOUT_DELAY: extension_id}, **consumer)
    asked: list[int | None] = []
    for second in range(8):
        e.feed(call, range(1 + 50 * second, 51 + 50 * second))
        left = [data for to, data in call.left() if to == e.RECEIVER]
        for packet in (e.parse_rtp(data) for data in left if not e.is_rtcp(data)):
            limits = packet.extensions.get(12)
            asked.append(None if limits is None else 10 * (int.from_bytes(limits, "big") >> 12))
        blocks = [block for data in left if e.is_rtcp(data) for block in e.rtcp_blocks(data)]
        last_sr = [struct.unpack_from("!I", body, 6)[0] for kind, _, body in blocks if kind == 200][-1:] or [
            0
        ]
        call.reply(struct.pack("!BBHIIIIIII", 0x81, 201, 7, 99, e.OUT_SSRC, 26 << 24, 0, 0, *last_sr, 0))
    call.engine.events()
    call.engine.request_stats(1, 2, e.CONSUMER)
    ((record,),) = (answer.records for answer in call.told(StatsAnswered))
    assert (record["playout_delay_ms"] > 0) == (set(asked) != {None})
    return asked


def test_a_receiver_that_loses_packets_is_asked_to_wait_for_repairs() -> None:
    asked = asked_to_wait()
    assert asked[:50] == [None] * 50
    assert 100 < max(told for told in asked if told is not None) <= 400
    assert asked[-50:] == [None] * 50, "it was told, and keeps it"


def test_without_rtx_a_packet_may_not_change_between_its_repeats() -> None:
    assert set(asked_to_wait(rtx_ssrc=0, codecs=[(101, 0)])) == {None}


def test_nothing_is_asked_of_a_receiver_that_does_not_know_the_extension() -> None:
    assert set(asked_to_wait(extension_id=0)) == {None}
