"""Sockets given to transports without ICE, and what is left when either is closed."""

from __future__ import annotations

import pytest

from mediad._fastpath.door.events import AddressLearned, CommandRefused
from tests.support import engine as e
from tests.support import plain_call as p

REPORT = b"\x80\xc9\x00\x01\x00\x00\x00\x63"
OTHER = e.GENERATION | 9


def test_a_transport_with_ice_cannot_own_a_socket() -> None:
    call = e.Call()
    call.engine.own_socket(e.SENDING, 5, rtcp=False, learn=True)
    assert [refused.reason for refused in call.told(CommandRefused)] == ["out of range"]
    call.engine.receive(5, "10.0.0.1", 1, REPORT, call.now_us)
    assert call.drops() == {"drop_command_refused": 1, "drop_media_unknown_address": 1}


def test_a_socket_has_one_owner_and_a_role_one_socket() -> None:
    call = p.PlainCall()
    call.engine.own_socket(e.RECEIVING, p.RTP_SOCKET, rtcp=True, learn=True)  # another's
    call.engine.own_socket(e.SENDING, 99, rtcp=False, learn=True)  # it has one for media
    call.engine.own_socket(e.SENDING, p.RTP_SOCKET, rtcp=True, learn=True)  # for media already
    assert [refused.reason for refused in call.told(CommandRefused)] == ["taken"] * 3


@pytest.mark.parametrize(("socket", "rtcp"), [(99, False), (p.RTP_SOCKET, True), (p.OUT_SOCKET, False)])
def test_the_other_side_of_a_socket_it_does_not_own_is_refused(socket: int, rtcp: bool) -> None:
    call = p.PlainCall()
    call.engine.set_remote(e.SENDING, socket, *p.SENDER, rtcp=rtcp)
    assert [refused.reason for refused in call.told(CommandRefused)] == ["out of range"]


def test_another_address_takes_the_place_of_the_first() -> None:
    call = p.PlainCall()
    call.engine.open_producer(e.PRODUCER, e.SENDING, **e.producer_parameters())
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.engine.set_remote(e.RECEIVING, p.OUT_SOCKET, "10.0.0.3", 3)
    call.send(e.rtp(2, 3000, e.vp8_payload(2)))
    assert [to for _, to, _ in call.left()] == [p.RECEIVER, ("10.0.0.3", 3)]


def test_a_closed_transport_leaves_its_sockets_to_the_next() -> None:
    call = p.PlainCall(mux=False)
    call.send(e.rtp(1, 0, b"x"))
    call.engine.close_transport(e.SENDING)
    call.engine.open_transport(OTHER, username_fragment=b"", rtcp_ssrc=1, secure=False)
    call.engine.own_socket(OTHER, p.RTCP_SOCKET, rtcp=False, learn=True)
    call.engine.own_socket(OTHER, p.RTP_SOCKET, rtcp=True, learn=True)
    call.engine.events()
    call.send(e.rtp(1, 0, b"x"), ("10.0.0.5", 5), p.RTCP_SOCKET)
    assert call.told(AddressLearned) == [AddressLearned(OTHER, p.RTCP_SOCKET, "10.0.0.5", 5, "", False)]


def test_a_socket_without_owner_is_as_any_other() -> None:
    call = p.PlainCall()
    call.engine.close_transport(e.SENDING)
    call.send(REPORT)
    assert call.drops() == {"drop_media_unknown_address": 1}


def test_closing_leaves_nothing() -> None:
    call = p.PlainCall(mux=False)
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.send(REPORT, p.SENDER_RTCP, p.RTCP_SOCKET)
    call.pass_time(1_200_000)
    call.close()
    call.pass_time(100_000)
    assert call.engine.slots_in_use() == 0
    assert call.engine.timers_armed() == 0


def test_a_table_of_networks_takes_effect_with_its_last_row() -> None:
    call = p.PlainCall()
    call.engine.allow_source(0, 2, "192.0.2.0", 24)
    call.send(REPORT, ("192.0.2.1", 1))
    assert call.drops() == {"drop_own_socket_not_allowed": 1}
    call.engine.allow_source(1, 2, "198.51.100.0", 24)
    call.send(REPORT, p.SENDER)  # the first table is gone
    assert call.drops() == {"drop_own_socket_not_allowed": 2}
    call.send(REPORT, ("192.0.2.1", 1))
    assert len(call.told(AddressLearned)) == 1


def test_a_row_beyond_its_table_is_refused() -> None:
    call = p.PlainCall()
    call.engine.allow_source(2, 2, "192.0.2.0", 24)
    assert [refused.command for refused in call.told(CommandRefused)] == ["allow_source"]
