"""Sockets of one transport: whose datagrams are, and from whom an address is learned."""

from __future__ import annotations

import struct

import pytest
from pylibsrtp import Policy

from mediad._fastpath.door.events import AddressLearned, PathReported, SctpReceived
from mediad._fastpath.door.media_loop import session_pointer
from tests.support import engine as e
from tests.support import plain_call as p

KEYFRAME = e.rtp(1, 0, e.vp8_payload(1, keyframe=True))
SENDER_REPORT = struct.pack("!BBHIQIII", 0x80, 200, 6, e.SSRC, 1 << 60, 9000, 5, 500)
RECEIVER_REPORT = struct.pack("!BBHI", 0x80, 201, 1, 99)
SCTP_INIT = struct.pack("!HHII", 5000, 5000, 0, 0) + struct.pack("!BBHIIHHI", 1, 0, 20, 7, 1 << 17, 16, 16, 9)


def learned(socket: int, where: tuple[str, int], rtcp: bool = False) -> AddressLearned:
    return AddressLearned(e.SENDING, socket, *where, "", rtcp)


def secure_call() -> tuple[p.PlainCall, list[object]]:
    """A call whose sender's transport has keys; what is lent has to live as long."""
    call = p.PlainCall(secure=True)
    sessions = [
        e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_INBOUND),
        e.gcm_session(e.SERVER_KEY, Policy.SSRC_ANY_OUTBOUND),
    ]
    receive, rtcp = (session_pointer(session) for session in sessions)
    call.engine.set_keys(e.SENDING, receive_session=receive, rtcp_session=rtcp)
    return call, list(sessions)


def test_the_first_packet_in_the_clear_names_the_address_once() -> None:
    call = p.PlainCall()
    call.produce()
    call.consume()
    call.send(KEYFRAME)
    assert call.engine.events()[0] == learned(p.RTP_SOCKET, p.SENDER)
    assert [(socket, to) for socket, to, _ in call.left()] == [(p.OUT_SOCKET, p.RECEIVER)]
    call.send(e.rtp(2, 3000, e.vp8_payload(2)), p.STRANGER)
    call.send(e.rtp(2, 3000, e.vp8_payload(2)), ("10.0.0.9", 1000))
    call.send(e.rtp(2, 3000, e.vp8_payload(2)), (p.SENDER[0], 1))
    assert call.drops() == {"drop_own_socket_stranger": 3}
    assert call.left() == []
    assert call.told(AddressLearned) == []


def test_what_is_learned_is_sent_to() -> None:
    call = p.PlainCall()
    call.produce()
    call.send(KEYFRAME)
    call.pass_time(2_000_000)
    assert {(socket, to) for socket, to, _ in call.left()} == {(p.RTP_SOCKET, p.SENDER)}


@pytest.mark.parametrize("packet", [SENDER_REPORT, RECEIVER_REPORT, e.rtp(1, 0, b"x", ssrc=77)])
def test_reports_and_packets_of_no_producer_teach_the_address_too(packet: bytes) -> None:
    call = p.PlainCall()
    call.send(packet)
    assert call.told(AddressLearned) == [learned(p.RTP_SOCKET, p.SENDER)]


@pytest.mark.parametrize(
    ("networks", "source", "believed"),
    [
        ([p.ALLOWED], "10.0.0.255", True),
        ([p.ALLOWED], "10.0.1.0", False),
        ([("10.0.0.1", 32)], "10.0.0.1", True),
        ([("10.0.0.1", 32)], "10.0.0.2", False),
        ([("0.0.0.0", 0)], "255.0.0.1", True),
        ([("0.0.0.0", 0)], "2001:db8::1", False),
        ([("::", 0)], "255.0.0.1", True),
        ([("2001:db8::", 32)], "2001:db8:ffff::1", True),
        ([("2001:db8::", 32)], "2001:db9::1", False),
        ([("2001:db8::", 64)], "2001:db8::ffff:0:0:1", True),
        ([("2001:db8::", 96)], "2001:db8::ffff:0:0:1", False),
        ([("192.0.2.0", 24), p.ALLOWED], "10.0.0.1", True),
        ([], "127.0.0.1", False),
    ],
)
def test_networks_that_are_believed(networks: list[tuple[str, int]], source: str, believed: bool) -> None:
    call = p.PlainCall()
    p.allow(call.engine, *networks)
    call.send(SENDER_REPORT, (source, 9))
    assert len(call.told(AddressLearned)) == believed
    assert call.drops() == ({} if believed else {"drop_own_socket_not_allowed": 1})


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "unknown_protocol"),
        (b"\x80\x60", "rtp_malformed"),
        (b"\x80\x60" * 3, "rtp_malformed"),
        (b"\x81\xc8\x7f\xff" + bytes(8), "rtcp_malformed"),
        (SENDER_REPORT + b"\x80\xc8\x00\x09", "rtcp_malformed"),
        (e.stun_request(b"u"), "own_socket_protocol"),
        (bytes([22, 254, 253]) + bytes(20), "own_socket_protocol"),
        (b"\xff" * 40, "own_socket_protocol"),
        (SCTP_INIT, "own_socket_protocol"),
    ],
)
def test_what_cannot_be_read_teaches_nothing(datagram: bytes, reason: str) -> None:
    call = p.PlainCall()
    call.send(datagram)
    assert call.drops() == {f"drop_{reason}": 1}
    assert call.engine.events() == []
    call.send(SENDER_REPORT, ("10.0.0.77", 7))
    assert call.told(AddressLearned) == [learned(p.RTP_SOCKET, ("10.0.0.77", 7))]


def test_without_learning_only_the_named_address_counts() -> None:
    call = p.PlainCall(learn=False)
    call.send(SENDER_REPORT)
    assert call.drops() == {"drop_own_socket_stranger": 1}
    call.engine.set_remote(e.SENDING, p.RTP_SOCKET, *p.SENDER)
    call.produce()
    call.send(KEYFRAME)
    assert call.engine.counters()["rtp_received"] == 1
    assert call.told(AddressLearned) == []


def test_srtp_is_believed_from_anywhere_when_it_is_authentic() -> None:
    call, lent = secure_call()
    call.produce()
    sender = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND)
    sealed = sender.protect(KEYFRAME)
    call.send(sealed[:-1] + bytes([sealed[-1] ^ 1]), p.STRANGER)
    call.send(KEYFRAME, p.STRANGER)
    assert call.drops() == {"drop_srtp_auth": 2}
    assert call.told(AddressLearned) == []
    call.send(sealed, p.STRANGER)
    assert call.engine.events()[0] == learned(p.RTP_SOCKET, p.STRANGER)
    call.send(sender.protect(e.rtp(2, 3000, e.vp8_payload(2))), p.SENDER)
    assert call.drops() == {"drop_srtp_auth": 2, "drop_own_socket_stranger": 1}
    assert lent


def test_srtcp_and_srtp_of_no_producer_teach_the_address() -> None:
    client = e.gcm_session(e.CLIENT_KEY, Policy.SSRC_ANY_OUTBOUND)
    for sealed in (client.protect_rtcp(RECEIVER_REPORT), client.protect(e.rtp(1, 0, b"x", ssrc=77))):
        call, lent = secure_call()
        call.send(sealed[:-1] + bytes([sealed[-1] ^ 1]), p.STRANGER)
        assert call.told(AddressLearned) == []
        call.send(sealed, p.STRANGER)
        assert call.told(AddressLearned) == [learned(p.RTP_SOCKET, p.STRANGER)]
        assert lent


def test_no_keys_no_learning() -> None:
    call = p.PlainCall(secure=True)
    call.send(KEYFRAME)
    call.send(SENDER_REPORT)
    assert call.drops() == {"drop_no_keys": 2}
    assert call.engine.events() == []


def test_rtcp_apart_comes_and_goes_by_its_own_port() -> None:
    call = p.PlainCall(mux=False)
    call.produce()
    call.send(KEYFRAME)
    call.pass_time(1_500_000)
    assert call.left() == []  # where RTCP goes is not known yet
    call.send(SENDER_REPORT, p.SENDER_RTCP, p.RTCP_SOCKET)
    assert [event for event in call.told(AddressLearned) if event.rtcp] == [
        learned(p.RTCP_SOCKET, p.SENDER_RTCP, rtcp=True)
    ]
    call.pass_time(1_500_000)
    left = call.left()
    assert {(socket, to) for socket, to, _ in left} == {(p.RTCP_SOCKET, p.SENDER_RTCP)}
    assert all(e.is_rtcp(data) for _, _, data in left)


def test_packets_at_the_wrong_port_change_nothing() -> None:
    call = p.PlainCall(mux=False)
    call.produce()
    call.send(SENDER_REPORT)
    call.send(KEYFRAME, p.SENDER_RTCP, p.RTCP_SOCKET)
    assert call.drops() == {"drop_own_socket_wrong_port": 2}
    assert call.engine.events() == []


def test_media_with_rtcp_apart_goes_to_the_port_for_media() -> None:
    call = p.PlainCall(mux=False, learn=False)
    call.engine.set_remote(e.SENDING, p.RTP_SOCKET, *p.SENDER)
    call.engine.set_remote(e.SENDING, p.RTCP_SOCKET, *p.SENDER_RTCP, rtcp=True)
    call.engine.open_producer(e.PRODUCER, e.RECEIVING, **e.producer_parameters())
    call.consume(transport=e.SENDING)
    call.send(KEYFRAME, p.RECEIVER, p.OUT_SOCKET)
    call.pass_time(1_500_000)
    ways = {(socket, to, e.is_rtcp(data)) for socket, to, data in call.left() if socket != p.OUT_SOCKET}
    assert ways == {(p.RTP_SOCKET, p.SENDER, False), (p.RTCP_SOCKET, p.SENDER_RTCP, True)}


def test_a_datagram_never_reaches_another_transport() -> None:
    call = p.PlainCall()
    other = e.GENERATION | 9
    call.engine.open_transport(other, username_fragment=b"webrtc", rtcp_ssrc=1, secure=False)
    call.engine.add_address(other, p.RTP_SOCKET, *p.SENDER)
    call.send(e.stun_request(b"webrtc"))
    call.send(bytes([22, 254, 253]) + bytes(20))
    call.send(KEYFRAME)
    assert call.told(AddressLearned) == [learned(p.RTP_SOCKET, p.SENDER)]
    assert call.drops() == {"drop_own_socket_protocol": 2, "drop_ssrc_unknown": 1}


def test_sctp_goes_up_from_the_known_address_only() -> None:
    call = p.PlainCall(data=True)
    call.send(SCTP_INIT, p.STRANGER)
    call.send(SCTP_INIT[:4] + b"\0\0\0\1" + SCTP_INIT[8:])  # not the beginning of an association
    call.send(b"\x13" * 40)
    assert call.drops() == {"drop_own_socket_not_allowed": 1, "drop_own_socket_protocol": 2}
    call.send(SCTP_INIT)
    call.send(b"\x13anything")
    call.send(b"\x13anything", ("10.0.0.7", 1))
    events = call.engine.events()
    assert [event for event in events if isinstance(event, AddressLearned)] == [
        learned(p.RTP_SOCKET, p.SENDER)
    ]
    assert [event for event in events if isinstance(event, SctpReceived)] == [
        SctpReceived(e.SENDING, p.RTP_SOCKET, *p.SENDER, "", data) for data in (SCTP_INIT, b"\x13anything")
    ]
    assert call.drops()["drop_own_socket_stranger"] == 1


def test_sctp_of_one_transport_is_limited() -> None:
    call = p.PlainCall(data=True)
    call.send(SCTP_INIT)
    for _ in range(1000):
        call.send(SCTP_INIT)
    assert len(call.told(SctpReceived)) <= 192
    assert call.drops()["drop_data_budget"] + call.drops()["drop_punt_full"] >= 800


def test_encrypted_transports_take_no_sctp_in_the_clear() -> None:
    call = p.PlainCall(secure=True, data=True)
    call.send(SCTP_INIT)
    assert call.drops() == {"drop_own_socket_protocol": 1}


def test_a_full_ring_learns_with_the_next_packet() -> None:
    call = p.PlainCall()
    for _ in range(20_000):
        call.engine.set_target(e.GENERATION | 77, 0, 0)  # refused, which is an event
    call.send(SENDER_REPORT)
    assert call.drops()["drop_event_full"] == 1
    assert call.engine.counters()["rtcp_received"] == 0
    while events := call.engine.events():
        assert not any(isinstance(event, AddressLearned) for event in events)
    call.send(SENDER_REPORT)
    assert call.told(AddressLearned) == [learned(p.RTP_SOCKET, p.SENDER)]


def test_no_path_is_told_of() -> None:
    call = p.PlainCall()
    call.produce()
    call.send(KEYFRAME)
    assert call.told(PathReported) == []
