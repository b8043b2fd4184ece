"""Throttle of a transport: its client is on an emulated network, and others notice nothing."""

from __future__ import annotations

from typing import Any

import pytest

from mediad._fastpath.door.events import DtlsReceived, StunReceived
from tests.support import engine as e
from tests.support import plain_call as p

OPEN = (0, 0, 0)
DTLS = bytes([22, 254, 253]) + bytes(20)


def throttled(handle: int = e.SENDING, uplink: Any = OPEN, downlink: Any = OPEN) -> e.Call:
    """A call with one client on an emulated network: rate in bit/s, delay in µs, loss in millionths."""
    call = e.Call()
    call.produce(transport_cc=False)
    call.consume()
    call.engine.throttle_transport(handle, uplink=uplink, downlink=downlink)
    return call


def picture(call: e.Call, number: int, **changes: Any) -> None:
    call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1, **changes)))


def arrived(call: e.Call) -> list[int]:
    return [packet.picture_id for packet in call.forwarded()]


def test_what_the_client_sends_comes_later() -> None:
    call = throttled(uplink=(0, 80_000, 0))
    for number in (1, 2, 3):
        picture(call, number)
        call.pass_time(10_000)
    assert arrived(call) == []
    call.pass_time(49_000)
    assert arrived(call) == []
    call.pass_time(1000)
    assert arrived(call) == [1]
    call.pass_time(20_000)
    assert arrived(call) == [2, 3]
    assert call.drops() == {}


def test_what_the_client_gets_comes_later() -> None:
    call = throttled(e.RECEIVING, downlink=(0, 80_000, 0))
    picture(call, 1)
    call.pass_time(79_000)
    assert arrived(call) == []
    call.pass_time(1000)
    assert arrived(call) == [1]


def test_reports_pass_the_network_too() -> None:
    call = throttled(downlink=(0, 3_000_000, 0))
    e.feed(call, range(1, 60), gap_us=40_000)
    assert call.rtcp_to(e.SENDER) == []
    call.pass_time(2_000_000)
    assert call.rtcp_to(e.SENDER) != []


def test_stun_and_dtls_of_a_known_address_come_later() -> None:
    call = throttled(uplink=(0, 80_000, 0))
    call.send(e.stun_request(b"sender-fragment"))
    call.send(DTLS)
    call.reply(e.stun_request(b"receiver-fragment"))
    assert [type(event) for event in call.engine.events()] == [StunReceived], "the other client's"
    call.pass_time(80_000)
    assert [type(event) for event in call.engine.events()] == [StunReceived, DtlsReceived]


def test_a_first_check_from_elsewhere_passes_at_once() -> None:
    call = throttled(uplink=(0, 80_000, 0))
    call.send(e.stun_request(b"sender-fragment"), ("10.0.0.9", 9))
    assert len(call.told(StunReceived)) == 1


@pytest.mark.parametrize(("uplink", "downlink"), [((0, 0, 1_000_000), OPEN), (OPEN, (0, 0, 1_000_000))])
def test_losses_are_counted(uplink: Any, downlink: Any) -> None:
    handle = e.SENDING if downlink == OPEN else e.RECEIVING
    call = throttled(handle, uplink, downlink)
    for number in range(1, 11):
        picture(call, number)
    assert arrived(call) == []
    assert call.drops() == {"drop_throttle_loss": 10}


def test_the_rate_of_the_receiver_is_that_of_its_link() -> None:
    """A megabyte over a link of 4 Mbit/s takes two seconds; the queue before it is half a second long."""
    call = throttled(e.RECEIVING, downlink=(4_000_000, 0, 0))
    for number in range(1, 1001):
        picture(call, number, body=b"x" * 950)
        call.pass_time(2000)
    passed = len(arrived(call))
    assert 960 <= passed <= 1000 or 0.95 <= passed * 8 * 1000 / 2 / 4e6 <= 1.05
    call = throttled(e.RECEIVING, downlink=(1_000_000, 0, 0))
    for number in range(1, 1001):
        picture(call, number, body=b"x" * 950)
        call.pass_time(2000)
    assert 0.9 <= len(arrived(call)) * 8 * 990 / 2 / 1e6 <= 1.1
    assert call.drops()["drop_throttle_full"] > 600


def test_nothing_changes_for_others() -> None:
    call = throttled(e.RECEIVING, uplink=(0, 100_000, 0))
    picture(call, 1)
    assert arrived(call) == [1]
    call.reply(e.pli(e.OUT_SSRC))
    assert call.rtcp_to(e.SENDER) == [], "the receiver's request is on its way"


def test_an_end_lets_all_pass_again() -> None:
    call = throttled(uplink=(0, 80_000, 0))
    picture(call, 1)
    call.engine.unthrottle_transport(e.SENDING)
    picture(call, 1)
    assert arrived(call) == [1]
    assert call.drops() == {"drop_throttle_full": 1}, "what was held is lost"
    call.engine.unthrottle_transport(e.SENDING)
    assert call.drops() == {"drop_throttle_full": 1}


def test_new_settings_hold_for_what_comes_next() -> None:
    call = throttled(uplink=(0, 80_000, 0))
    picture(call, 1)
    call.engine.throttle_transport(e.SENDING, uplink=OPEN, downlink=OPEN)
    picture(call, 2)
    assert arrived(call) == [], "nothing overtakes"
    call.pass_time(80_000)
    assert arrived(call) == [1, 2]
    picture(call, 3)
    assert arrived(call) == [3]


def test_a_transport_that_closes_takes_its_network_along() -> None:
    call = throttled(uplink=(0, 80_000, 0), downlink=(0, 80_000, 0))
    picture(call, 1)
    armed = call.engine.timers_armed()
    call.close()
    assert call.engine.timers_armed() < armed
    assert call.engine.slots_in_use() == 0
    call.pass_time(1_000_000)
    assert call.left() == []


def test_a_network_of_a_closed_transport_is_refused() -> None:
    call = e.Call()
    call.engine.close_transport(e.SENDING)
    call.engine.throttle_transport(e.SENDING, uplink=OPEN, downlink=OPEN)
    assert call.drops() == {"drop_stale_command": 1}


def test_a_transport_with_sockets_of_its_own_is_throttled_alike() -> None:
    call = p.PlainCall(mux=False, learn=False)
    call.engine.set_remote(e.SENDING, p.RTP_SOCKET, *p.SENDER)
    call.engine.set_remote(e.SENDING, p.RTCP_SOCKET, *p.SENDER_RTCP, rtcp=True)
    call.produce(transport_cc=False)
    call.engine.throttle_transport(e.SENDING, uplink=(0, 300_000, 0), downlink=(0, 300_000, 0))
    call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True)))
    call.send(e.rtp(2, 6000, e.vp8_payload(2)), p.STRANGER)  # passes at once, to be dropped
    assert call.drops() == {"drop_own_socket_stranger": 1}
    assert call.engine.counters()["rtp_received"] == 0
    call.pass_time(300_000)
    assert call.engine.counters()["rtp_received"] == 1
    call.pass_time(100_000)
    sent = call.engine.counters()["rtcp_sent"]
    while call.engine.counters()["rtcp_sent"] == sent:
        call.pass_time(10_000)
    assert call.left() == []
    call.pass_time(300_000)
    assert [(socket, to) for socket, to, _ in call.left()] == [(p.RTCP_SOCKET, p.SENDER_RTCP)]
