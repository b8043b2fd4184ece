"""Media sockets: what they are, and what a person reads when there is none to be had."""

from __future__ import annotations

import errno
import os
import re
import socket
from pathlib import Path

import psutil
import pytest

from mediad import sockets
from mediad.errors import ConfigError, MediadError, PortError

SMALL = 65_536


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_udp_socket_is_bound_non_blocking_and_large(ip: str) -> None:
    with sockets.bind_udp(ip, 0, 1024 * 1024) as sock:
        assert sock.getsockname()[0] == ip
        assert not sock.getblocking()
        default = int(Path("/proc/sys/net/core/rmem_default").read_text())
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= default


@pytest.mark.parametrize(("ip", "told"), [("0.0.0.0", 1), ("::", 1), ("127.0.0.1", 0), ("::1", 0)])
def test_only_a_socket_of_every_address_tells_which_one_was_meant(ip: str, told: int) -> None:
    with sockets.bind_udp(ip, 0, SMALL) as sock, socket.socket(type=socket.SOCK_DGRAM) as peer:
        target = "::1" if ip == "::1" else "127.0.0.1"
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) if ":" in target else peer as sender:
            sender.sendto(b"x", (target, sock.getsockname()[1]))
        assert len(sock.recvmsg(10, 128)[1]) == told


def test_a_buffer_is_never_made_smaller() -> None:
    with sockets.bind_udp("127.0.0.1", 0, 2304) as sock, socket.socket(type=socket.SOCK_DGRAM) as plain:
        option = (socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert sock.getsockopt(*option) == plain.getsockopt(*option)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may exceed net.core.rmem_max")
def test_root_gets_what_it_asks_for() -> None:
    with sockets.bind_udp("127.0.0.1", 0, 8 * 1024 * 1024) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 16 * 1024 * 1024
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 16 * 1024 * 1024


def test_without_privilege_the_ordinary_option_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_SO_RCVBUFFORCE", socket.SO_RCVBUF)
    asked: list[int] = []

    class Refusing:
        def getsockopt(self, level: int, option: int) -> int:
            return 1

        def setsockopt(self, level: int, option: int, value: int) -> None:
            asked.append(option)
            if option == 33:
                raise PermissionError(errno.EPERM, "no")

    sockets._enlarge(Refusing(), 33, socket.SO_RCVBUF, SMALL)  # type: ignore[arg-type]
    assert asked == [33, socket.SO_RCVBUF]


def test_tcp_socket_listens() -> None:
    with sockets.listen_tcp("127.0.0.1", 0) as sock, socket.create_connection(sock.getsockname()):
        assert not sock.getblocking()


def taken(protocol: str, port: int, flag: str) -> str:
    """Return the text of the error: the port, its owner, and what to do."""
    owner = re.escape(f"{psutil.Process().name()} (pid {os.getpid()})")
    what = f"{protocol} port {port} on 127.0.0.1 is already in use by {owner}"
    return f"^{what}; stop that program, or choose another with {flag}$"


def test_a_taken_port_is_named() -> None:
    with sockets.bind_udp("127.0.0.1", 0, SMALL) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(PortError, match=taken("UDP", port, "--rtc-base-port")):
            sockets.bind_udp("127.0.0.1", port, SMALL)
    with sockets.listen_tcp("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(PortError, match=taken("TCP", port, "--port")):
            sockets.listen_tcp("127.0.0.1", port, key="host")
        with pytest.raises(PortError, match=taken("TCP", port, "--rtc-base-port")):
            sockets.listen_tcp("127.0.0.1", port)


def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    with pytest.raises(
        ConfigError, match=r"^listen_ip: got '203\.0\.113\.9', expected an address of this machine"
    ):
        sockets.bind_udp("203.0.113.9", 0, SMALL)
    with pytest.raises(ConfigError, match=r"^host: got '203\.0\.113\.9'"):
        sockets.listen_tcp("203.0.113.9", 0, key="host")


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (
            errno.EACCES,
            PortError,
            "TCP port 80 on 10.0.0.1 may not be opened by this user; "
            "ports from 1024 up may be, choose one with --port",
        ),
        (errno.ENOBUFS, MediadError, "TCP port 80 on 10.0.0.1 cannot be opened: no buffers"),
    ],
)
def test_other_refusals(number: int, kind: type[MediadError], text: str) -> None:
    error = sockets._explained(OSError(number, "no buffers"), "TCP", "10.0.0.1", 80, "host")
    assert type(error) is kind
    assert str(error) == text
