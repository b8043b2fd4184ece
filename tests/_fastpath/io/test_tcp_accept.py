"""New TCP connections: within the limits of one host and of all, and with the options they need."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.support.framed_socket import FramedSocket
from tests.support.tcp_loop import SECOND_US, START_US, TcpLoop


def test_one_host_gets_only_its_share() -> None:
    tcp = TcpLoop(most_per_host=2)
    for _ in range(2):
        tcp.connect("127.0.0.2")
    refused = tcp.connect("127.0.0.2")
    other = tcp.connect("127.0.0.3")
    assert refused.ended()
    assert tcp.window.open == 3
    assert tcp.ends() == {"refused_address": 1}
    other.sock.settimeout(0.05)
    assert not other.ended()
    tcp.close()


def test_a_share_comes_back_with_the_end_of_a_connection() -> None:
    tcp = TcpLoop(most_per_host=1)
    tcp.connect("127.0.0.2").close()
    tcp.step()
    tcp.connect("127.0.0.2")
    assert tcp.window.open == 1
    assert tcp.ends() == {"closed_by_peer": 1}
    tcp.close()


def test_the_oldest_stranger_makes_way_for_a_newcomer() -> None:
    tcp = TcpLoop(connections=3)
    guest, path = tcp.guest()
    oldest, younger, newcomer = tcp.connect(), tcp.connect(), tcp.connect()
    assert oldest.ended()
    assert tcp.ends() == {"closed_crowded_out": 1}
    for client in (guest, younger, newcomer):
        client.sock.settimeout(0.05)
        assert not client.ended()
    assert tcp.window.waiting(path.socket) == 0
    tcp.close()


def test_guests_do_not_make_way() -> None:
    tcp = TcpLoop(connections=2)
    tcp.guest()
    tcp.guest()
    assert tcp.connect().ended()
    assert tcp.ends() == {"refused_full": 1}
    tcp.close()


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = os.open("/dev/null", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 1, before[1]))
    holes = []
    try:
        while True:
            try:
                holes.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for fd in [spare, *holes]:
            os.close(fd)


def test_without_descriptors_the_listener_rests_and_then_takes_those_that_waited(tcp: TcpLoop) -> None:
    with socket.socket() as client:
        client.setblocking(False)
        with no_descriptors_left():
            client.connect_ex(tcp.listener.getsockname())
            tcp.step()
            assert tcp.window.rests
            assert tcp.ends() == {"refused_descriptors": 1}
            tcp.step()
        assert tcp.ends() == {"refused_descriptors": 1}
        assert tcp.window.deadline() == START_US + SECOND_US
        tcp.at(1)
        tcp.window.tick()
        assert not tcp.window.rests
        tcp.step()
        assert tcp.window.open == 1


def accepted(client: FramedSocket) -> socket.socket:
    """The server's end of a connection, which is in this process too."""
    for connection in psutil.Process().net_connections("tcp"):
        if connection.raddr == client.name:
            return socket.socket(fileno=os.dup(connection.fd))
    raise AssertionError("the connection was not accepted")


def test_connections_have_the_options_that_media_needs(tcp: TcpLoop) -> None:
    with accepted(tcp.connect()) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 16384
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
        assert not os.get_blocking(sock.fileno())


@pytest.mark.parametrize(("ip", "host"), [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
def test_a_listener_on_every_address_tells_which_one_was_reached(ip: str, host: str) -> None:
    tcp = TcpLoop(ip)
    port = tcp.listener.getsockname()[1]
    client = tcp.connect_to((host, port))
    path = tcp.path_of(client)
    assert (path.host, path.local, path.protocol) == (host, host, "tcp")
    tcp.check(path)
    client.close()
    assert tcp.lost() == [path]
    tcp.close()
