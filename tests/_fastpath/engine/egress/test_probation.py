"""The probation stream: when it may be sent and what its packets look like."""

from __future__ import annotations

from typing import Any

from pylibsrtp import Policy

from mediad._fastpath.door.events import StatsAnswered
from mediad._fastpath.door.media_loop import session_pointer
from tests.support.engine import (
    ABS_SEND_TIME,
    CLIENT_KEY,
    CONSUMER,
    MID,
    OUT_IDS,
    RECEIVER,
    RECEIVING,
    SENDING,
    SERVER_KEY,
    TRANSPORT_CC,
    Call,
    Packet,
    gcm_session,
    is_rtcp,
    parse_rtp,
    rtp,
    vp8_payload,
)
from tests.windows.receiving import Twcc

MS = 1000
PROBATOR = 1234
INBOUND, OUTBOUND = Policy.SSRC_ANY_INBOUND, Policy.SSRC_ANY_OUTBOUND


class Probed:
    """A call whose receiver gives feedback at once, so that probing may begin."""

    def __init__(self, **consumer: Any) -> None:
        self.call = Call()
        self.call.produce()
        self.call.consume(**consumer)
        self.call.engine.set_desired_bitrate(RECEIVING, 2_000_000)
        self.twcc = Twcc()

    def run(self, packets: int = 30, *, first: int = 0) -> list[Packet]:
        """Return the packets sent to the receiver while media and feedback flowed for 20 ms a packet."""
        left = []
        for number in range(first, first + packets):
            payload = vp8_payload(number, keyframe=number == 0)
            self.call.send(rtp(number, number * 3000, payload))
            self.call.pass_time(20 * MS)
            for to, data in self.call.left():
                if to != RECEIVER or is_rtcp(data):
                    continue
                packet = parse_rtp(data)
                left.append(packet)
                if OUT_IDS[TRANSPORT_CC] in packet.extensions:
                    sequence = int.from_bytes(packet.extensions[OUT_IDS[TRANSPORT_CC]])
                    self.twcc.received(sequence, self.call.now_us)
            if number % 5 == 4 and (report := self.twcc.feedback()) is not None:
                self.call.reply(report)
        return left


def probation(packets: list[Packet]) -> list[Packet]:
    return [packet for packet in packets if packet.ssrc == PROBATOR]


def test_its_packets_are_what_clients_expect() -> None:
    """Conformance 14: SSRC 1234, payload type 127, MID `probator`."""
    packets = probation(Probed().run())
    assert len(packets) >= 8
    for number, packet in enumerate(packets):
        assert packet.payload_type == 127
        assert packet.sequence == number
        assert set(packet.extensions) == {OUT_IDS[MID], OUT_IDS[ABS_SEND_TIME], OUT_IDS[TRANSPORT_CC]}
        assert packet.extensions[OUT_IDS[MID]] == b"probator"
        assert 200 <= len(packet.payload) <= 1400
        assert not any(packet.payload)


def test_every_number_of_the_transport_is_used_once() -> None:
    packets = Probed().run()
    numbers = [int.from_bytes(packet.extensions[OUT_IDS[TRANSPORT_CC]]) for packet in packets]
    assert sorted(numbers) == list(range(len(numbers)))


def test_it_is_counted() -> None:
    probed = Probed()
    sent = probation(probed.run())
    probed.call.engine.request_stats(1, 0, RECEIVING)
    ((record,),) = (answer.records for answer in probed.call.told(StatsAnswered))
    assert record["probation_bytes_sent"] == sum(len(p.payload) + 12 + 4 + 9 + 4 + 3 for p in sent)
    assert record["probation_send_bitrate"] > 0
    assert record["available_outgoing_bitrate"] > 600_000
    assert probed.call.engine.counters()["probation_sent"] == len(sent)


def test_not_without_a_video_consumer_that_has_transport_cc() -> None:
    without = {kind: id_ for kind, id_ in OUT_IDS.items() if kind != TRANSPORT_CC}
    assert probation(Probed(extensions=without).run()) == []


def test_not_without_a_wish_for_more() -> None:
    probed = Probed()
    probed.call.engine.set_desired_bitrate(RECEIVING, 0)
    assert probation(probed.run()) == []


def test_it_ends_with_the_last_video_consumer() -> None:
    """Conformance 14: only while there is a video consumer."""
    probed = Probed()
    assert probation(probed.run(10))
    probed.call.engine.close_consumer(CONSUMER)
    assert probation(probed.run(30, first=10)) == []


def test_it_has_a_session_of_its_own() -> None:
    """Padding needs the session to be sent; with it the client can read it."""
    call = Call(secure=True)
    receive, rtcp = gcm_session(CLIENT_KEY, INBOUND), gcm_session(SERVER_KEY, OUTBOUND)
    sessions = [gcm_session(SERVER_KEY, OUTBOUND) for _ in range(3)]
    client, sender = gcm_session(SERVER_KEY, INBOUND), gcm_session(CLIENT_KEY, OUTBOUND)
    answers = gcm_session(CLIENT_KEY, OUTBOUND)
    heard = gcm_session(CLIENT_KEY, INBOUND)
    for handle, session in ((SENDING, receive), (RECEIVING, heard)):
        call.engine.set_keys(
            handle, receive_session=session_pointer(session), rtcp_session=session_pointer(rtcp)
        )
    call.produce()
    call.consume()
    call.engine.set_consumer_sessions(
        CONSUMER, rtp_session=session_pointer(sessions[0]), rtx_session=session_pointer(sessions[1])
    )
    call.engine.set_desired_bitrate(RECEIVING, 2_000_000)
    twcc = Twcc()
    seen: list[Packet] = []
    for number in range(60):
        if number == 30:
            assert probation(seen) == []
            call.engine.set_probe_session(RECEIVING, session_pointer(sessions[2]))
        call.send(sender.protect(rtp(number, number * 3000, vp8_payload(number, keyframe=number == 0))))
        call.pass_time(20 * MS)
        for to, data in call.left():
            if to == RECEIVER and not is_rtcp(data):
                packet = parse_rtp(client.unprotect(data))
                seen.append(packet)
                twcc.received(int.from_bytes(packet.extensions[OUT_IDS[TRANSPORT_CC]]), call.now_us)
        if number % 5 == 4 and (report := twcc.feedback()) is not None:
            call.reply(answers.protect_rtcp(report))
    assert len(probation(seen)) >= 8
