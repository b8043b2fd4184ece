"""Transports with sockets of their own, on a real thread with real sockets."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from mediad._fastpath.door.events import AddressLearned, Closed, SctpReceived
from mediad.sockets import bind_udp
from tests.support import engine as e
from tests.support.media_loop import LoopHarness, bound

KEYFRAME = e.rtp(1, 0, e.vp8_payload(1, keyframe=True))
REPORT = struct.pack("!BBHI", 0x80, 201, 1, 99)
INIT = struct.pack("!HHII", 5000, 5000, 0, 0) + struct.pack("!BBHIIHHI", 1, 0, 20, 7, 1 << 17, 16, 16, 9)
RTP, RTCP, OUT = 1, 2, 3


class Plain:
    """A loop with a transport that learns its two addresses, and one that was told where to send."""

    def __init__(self, stack: ExitStack, *, data: bool = False) -> None:
        self.harness = LoopHarness()
        stack.callback(self.harness.close)
        self.loop = self.harness.loop
        self.ports = {
            number: stack.enter_context(bind_udp("127.0.0.1", 0, 1 << 18)) for number in (RTP, RTCP, OUT)
        }
        for number, sock in self.ports.items():
            self.loop.open_socket(number, sock.fileno())
        self.sender, self.sender_rtcp, self.receiver = (stack.enter_context(bound()) for _ in range(3))
        for handle in (e.SENDING, e.RECEIVING):
            self.loop.open_transport(
                handle,
                username_fragment=b"",
                ice_password=b"",
                rtcp_ssrc=1,
                secure=False,
                data=data,
                max_incoming_bitrate_bps=0,
                initial_outgoing_bitrate_bps=600_000,
            )
        self.loop.allow_source(0, 1, "127.0.0.0", 8)
        self.loop.own_socket(e.SENDING, RTP, rtcp=False, learn=True)
        self.loop.own_socket(e.SENDING, RTCP, rtcp=True, learn=True)
        self.loop.own_socket(e.RECEIVING, OUT, rtcp=False, learn=False)
        self.loop.set_remote(e.RECEIVING, OUT, *self.receiver.getsockname())
        stage = e.Stage(self.loop)
        stage.produce()
        stage.consume(rtx_ssrc=0)

    def send(self, data: bytes, number: int = RTP, sock: socket.socket | None = None) -> None:
        (sock or self.sender).sendto(data, self.ports[number].getsockname())

    def until(self, name: str, value: int) -> None:
        """Wait for a counter of the loop."""
        end = time.monotonic() + 10
        while (found := self.loop.counters()[name]) < value:
            assert time.monotonic() < end, f"{name} is {found}, expected {value}"
            time.sleep(0.001)


@pytest.fixture
def plain() -> Iterator[Plain]:
    with ExitStack() as stack:
        yield Plain(stack)


def test_media_goes_through_and_rtcp_by_its_own_port(plain: Plain) -> None:
    plain.send(KEYFRAME)
    data, where = plain.receiver.recvfrom(2048)
    assert e.parse_rtp(data).ssrc == e.OUT_SSRC
    assert where == plain.ports[OUT].getsockname()
    plain.send(REPORT, RTCP, plain.sender_rtcp)
    learned = plain.harness.events_until(AddressLearned, 1)
    if len(learned) < 2:
        learned += plain.harness.events_until(AddressLearned, 1)
    assert [(found.socket, found.port, found.rtcp) for found in learned] == [
        (RTP, plain.sender.getsockname()[1], False),
        (RTCP, plain.sender_rtcp.getsockname()[1], True),
    ]
    data, where = plain.sender_rtcp.recvfrom(2048)
    assert e.is_rtcp(data)
    assert where == plain.ports[RTCP].getsockname()


@pytest.mark.parametrize(
    ("data", "number", "reason"),
    [
        (bytes([0x80, 96]) + bytes(9000), RTP, "truncated"),
        (KEYFRAME, RTCP, "own_socket_wrong_port"),
        (REPORT, RTP, "own_socket_wrong_port"),
        (e.stun_request(b"u"), RTP, "own_socket_protocol"),
        (bytes([22, 254, 253]) + bytes(20), RTP, "own_socket_protocol"),
        (b"\xff" * 100, RTP, "own_socket_protocol"),
        (INIT, RTP, "own_socket_protocol"),
        (e.rtp(1, 0, b"x", ssrc=77), RTP, "ssrc_unknown"),
        (e.rtp(1, 0, b"x", payload_type=100), RTP, "payload_type_unknown"),
        (REPORT, OUT, "own_socket_stranger"),
    ],
)
def test_what_is_wrong_is_dropped_and_counted(plain: Plain, data: bytes, number: int, reason: str) -> None:
    plain.send(data, number)
    plain.until(f"drop_{reason}", 1)
    assert plain.loop.counters()["rtp_forwarded"] == 0


def test_sctp_comes_up() -> None:
    with ExitStack() as stack:
        plain = Plain(stack, data=True)
        plain.send(INIT)
        (found,) = plain.harness.events_until(SctpReceived)
        assert (found.transport, found.port, found.data) == (e.SENDING, plain.sender.getsockname()[1], INIT)
        assert plain.loop.send_raw(found.socket, b"\x13answer", found.host, found.port, found.local)
        assert plain.sender.recv(2048) == b"\x13answer"


def test_a_closed_socket_leaves_nothing_to_the_next_of_its_number(plain: Plain) -> None:
    plain.send(KEYFRAME)
    assert plain.receiver.recv(2048)
    plain.loop.close_socket(RTP)
    plain.loop.close_socket(OUT)
    plain.harness.events_until(Closed, 2)
    with bind_udp("127.0.0.1", 0, 1 << 18) as other:
        plain.loop.open_socket(RTP, other.fileno())
        plain.sender.sendto(KEYFRAME, other.getsockname())
        plain.until("drop_media_unknown_address", 1)
        plain.loop.close_socket(RTP)
        plain.harness.events_until(Closed, 1)
