"""Sending over TCP: all of it while the peer reads, the newest media when it reads again."""

from __future__ import annotations

from tests.support import engine as e
from tests.support.framed_socket import FramedSocket
from tests.support.tcp_loop import TcpLoop
from tests.windows.tcp import MEDIA_BYTES

BODY = b"x" * 1000


def send(sender: FramedSocket, number: int) -> None:
    sender.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1, body=BODY)))


def media(client: FramedSocket, count: int) -> list[int]:
    """The sequence numbers of the next media packets."""
    numbers: list[int] = []
    while len(numbers) < count:
        data = client.recv()
        if not e.is_rtcp(data):
            numbers.append(e.parse_rtp(data).sequence)
    return numbers


def test_media_crosses_from_tcp_to_tcp(tcp: TcpLoop) -> None:
    sender, receiver = tcp.call()
    for number in range(1, 101):
        send(sender, number)
    tcp.step()
    assert media(receiver, 100) == list(range(1000, 1100))
    assert tcp.window.counted()["tcp_sends"] < 100  # what came together leaves together


def test_a_peer_that_stops_reading_gets_the_newest_when_it_reads_again(tcp: TcpLoop) -> None:
    sender, receiver = tcp.call(receive_buffer_bytes=4096)
    sent, waiting = 0, 0
    path = tcp.paths[e.RECEIVING]
    while waiting < MEDIA_BYTES - 2000 or sent < 2000:
        for _ in range(20):
            sent += 1
            send(sender, sent)
        tcp.step()
        waiting = tcp.window.waiting(path.socket)
        assert waiting <= MEDIA_BYTES + 2000  # one packet may have left in part
    dropped = tcp.window.counted()["drop_tcp_media_full"]
    assert dropped > 0
    numbers = [media(receiver, 1)[0]]
    while numbers[-1] != 999 + sent:
        tcp.step()
        numbers += media(receiver, 1)
    assert len(numbers) == sent - dropped
    assert numbers == sorted(numbers)
    assert tcp.window.waiting(path.socket) == 0
    send(sender, sent + 1)
    tcp.step()
    assert media(receiver, 1) == [1000 + sent]


def test_media_that_waited_half_a_second_is_not_sent(tcp: TcpLoop) -> None:
    sender, receiver = tcp.call(receive_buffer_bytes=4096)
    path = tcp.paths[e.RECEIVING]
    sent = 0
    while tcp.window.waiting(path.socket) < 100_000:
        sent += 1
        send(sender, sent)
        tcp.step()
    tcp.at(0.6)
    sent += 1
    send(sender, sent)
    tcp.step()
    assert tcp.window.counted()["drop_tcp_media_late"] > 90
    numbers = [0]
    while numbers[-1] != 999 + sent:
        tcp.step()
        numbers += media(receiver, 1)


def test_a_peer_that_resets_while_it_is_sent_to_is_noticed(tcp: TcpLoop) -> None:
    sender, receiver = tcp.call()
    path = tcp.paths[e.RECEIVING]
    receiver.reset()
    send(sender, 1)
    assert tcp.lost() == [path]
    assert tcp.window.open == 1
