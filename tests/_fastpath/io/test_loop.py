"""The media thread for real: sockets, epoll, rings and a thread of its own, in the clear on loopback."""

from __future__ import annotations

import threading
import time

from mediad._fastpath.door.events import Closed, StunReceived
from mediad._fastpath.door.media_loop import Kind
from mediad.sockets import listen_tcp
from tests.support import engine as e
from tests.support.framed_socket import FramedSocket
from tests.support.media_loop import LoopHarness, bound, connect


def test_packets_cross_it(harness: LoopHarness) -> None:
    sender, receivers = connect(harness, 3)
    for number in range(1, 31):
        sender.sendto(
            e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)), harness.address
        )
    for index, receiver in enumerate(receivers):
        packets = [e.parse_rtp(receiver.recv(2000)) for _ in range(30)]
        assert [packet.sequence for packet in packets] == list(range(1000, 1030))
        assert {packet.ssrc for packet in packets} == {7000 + index}
    assert harness.counters()["rtp_forwarded"] == 90


def test_a_burst_leaves_in_few_messages_where_the_kernel_can(harness: LoopHarness) -> None:
    sender, (receiver,) = connect(harness, 1)
    for number in range(1, 201):
        sender.sendto(
            e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)), harness.address
        )
    for _ in range(200):
        receiver.recv(2000)
    counters = harness.counters()
    assert counters["datagrams_sent"] >= 200
    assert counters["send_messages"] <= counters["datagrams_sent"]


def test_reports_come_by_themselves(harness: LoopHarness) -> None:
    sender, _ = connect(harness, 1)
    sender.sendto(e.rtp(1, 1, e.vp8_payload(1, keyframe=True)), harness.address)
    while True:
        data = sender.recv(2000)
        if e.is_rtcp(data) and data[1] == 201 and data[0] & 31:
            break


def test_punts_come_with_their_source(harness: LoopHarness) -> None:
    stranger = bound()
    harness.client(e.SENDING)
    request = e.stun_request(b"u%d" % e.SENDING)
    stranger.sendto(request, harness.address)
    host, port = stranger.getsockname()
    assert harness.events_until(StunReceived) == [StunReceived(e.SENDING, 0, host, port, "", request, 0)]
    assert harness.loop.send_raw(0, b"answer", host, port)
    assert stranger.recv(100) == b"answer"


def test_closing_reports_back(harness: LoopHarness) -> None:
    connect(harness, 1)
    harness.loop.close_consumer(e.GENERATION)
    harness.loop.close_producer(e.PRODUCER)
    harness.loop.close_transport(e.SENDING)
    harness.loop.close_socket(0)
    assert harness.events_until(Closed, 4) == [
        (Kind.KIND_CONSUMER, e.GENERATION),
        (Kind.KIND_PRODUCER, e.PRODUCER),
        (Kind.KIND_TRANSPORT, e.SENDING),
        (Kind.KIND_SOCKET, 0),
    ]


def test_what_python_said_before_a_datagram_left_holds_when_it_arrives(harness: LoopHarness) -> None:
    enough = threading.Event()

    def keep_busy() -> None:  # so that commands find the thread in the middle of its work
        sock, sent = bound(), 0
        while not enough.is_set():
            if harness.loop.counters()["drop_unknown_protocol"] == sent:  # no more than fits its buffer
                for _ in range(160):
                    sock.sendto(b"\xff" * 20, harness.address)
                sent += 160

    thread = threading.Thread(target=keep_busy)
    thread.start()
    try:
        stranger = bound()
        for number in range(300):
            handle = 1 << 20 | number % 32
            fragment = b"f%d" % number
            harness.open_transport(handle, fragment, secure=True)
            stranger.sendto(e.stun_request(fragment), harness.address)
            harness.events_until(StunReceived)
            harness.loop.close_transport(handle)
    finally:
        enough.set()
        thread.join()


def test_a_datagram_never_counts_for_a_later_socket_of_the_same_number(harness: LoopHarness) -> None:
    """A batch is read, and then a command in the ring gives the number to another port, and a path to it."""
    harness.open_transport(e.SENDING, b"u")
    client = bound()
    packet = e.rtp(1, 1, b"late")
    for _ in range(5000):
        with bound() as first, bound() as second:
            harness.loop.open_socket(1, first.fileno())
            for _ in range(4):
                client.sendto(packet, first.getsockname())
            harness.loop.close_socket(1)
            harness.loop.open_socket(1, second.fileno())
            harness.loop.add_address(e.SENDING, 1, *client.getsockname())
            harness.events_until(Closed)
            harness.loop.remove_address(e.SENDING, 1, *client.getsockname())
            harness.loop.close_socket(1)
            harness.events_until(Closed)
    counters = harness.counters()
    assert counters["drop_ssrc_unknown"] == 0
    assert counters["drop_media_unknown_address"] + counters["drop_socket_closed"] > 0


def test_a_listener_that_closes_takes_along_who_has_not_authenticated(harness: LoopHarness) -> None:
    """The number of the listener is used again: their checks must not count at another port."""
    with listen_tcp("127.0.0.1", 0) as first, listen_tcp("127.0.0.1", 0) as second:
        for number, listener in ((1, first), (2, second)):
            harness.loop.open_listener(number, listener.fileno())
        mine, other = (FramedSocket(listener.getsockname()[:2]) for listener in (first, second))
        end = time.monotonic() + 10
        while harness.loop.counters()["tcp_accepted"] < 2:
            assert time.monotonic() < end, "they are not accepted"
            time.sleep(0.001)
        harness.loop.close_socket(1)
        harness.events_until(Closed)
        assert mine.ended()
        other.sock.settimeout(0.05)
        assert not other.ended()
        assert harness.loop.counters()["tcp_closed_by_transport"] == 1
        other.close()
