"""The kernel helpers against the kernel itself, on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.imports import ROOT
from tests.windows import kernel as window

LOOPBACK_V4 = (0, 0xFFFF_7F00_0001)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        sender.bind(("127.0.0.1", 0))
        receiver.bind(("127.0.0.1", 0))
        yield sender, receiver


def halves(address: str) -> tuple[int, int]:
    number = int(IPv6Address(address))
    return number >> 64, number & (1 << 64) - 1


def test_clocks_are_the_kernels() -> None:
    before, now_us, after = time.monotonic_ns(), window.monotonic_us(), time.monotonic_ns()
    assert before // 1000 <= now_us <= after // 1000
    before, now_us, after = time.time_ns(), window.wall_us(), time.time_ns()
    assert before // 1000 <= now_us <= after // 1000


def test_signals_can_be_blocked_for_a_thread() -> None:
    program = (
        "import os, signal\n"
        "from tests.windows.kernel import block_signals\n"
        "assert block_signals() == 0\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "print(signal.SIGTERM in signal.sigpending())"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "True\n")


def test_an_eventfd_is_a_bell() -> None:
    fd = window.eventfd_open()
    try:
        assert not os.get_blocking(fd)
        assert window.epoll_wait({fd: 7}, 0) == []
        window.eventfd_ring(fd)
        window.eventfd_ring(fd)
        assert window.epoll_wait({fd: 7}, 0) == [7]
        window.eventfd_clear(fd)
        assert window.epoll_wait({fd: 7}, 0) == []
        window.eventfd_clear(fd)  # silent already: must not block
    finally:
        os.close(fd)


def test_a_full_eventfd_does_not_block_the_ringer() -> None:
    fd = window.eventfd_open()
    try:
        os.eventfd_write(fd, 2**64 - 2)
        window.eventfd_ring(fd)
        assert window.epoll_wait({fd: 1}, 0) == [1]
    finally:
        os.close(fd)


def test_epoll_tags_are_64_bits_wide() -> None:
    fds = [window.eventfd_open() for _ in range(3)]
    tags = [0, 2**32 + 5, 2**64 - 1]
    try:
        for fd in fds:
            window.eventfd_ring(fd)
        assert sorted(window.epoll_wait(dict(zip(fds, tags, strict=True)), -1)) == tags
    finally:
        for fd in fds:
            os.close(fd)


def test_epoll_waits_no_shorter_than_asked() -> None:
    fd = window.eventfd_open()
    try:
        before_us = window.monotonic_us()
        assert window.epoll_wait({fd: 1}, 1_100) == []
        assert window.monotonic_us() - before_us >= 1_100
    finally:
        os.close(fd)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 65535))
def test_v6_addresses_round_trip(high: int, low: int, port: int) -> None:
    assert window.address_round_trip(socket.AF_INET6, high, low, port) == (high, low, port)


@given(st.integers(0, 2**32 - 1), st.integers(0, 65535))
def test_v4_addresses_are_mapped(address: int, port: int) -> None:
    low = 0xFFFF << 32 | address
    assert window.address_round_trip(socket.AF_INET, 0, low, port) == (0, low, port)
    assert window.address_round_trip(socket.AF_INET6, 0, low, port) == (0, low, port)


@pytest.mark.parametrize("address", ["::1", "2001:db8::1", "::127.0.0.1", "1::ffff:7f00:1"])
def test_a_v4_socket_reaches_no_v6_address(address: str) -> None:
    assert window.address_round_trip(socket.AF_INET, *halves(address), 1) is None


def test_socket_family(pair: tuple[socket.socket, socket.socket]) -> None:
    assert window.socket_family(pair[0].fileno()) == socket.AF_INET
    with socket.socket(socket.AF_UNIX) as other:
        assert window.socket_family(other.fileno()) == -1
    assert window.socket_family(-1) == -1


def test_datagrams_come_with_their_source(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    port = receiver.getsockname()[1]
    assert window.receive_batch(receiver.fileno(), 4) == []
    for data in (b"one", b"", b"three"):
        assert window.send_segmented(sender.fileno(), *LOOPBACK_V4, port, data, 0) == 1
    source = (*LOOPBACK_V4, sender.getsockname()[1])
    assert window.receive_batch(receiver.fileno(), 2) == [
        (b"one", *source, 0, False),
        (b"", *source, 0, False),
    ]
    assert window.receive_batch(receiver.fileno(), 2) == [(b"three", *source, 0, False)]


def test_what_does_not_fit_is_marked(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    sender.sendto(bytes(20_000), receiver.getsockname())
    [(data, *_, truncated)] = window.receive_batch(receiver.fileno(), 1)
    assert (len(data), truncated) == (16_384, True)


def test_gso_cuts_one_send_into_datagrams(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    if not window.can_gso(sender.fileno()):
        pytest.skip("this kernel has no UDP_SEGMENT")
    data = bytes(range(250)) * 10
    assert window.send_segmented(sender.fileno(), *LOOPBACK_V4, receiver.getsockname()[1], data, 1000) == 1
    received = [item[0] for item in window.receive_batch(receiver.fileno(), 16)]
    assert received == [data[:1000], data[1000:2000], data[2000:]]


def test_gso_goes_up_to_its_limit(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    if not window.can_gso(sender.fileno()):
        pytest.skip("this kernel has no UDP_SEGMENT")
    data = bytes(100 * window.GSO_MOST_SEGMENTS)
    assert window.send_segmented(sender.fileno(), *LOOPBACK_V4, receiver.getsockname()[1], data, 100) == 1
    received = [item[0] for _ in range(4) for item in window.receive_batch(receiver.fileno(), 16)]
    assert received == [bytes(100)] * window.GSO_MOST_SEGMENTS


def test_gro_joins_and_says_the_size(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    if not window.can_gso(sender.fileno()) or not window.enable_gro(receiver.fileno()):
        pytest.skip("this kernel has no UDP GSO or GRO")
    data = bytes(range(250)) * 10
    window.send_segmented(sender.fileno(), *LOOPBACK_V4, receiver.getsockname()[1], data, 1000)
    received = window.receive_batch(receiver.fileno(), 16)
    assert b"".join(item[0] for item in received) == data
    assert [(len(item[0]), item[4]) for item in received] == [(2500, 1000)]


def test_other_sockets_have_no_gso() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        assert not window.can_gso(other.fileno())
        assert not window.enable_gro(other.fileno())
