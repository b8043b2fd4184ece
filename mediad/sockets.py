"""Sockets opened for the network, with errors that name the port and what is wrong with it."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket

import psutil

from mediad.errors import ConfigError, MediadError, PortError

BACKLOG = 512
"""Connections that may wait to be accepted."""

_IP_PKTINFO = 8  # ip(7); Python has no name for it before 3.14
_SO_RCVBUFFORCE, _SO_SNDBUFFORCE = 33, 32
"""The options for buffers beyond net.core.*mem_max, for processes with CAP_NET_ADMIN; socket(7)."""


def bind_udp(ip: str, port: int, buffer_bytes: int, *, v6_only: bool = False) -> socket.socket:
    """A socket as of `open_udp`, or an error that names the port and what is wrong with it.

    Raises PortError when the port is taken or may not be opened, ConfigError when `ip` is not an address of
    this machine.
    """
    try:
        return open_udp(ip, port, buffer_bytes, v6_only=v6_only)
    except OSError as error:
        raise _explained(error, "UDP", ip, port, "listen_ip") from None


def open_udp(ip: str, port: int, buffer_bytes: int, *, v6_only: bool = False) -> socket.socket:
    """A non-blocking UDP socket with `buffer_bytes` of buffer each way, or as much as the kernel grants.

    Bound to every address of the machine, it tells for each datagram to which one it was sent; an IPv6 socket
    takes IPv4 too then, unless it is `v6_only`. Raises OSError, which whoever tries many ports can go by:
    finding the owner of a taken one takes long.
    """
    sock = _open(ip, socket.SOCK_DGRAM, v6_only)
    try:
        if ipaddress.ip_address(ip).is_unspecified:  # before the first datagram can come
            _ask_for_local_address(sock)
        sock.bind((ip, port))
        _enlarge(sock, _SO_RCVBUFFORCE, socket.SO_RCVBUF, buffer_bytes)
        _enlarge(sock, _SO_SNDBUFFORCE, socket.SO_SNDBUF, buffer_bytes)
    except BaseException:
        sock.close()
        raise
    return sock


def listen_tcp(ip: str, port: int, *, key: str = "listen_ip", v6_only: bool = False) -> socket.socket:
    """A listening TCP socket. Raises as `bind_udp` does; `key` is the setting `ip` came from."""
    try:
        return open_listener(ip, port, v6_only=v6_only)
    except OSError as error:
        raise _explained(error, "TCP", ip, port, key) from None


def open_listener(ip: str, port: int, *, v6_only: bool = False) -> socket.socket:
    """A non-blocking listening TCP socket. Raises OSError."""
    sock = _open(ip, socket.SOCK_STREAM, v6_only)
    try:
        # A restarted worker finds its own closed connections in TIME_WAIT; a live listener still refuses us.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((ip, port))
        sock.listen(BACKLOG)  # two may bind the same port with SO_REUSEADDR: only one may listen on it
    except BaseException:
        sock.close()
        raise
    return sock


def port_owner(protocol: str, port: int) -> str | None:
    """The owner of a port: `nginx (pid 12)`; None where /proc does not tell, as of other users' processes."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(protocol.lower()):
            ours = connection.laddr and connection.laddr.port == port and not connection.raddr
            if ours and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return None


def _open(ip: str, kind: socket.SocketKind, v6_only: bool) -> socket.socket:
    """Open a socket of the family of `ip`. If an IPv6 one takes IPv4 is not left to net.ipv6.bindv6only."""
    if ipaddress.ip_address(ip).version == 4:
        return socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
    sock = socket.socket(socket.AF_INET6, kind | socket.SOCK_NONBLOCK)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
    return sock


def _explained(error: OSError, protocol: str, ip: str, port: int, key: str) -> MediadError:
    what, flag = f"{protocol} port {port} on {ip}", "--port" if key == "host" else "--rtc-base-port"
    match error.errno:
        case errno.EADDRINUSE:
            owner = port_owner(protocol, port)
            by = f" by {owner}" if owner else ""
            problem = PortError(
                f"{what} is already in use{by}; stop that program, or choose another with {flag}"
            )
            problem.taken = None if owner else (protocol, port)
            return problem
        case errno.EACCES | errno.EPERM:
            why = "may not be opened by this user; ports from 1024 up may be, choose one with"
            return PortError(f"{what} {why} {flag}")
        case errno.EADDRNOTAVAIL:
            return ConfigError(f"{key}: got {ip!r}, expected an address of this machine")
        case _:
            return MediadError(f"{protocol} port {port} on {ip} cannot be opened: {error.strerror}")


def _ask_for_local_address(sock: socket.socket) -> None:
    """Ask the kernel for each datagram's local address; on an IPv6 socket one option covers IPv4 too."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def _enlarge(sock: socket.socket, forced: int, ordinary: int, buffer_bytes: int) -> None:
    """Ask for a larger buffer.

    The kernel doubles the number; a smaller one than it grants would shrink it.
    """
    if sock.getsockopt(socket.SOL_SOCKET, ordinary) >= 2 * buffer_bytes:
        return
    with contextlib.suppress(PermissionError):
        sock.setsockopt(socket.SOL_SOCKET, forced, buffer_bytes)
        return
    sock.setsockopt(socket.SOL_SOCKET, ordinary, buffer_bytes)
