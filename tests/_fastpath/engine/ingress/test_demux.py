"""The way of a packet: demultiplexing, authentication, order of effects, and every reason to drop."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from mediad._fastpath.door.events import DtlsReceived, StunReceived
from mediad._fastpath.wire.srtp import session_pointer
from tests.support import engine as e


def test_a_packet_reaches_its_consumer() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(500, 9000, e.vp8_payload(1, keyframe=True), extensions={4: b"0"}))
    (packet,) = call.forwarded()
    assert (packet.ssrc, packet.payload_type, packet.sequence, packet.marker) == (e.OUT_SSRC, 101, 1000, True)
    assert packet.extensions[1] == b"7"
    assert packet.payload[6:] == e.vp8_payload(1, keyframe=True)[6:]


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "drop_unknown_protocol"),
        (b"\x10" + b"x" * 40, "drop_unknown_protocol"),
        (b"\xff" + b"x" * 40, "drop_unknown_protocol"),
        (b"\x00\x01\x00\x00" + b"x" * 16, "drop_stun_malformed"),
        (e.stun_request(b"nobody"), "drop_stun_unknown_username"),
        (b"\x16\xfe\xfd" + b"x" * 40, "drop_dtls_unknown_address"),
        (e.rtp(1, 1, b"x"), "drop_media_unknown_address"),
        (e.pli(1), "drop_media_unknown_address"),
    ],
)
def test_strangers_are_dropped_and_counted(datagram: bytes, reason: str) -> None:
    call = e.Call()
    call.send(datagram, ("192.0.2.1", 9))
    assert call.drops() == {reason: 1}
    assert call.left() == []
    assert call.engine.events() == []
    assert call.engine.slots_in_use() == 0


def test_stun_for_a_known_fragment_goes_up_from_any_address() -> None:
    call = e.Call()
    call.send(e.stun_request(b"sender-fragment"), ("192.0.2.1", 9))
    request = e.stun_request(b"sender-fragment")
    assert call.engine.events() == [StunReceived(e.SENDING, 0, "192.0.2.1", 9, "", request, 0)]


def test_a_fragment_stays_known_as_time_passes() -> None:
    call = e.Call()
    call.pass_time(30_000_000)
    call.send(e.stun_request(b"sender-fragment"), ("192.0.2.1", 9))
    assert len(call.engine.events()) == 1


def test_dtls_goes_up_from_a_validated_address() -> None:
    call = e.Call()
    hello = b"\x16\xfe\xfd" + b"h" * 40
    call.send(hello)
    (told,) = call.told(DtlsReceived)
    assert (told.data, told.transport) == (hello, e.SENDING)


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"\x80\x60" + b"x" * 9, "drop_rtp_malformed"),
        (b"\x8f\x60" + b"\0" * 10, "drop_rtp_malformed"),  # 15 CSRCs that are not there
        (b"\x90\x60" + b"\0" * 10 + b"\xbe\xde\xff\xff", "drop_rtp_malformed"),  # a lying extension length
        (e.rtp(1, 1, b"x")[:-1] + b"\xff", "drop_ssrc_unknown"),
        (
            b"\xa0" + e.rtp(1, 1, b"xy")[1:-1] + b"\xff",
            "drop_rtp_malformed",
        ),  # padding longer than the packet
    ],
)
def test_lying_lengths_are_dropped(datagram: bytes, reason: str) -> None:
    call = e.Call()
    call.produce(encodings=[(e.SSRC if reason == "drop_rtp_malformed" else 1, 0, b"")])
    call.send(datagram)
    assert call.drops() == {reason: 1}
    assert call.engine.slots_in_use() == 0


def test_truncated_rtcp_is_counted() -> None:
    call = e.Call()
    call.send(e.pli(1)[:-4] + b"")
    assert call.drops() == {"drop_rtcp_malformed": 1}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=8))
def test_garbage_never_escapes(datagrams: list[bytes]) -> None:
    call = e.Call()
    call.produce()
    call.consume()
    for data in datagrams:
        call.send(data)
        call.send(bytes([0x80, 96]) + data)
        call.send(bytes([0x90, 96]) + data)
        call.send(bytes([0x81, 205]) + data)
    call.pass_time(50_000)
    call.close()
    assert call.engine.slots_in_use() == 0


class TestSecure:
    """Tests with SRTP: nothing may change before a packet is authentic."""

    @pytest.fixture
    def call(self) -> e.Call:
        call = e.Call(secure=True)
        call.produce()
        call.consume()
        self.lent = [  # what Python keeps alive for the media thread
            e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_INBOUND),
            e.gcm_session(e.SERVER_KEY, Policy.SSRC_ANY_OUTBOUND),
            e.gcm_session(e.SERVER_KEY, Policy.SSRC_ANY_OUTBOUND),
            e.gcm_session(e.SERVER_KEY, Policy.SSRC_ANY_OUTBOUND),
        ]
        self.sender = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND)
        return call

    def install_keys(self, call: e.Call) -> None:
        receive, rtcp, out, out_rtx = (session_pointer(session) for session in self.lent)
        for transport in (e.SENDING, e.RECEIVING):
            call.engine.set_keys(transport, receive_session=receive, rtcp_session=rtcp)
        call.engine.set_consumer_sessions(e.CONSUMER, rtp_session=out, rtx_session=out_rtx)

    def test_before_the_handshake_media_is_dropped(self, call: e.Call) -> None:
        call.send(self.sender.protect(e.rtp(1, 1, e.vp8_payload(1, keyframe=True))))
        call.send(self.sender.protect_rtcp(e.pli(1)))
        assert call.drops() == {"drop_no_keys": 2}

    def test_it_is_forwarded_under_the_other_key(self, call: e.Call) -> None:
        self.install_keys(call)
        call.send(self.sender.protect(e.rtp(1, 1, e.vp8_payload(1, keyframe=True))))
        receiver = Session(
            Policy(
                key=e.SERVER_KEY,
                ssrc_type=Policy.SSRC_ANY_INBOUND,
                srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
            )
        )
        ((to, data),) = call.left()
        assert to == e.RECEIVER
        assert e.parse_rtp(receiver.unprotect(data)).ssrc == e.OUT_SSRC

    def test_a_forged_packet_changes_nothing(self, call: e.Call) -> None:
        self.install_keys(call)
        good = self.sender.protect(e.rtp(1, 1, e.vp8_payload(1, keyframe=True)))
        call.send(good[:-1] + bytes([good[-1] ^ 1]))
        call.send(e.rtp(60_000, 1, e.vp8_payload(1, keyframe=True), ssrc=0x99))
        call.send(e.rtp(60_000, 1, e.vp8_payload(1, keyframe=True)))
        assert call.drops() == {"drop_srtp_auth": 2, "drop_ssrc_unknown": 1}
        assert (call.left(), call.engine.events(), call.engine.slots_in_use()) == ([], [], 0)
        call.send(good)
        assert len(call.left()) == 1

    def test_a_replay_is_named(self, call: e.Call) -> None:
        self.install_keys(call)
        good = self.sender.protect(e.rtp(1, 1, e.vp8_payload(1, keyframe=True)))
        call.send(good)
        call.send(good)
        assert call.drops() == {"drop_srtp_replay": 1}
