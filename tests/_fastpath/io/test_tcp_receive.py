"""Reading from TCP: packets for the engine, and the end of connections that send anything else."""

from __future__ import annotations

import pytest

from mediad._fastpath.door.events import DtlsReceived, StunReceived
from tests.support import engine as e
from tests.support.framed_socket import framed
from tests.support.tcp_loop import TcpLoop

CHECK = e.stun_request(b"u%d" % e.SENDING)
HELLO = b"\x16\xfe\xfd" + bytes(20)


def test_packets_reach_the_engine_as_of_a_path_of_their_own(tcp: TcpLoop) -> None:
    client, path = tcp.guest()
    client.send(HELLO)
    (told,) = tcp.told(DtlsReceived)
    assert (told.transport, told.socket, told.host, told.port) == (e.SENDING, path.socket, *client.name)
    assert told.data == HELLO
    assert path.protocol == "tcp"


def test_several_connections_of_one_client_are_several_paths(tcp: TcpLoop) -> None:
    (first, one), (second, two) = tcp.guest(), tcp.guest()
    assert one.socket != two.socket
    for client, path in ((second, two), (first, one)):
        client.send(HELLO)
        assert [told.socket for told in tcp.told(DtlsReceived)] == [path.socket]


def test_a_check_byte_by_byte(tcp: TcpLoop) -> None:
    client = tcp.connect()
    for byte in framed(CHECK):
        client.send_raw(bytes([byte]))
        tcp.window.step()
    (told,) = tcp.told(StunReceived)
    assert told.data == CHECK


def test_many_packets_at_once(tcp: TcpLoop) -> None:
    client, _ = tcp.guest()
    client.send_raw(50 * framed(HELLO))
    assert len(tcp.told(DtlsReceived)) == 48  # the transport's share of what waits for Python
    assert tcp.window.counted()["drop_punt_full"] == 2


@pytest.mark.parametrize(
    ("bytes_sent", "reason"),
    [
        (b"\x08\x01", "frame_too_long"),
        (b"GET / HTTP/1.1\r\n\r\n", "frame_too_long"),
        (framed(b"\x47hello"), "unknown_protocol"),
        (framed(HELLO) + framed(b"\xff"), "unknown_protocol"),
    ],
)
def test_what_is_no_packet_ends_the_connection(tcp: TcpLoop, bytes_sent: bytes, reason: str) -> None:
    client, path = tcp.guest()
    client.send_raw(bytes_sent)
    assert tcp.lost() == [path]
    assert tcp.ends() == {f"closed_{reason}": 1}
    assert client.ended()


def test_a_packet_of_2_kib_is_dropped_and_the_connection_stays(tcp: TcpLoop) -> None:
    client, _ = tcp.guest()
    client.send(b"\x80" + bytes(2047))
    client.send(HELLO)
    assert len(tcp.told(DtlsReceived)) == 1
    assert tcp.window.counted()["drop_truncated"] == 1


def test_null_packets_are_passed_over(tcp: TcpLoop) -> None:
    client, _ = tcp.guest()
    client.send_raw(b"\0\0" + framed(HELLO) + b"\0\0")
    assert len(tcp.told(DtlsReceived)) == 1
    assert tcp.ends() == {}


def test_who_sends_much_before_an_authentic_check_is_ended(tcp: TcpLoop) -> None:
    client = tcp.connect()
    client.send_raw(700 * framed(CHECK))  # more than any browser in 15 s
    tcp.step()
    assert tcp.window.open == 1
    client.send_raw(1000 * framed(CHECK))
    tcp.step()
    assert tcp.ends() == {"closed_too_early": 1}


def test_a_guest_may_send_as_much_as_it_likes(tcp: TcpLoop) -> None:
    client, _ = tcp.guest()
    for _ in range(20):
        client.send_raw(10 * framed(b"\x80" + bytes(1000)))
        tcp.step()
    assert tcp.window.open == 1


def test_half_a_connection_is_none(tcp: TcpLoop) -> None:
    client, path = tcp.guest()
    client.sock.shutdown(1)
    assert tcp.lost() == [path]
    assert tcp.ends() == {"closed_by_peer": 1}


def test_a_reset_ends_it_too(tcp: TcpLoop) -> None:
    client, path = tcp.guest()
    client.reset()
    assert tcp.lost() == [path]
    assert tcp.ends() == {"closed_by_peer": 1}
