"""SSRCs of a peer with a stream in libsrtp, which tells when asked to remove one: 0, or 13 for none."""

from __future__ import annotations

import struct
from socket import htonl

import pytest
from pylibsrtp import Policy, Session, _binding

from mediad._fastpath.door.events import StreamChanged
from mediad._fastpath.wire.srtp import session_pointer
from tests.support import engine as e

NAMED = {4: b"0", 10: b"r0"}
SIMULCAST = [(0, 0, b"r0"), (0, 0, b"r1")]


class SecureCall(e.Call):
    """A call with SRTP keys; `lent` opens the sender's packets, `reports` the receiver's."""

    def __init__(self) -> None:
        super().__init__(secure=True)
        self.lent, self.reports = (
            e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_INBOUND),
            e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_INBOUND),
        )
        self.out = [e.gcm_session(e.SERVER_KEY, Policy.SSRC_ANY_OUTBOUND) for _ in range(2)]
        for handle, session in ((e.SENDING, self.lent), (e.RECEIVING, self.reports)):
            self.engine.set_keys(
                handle,
                receive_session=session_pointer(session),
                rtcp_session=session_pointer(self.out[handle & 1]),
            )


def sealed(data: bytes) -> bytes:
    """A session of its own for each: the test's cost is not that of a list it makes itself."""
    return e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND).protect(data)


def sealed_report(ssrc: int) -> bytes:
    report = struct.pack("!BBHI", 0x80, 201, 1, ssrc)
    return e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND).protect_rtcp(report)


def forged(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def kept(session: Session, *ssrcs: int) -> list[int]:
    """Return those of these SSRCs that have a stream, which the question removes."""
    lib = _binding.lib
    return [ssrc for ssrc in ssrcs if lib.srtp_remove_stream(session._srtp[0], htonl(ssrc)) == 0]


@pytest.mark.parametrize(
    "extensions",
    [{}, {4: b"9", 10: b"r0"}, {4: b"0", 10: b"r9"}, {4: b"0"}, {10: b"r9"}],
    ids=["nothing", "a MID of nobody", "a RID of nobody", "a MID alone", "a RID alone"],
)
def test_an_ssrc_that_leads_nowhere_is_never_shown_to_libsrtp(extensions: dict[int, bytes]) -> None:
    call = SecureCall()
    call.produce(encodings=SIMULCAST)
    for ssrc in range(100, 140):
        call.send(sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=ssrc, extensions=extensions)))
    assert call.drops() == {"drop_ssrc_unknown": 40}
    assert kept(call.lent, *range(100, 140)) == []


def test_what_is_forged_neither_binds_nor_stays() -> None:
    call = SecureCall()
    call.produce(encodings=SIMULCAST)
    call.send(forged(sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=100, extensions=NAMED))))
    assert call.drops() == {"drop_srtp_auth": 1}
    assert kept(call.lent, 100) == []
    call.send(sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=101, extensions=NAMED)))
    assert [event.ssrc for event in call.told(StreamChanged)] == [101]
    assert kept(call.lent, 101) == [101]


def test_an_authentic_packet_that_is_malformed_does_not_stay() -> None:
    call = SecureCall()
    call.produce(encodings=SIMULCAST)
    lying = e.rtp(1, 0, b"payload", ssrc=100, extensions=NAMED, padding=4)[:-1] + b"\xff"
    call.send(sealed(lying))
    assert call.drops() == {"drop_rtp_malformed": 1}
    assert kept(call.lent, 100) == []


def test_replaced_ssrcs_go_in_the_end() -> None:
    """The last eight stay: their replay lists keep out what somebody recorded."""
    call = SecureCall()
    call.produce(encodings=SIMULCAST)
    for ssrc in range(100, 120):
        call.send(sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=ssrc, extensions=NAMED)))
        call.now_us += 1_500_000
    assert "drop_ssrc_second" not in call.drops()
    assert kept(call.lent, *range(100, 120)) == list(range(111, 120))


def test_a_recorded_packet_of_a_replaced_ssrc_is_a_replay() -> None:
    call = SecureCall()
    call.produce(encodings=SIMULCAST)
    recorded = sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=100, extensions=NAMED))
    call.send(recorded)
    call.now_us += 1_500_000
    call.send(sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=101, extensions=NAMED)))
    call.now_us += 1_500_000
    call.send(recorded)
    assert call.drops() == {"drop_srtp_replay": 1}


def test_a_closed_producers_ssrcs_go_in_the_end() -> None:
    call = SecureCall()
    for ssrc in range(100, 120):
        call.produce(encodings=[(ssrc, 0, b"")])
        call.send(sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=ssrc)))
        call.engine.close_producer(e.PRODUCER)
    assert kept(call.lent, *range(100, 120)) == list(range(112, 120))


def test_a_producer_opened_again_under_its_ssrc_goes_on_counting() -> None:
    """Past 65 536 packets only the old stream knows the rollover count that the sender goes on with."""
    call = SecureCall()
    client = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND)
    call.produce()
    for number in (1, 20_000, 40_000, 60_000, 65_535, 65_536, 65_537):
        data = client.protect(e.rtp(number, 0, e.vp8_payload(1)))
        if number in (1, 20_000, 40_000, 60_000, 65_535, 65_537):
            call.send(data)
    call.engine.close_producer(e.PRODUCER)
    for other in range(100, 107):
        call.produce(encodings=[(other, 0, b"")])
        call.send(sealed(e.rtp(1, 0, e.vp8_payload(1), ssrc=other)))
        call.engine.close_producer(e.PRODUCER)
    before = call.engine.counters()["rtp_received"]
    call.produce()
    call.send(client.protect(e.rtp(65_538, 0, e.vp8_payload(1))))
    assert call.engine.counters()["rtp_received"] == before + 1
    # Bound again, it must not go when its place among the retired is taken.
    call.engine.close_producer(e.PRODUCER)
    call.produce()
    for other in range(200, 210):
        call.engine.open_producer(e.GENERATION | 9, e.SENDING, **(AUDIO | {"encodings": [(other, 0, b"")]}))
        call.send(sealed(e.rtp(1, 0, b"opus", ssrc=other, payload_type=111)))
        call.engine.close_producer(e.GENERATION | 9)
    call.send(client.protect(e.rtp(65_539, 0, e.vp8_payload(1))))
    assert "drop_srtp_auth" not in call.drops()


AUDIO = {
    "video": False,
    "mid": b"a",
    "paused": False,
    "codecs": [(111, 0, 100, e.OPUS, 48000)],
    "extensions": e.IN_IDS,
    "nack": False,
    "pli": False,
    "fir": False,
    "transport_cc": False,
    "remb": False,
    "inactivity_us": 0,
    "levels": False,
}


class TestReporters:
    def test_browsers_report_under_ssrcs_that_nobody_announced(self) -> None:
        """Chromium from 1 and 0xFA17FA17 where it only receives, Firefox from one for each receiver."""
        call = SecureCall()
        call.produce()
        for index in range(60):
            call.consume(e.GENERATION | index, ssrc=1000 + index, rtx_ssrc=2000 + index, paused=True)
        ssrcs = [1, 0xFA17FA17, *range(3000, 3060)]
        for _ in range(3):
            for ssrc in ssrcs:
                call.reply(sealed_report(ssrc))
            call.now_us += 1_000_000
        # The same report again is a replay for libsrtp, and every first one was taken.
        assert call.engine.counters()["rtcp_received"] == len(ssrcs)
        assert call.drops() == {"drop_srtp_replay": 2 * len(ssrcs)}

    def test_a_flood_of_them_is_bounded(self) -> None:
        call = SecureCall()
        for ssrc in range(10_000):
            call.reply(sealed_report(0x5000_0000 + ssrc) if ssrc < 200 else forged(sealed_report(ssrc)))
        assert call.engine.counters()["rtcp_received"] == 33  # its places, and one that took another's
        assert call.drops() == {"drop_reporter_unknown": 10_000 - 33}
        assert len(kept(call.reports, *range(0x5000_0000, 0x5000_0000 + 200))) == 32

    def test_who_lost_the_place_gets_it_again(self) -> None:
        call = SecureCall()
        client = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND)
        honest = struct.pack("!BBHI", 0x80, 201, 1, 1)
        call.reply(client.protect_rtcp(honest))
        for ssrc in range(100, 200):
            call.reply(sealed_report(ssrc))
            call.now_us += 150_000
        assert kept(call.reports, 1) == []
        received = call.engine.counters()["rtcp_received"]
        call.reply(client.protect_rtcp(honest))
        assert call.engine.counters()["rtcp_received"] == received + 1

    def test_forged_reports_take_no_place(self) -> None:
        call = SecureCall()
        for ssrc in range(100, 300):
            call.reply(forged(sealed_report(ssrc)))
        call.reply(sealed_report(1))
        assert call.engine.counters()["rtcp_received"] == 1
        assert call.drops() == {"drop_srtp_auth": 200}
        assert kept(call.reports, *range(100, 300)) == []

    def test_a_reporters_end_leaves_the_media_stream_of_its_ssrc(self) -> None:
        """A sender reports under its media SSRC, maybe before the first packet of it."""
        call = SecureCall()
        client = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND)
        call.send(client.protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, e.SSRC)))
        call.produce()
        call.send(client.protect(e.rtp(1, 0, e.vp8_payload(1))))
        for ssrc in range(100, 200):
            call.send(sealed_report(ssrc))
            call.now_us += 150_000
        assert kept(call.lent, e.SSRC) == [e.SSRC]

    def test_a_transport_that_closes_leaves_its_places_to_the_next(self) -> None:
        call = SecureCall()
        for ssrc in range(100, 132):
            call.reply(sealed_report(ssrc))
        call.close()
        again = SecureCall.__new__(SecureCall)
        again.__dict__.update(call.__dict__)
        again.__post_init__()
        for handle, session in ((e.SENDING, call.lent), (e.RECEIVING, call.reports)):
            call.engine.set_keys(
                handle, receive_session=session_pointer(session), rtcp_session=session_pointer(call.out[0])
            )
        before = call.engine.counters()["rtcp_received"]
        for ssrc in range(200, 232):
            call.reply(sealed_report(ssrc))
        assert call.engine.counters()["rtcp_received"] == before + 32
