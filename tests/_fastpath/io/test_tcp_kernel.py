"""The system calls of TCP, on sockets of their own."""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator

import pytest

from mediad.sockets import listen_tcp
from tests.windows import kernel as window


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with listen_tcp("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        fd = window.stream_accept(listener.fileno())
        with socket.socket(fileno=fd) as accepted:
            yield accepted, client


def test_nobody_waits() -> None:
    with listen_tcp("127.0.0.1", 0) as listener:
        assert window.stream_accept(listener.fileno()) == -errno.EAGAIN


def test_a_connection_neither_blocks_nor_is_inherited(pair: tuple[socket.socket, socket.socket]) -> None:
    accepted, client = pair
    assert not os.get_blocking(accepted.fileno())
    assert not os.get_inheritable(accepted.fileno())
    assert window.stream_receive(accepted.fileno(), 10) == -errno.EAGAIN
    client.send(b"hello")
    select.select([accepted], [], [], 10)
    assert window.stream_receive(accepted.fileno(), 10) == b"hello"


def test_pieces_leave_in_their_order(pair: tuple[socket.socket, socket.socket]) -> None:
    accepted, client = pair
    assert window.stream_send(accepted.fileno(), [b"a", b"bc", b"", b"d"]) == 4
    assert client.recv(10) == b"abcd"


def test_little_waits_in_the_kernel(pair: tuple[socket.socket, socket.socket]) -> None:
    accepted, _ = pair
    window.tune_connection(accepted.fileno())
    sent, took = 0, 1
    while took > 0:
        took = window.stream_send(accepted.fileno(), [bytes(1000)])
        sent += max(took, 0)
    assert took == -errno.EAGAIN
    assert sent < 1 << 21  # most of it in the peer's buffer, which nobody reads


def test_a_reset_leaves_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    accepted, client = pair
    window.reset_on_close(accepted.fileno())
    accepted.close()
    with pytest.raises(ConnectionResetError):
        client.recv(10)


def test_a_stream_that_is_ended_is_readable(pair: tuple[socket.socket, socket.socket]) -> None:
    accepted, _ = pair
    window.end_stream(accepted.fileno())
    assert select.select([accepted], [], [], 10)[0]
    assert window.stream_receive(accepted.fileno(), 10) == b""


@pytest.mark.parametrize(("ip", "unspecified"), [("127.0.0.1", False), ("0.0.0.0", True), ("::", True)])
def test_which_sockets_are_bound_to_every_address(ip: str, unspecified: bool) -> None:
    with listen_tcp(ip, 0) as listener:
        assert window.is_unspecified(listener.fileno()) is unspecified
