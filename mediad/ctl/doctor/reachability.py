"""Attempts over the network: names, ports, the front, the media path, and servers that may be asked."""

from __future__ import annotations

import contextlib
import errno
import hmac
import ipaddress
import os
import socket
import ssl
import struct
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mediad.config.settings import Settings
from mediad.ctl.doctor.facts import MediaPath, OwnPorts, TakenPort
from mediad.sockets import port_owner

TIMEOUT_S = 2.0
ARRIVAL_TIMEOUT_S = 1.0
"""The time for a datagram to arrive at a worker, or for its answer."""
_STEP_S = 0.05
_ANYWHERE = "2000::1"  # the first of the addresses of the internet (RFC 4291 section 2.5.4)

_COUNTER = "stun_unknown_username"
"""The worker's counter for Binding requests with an unknown user name."""

_COOKIE = 0x2112A442  # RFC 8489 section 5
_USERNAME, _MESSAGE_INTEGRITY, _XOR_MAPPED_ADDRESS = 0x0006, 0x0008, 0x0020
_PRIORITY, _FINGERPRINT, _ICE_CONTROLLING = 0x0024, 0x8028, 0x802A
_NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970

Reports = dict[str, dict[str, Any]]
Doors = Mapping[str, Mapping[str, Any]]
"""ICE credentials and a port by worker id: the reply to `doctor.doors`."""


def resolve(host: str) -> tuple[str, ...]:
    """The addresses of a name or address, without repetition; () when there are none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


# -- ports ---------------------------------------------------------------------------------------------------


def taken_ports(settings: Settings) -> Iterator[TakenPort]:
    """The ports that the daemon cannot do without, and cannot open now."""
    for ip in resolve(settings.host)[:1]:
        yield from _try(socket.SOCK_STREAM, ip, settings.port)
    if settings.port_mode == "shared":
        for worker_id in range(settings.worker_count()):
            for ip in settings.listen_ip:
                port = settings.worker_settings(worker_id).rtc_first_port
                yield from _try(socket.SOCK_DGRAM, ip, port)
                if settings.rtc_tcp_connections_per_address:
                    yield from _try(socket.SOCK_STREAM, ip, port)


def own_ports(settings: Settings) -> Iterator[OwnPorts]:
    """The media ports of each worker, where every transport has its own: some may be another program's."""
    if settings.port_mode == "shared":
        return
    for worker_id in range(settings.worker_count()):
        ports = settings.worker_settings(worker_id).media_ports
        taken = sum(_is_taken(settings, port) for port in ports)
        yield OwnPorts(worker_id=worker_id, total=len(ports), taken=taken)


def _is_taken(settings: Settings, port: int) -> bool:
    """True when another program has a media port on one of the listen addresses."""
    kinds = [socket.SOCK_DGRAM]
    if settings.rtc_tcp_connections_per_address:
        kinds.append(socket.SOCK_STREAM)
    return any(_cannot_bind(kind, ip, port) for kind in kinds for ip in settings.listen_ip)


def _cannot_bind(kind: socket.SocketKind, ip: str, port: int) -> bool:
    with socket.socket(_family(ip), kind) as sock:
        if kind == socket.SOCK_STREAM:  # connections that ended lately do not count
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((ip, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def has_ipv6_route() -> bool:
    """True when this machine has a route to the IPv6 internet; nothing is sent to find out."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.connect((_ANYWHERE, 9))
        return True
    return False


def _try(kind: socket.SocketKind, ip: str, port: int) -> Iterator[TakenPort]:
    protocol = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    with socket.socket(_family(ip), kind) as sock:
        if protocol == "TCP":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((ip, port))
            if protocol == "TCP":
                sock.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                owner = port_owner(protocol, port)
                yield TakenPort(protocol=protocol, ip=ip, port=port, problem="is taken", owner=owner)
            elif error.errno in (errno.EACCES, errno.EPERM):
                problem = "may not be opened by this user"
                yield TakenPort(protocol=protocol, ip=ip, port=port, problem=problem)


# -- the daemon ----------------------------------------------------------------------------------------------


def front_problem(url: str | None) -> str | None:
    """The reason why the front does not answer HTTP at `url`; None when it answers anything."""
    if url is None:
        return "it does not serve yet"
    try:
        status(url + "health")
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    return None


def status(url: str) -> int:
    """The HTTP status of a page of this machine's front. Raises OSError or ValueError."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = (
        False,
        ssl.CERT_NONE,
    )  # the certificate is looked at elsewhere
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=TIMEOUT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def try_media_paths(
    ports: Mapping[int, int], addresses: Sequence[str], ask: Callable[[], Reports], doors: Doors
) -> tuple[MediaPath, ...]:
    """Try the media path to each worker at each address.

    First a datagram that the worker counts and drops is sent. If it arrives, and the worker has credentials
    in `doors`, an ICE check follows, to see where the answer comes from. `ports` are by worker id; `ask` is
    for the workers' counters. Workers that do not answer are left out.
    """
    media_paths = (path for ip in addresses for path in _round(ports, ip, ask))
    return tuple(_with_answer(path, doors.get(str(path.worker_id))) for path in media_paths)


def _with_answer(path: MediaPath, door: Mapping[str, Any] | None) -> MediaPath:
    if door is None or not path.arrived:
        return path
    check = check_datagram(door["usernameFragment"], door["password"])
    return replace(path, was_asked=True, answered_from=answer_source(path.ip, path.port, check))


def answer_source(ip: str, port: int, check: bytes) -> str | None:
    """The address that the answer to a check comes from, whichever it is; the check is sent three times."""
    with contextlib.suppress(OSError), socket.socket(_family(ip), socket.SOCK_DGRAM) as sock:
        sock.settimeout(ARRIVAL_TIMEOUT_S / 2)
        for _ in range(3):
            sock.sendto(check, (ip, port))
            with contextlib.suppress(TimeoutError):
                while True:
                    answer, source = sock.recvfrom(2048)
                    if answer[8:20] == check[8:20]:
                        return str(source[0])
    return None


def check_datagram(username_fragment: str, password: str) -> bytes:
    """A signed ICE check (RFC 8445 section 7.2.2), as a browser sends it, without a nomination."""
    body = _attribute(_USERNAME, f"{username_fragment}:doctor".encode())
    body += _attribute(_PRIORITY, struct.pack("!I", 1)) + _attribute(_ICE_CONTROLLING, os.urandom(8))
    head = struct.pack("!HHI", 0x0001, len(body) + 24, _COOKIE) + os.urandom(12)
    body += _attribute(_MESSAGE_INTEGRITY, hmac.digest(password.encode(), head + body, "sha1"))
    head = head[:2] + struct.pack("!H", len(body) + 8) + head[4:]
    return head + body + _attribute(_FINGERPRINT, struct.pack("!I", zlib.crc32(head + body) ^ 0x5354554E))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _round(ports: Mapping[int, int], ip: str, ask: Callable[[], Reports]) -> Iterator[MediaPath]:
    """Send to all workers at one address, and see where it arrives."""
    before = _counts(ask())
    sent = {id_ for id_, port in ports.items() if id_ in before and send(ip, port, stray_datagram())}
    missing = set(sent)
    deadline_s = time.monotonic() + ARRIVAL_TIMEOUT_S
    while missing:
        now = _counts(ask())
        missing -= {id_ for id_ in missing if now.get(id_, 0) > before[id_]}
        if time.monotonic() >= deadline_s:
            break
        time.sleep(_STEP_S)
    for id_ in sorted(sent):
        yield MediaPath(worker_id=id_, ip=ip, port=ports[id_], arrived=id_ not in missing)


def _counts(reports: Reports) -> dict[int, int]:
    return {int(id_): int(r["dropped"].get(_COUNTER, 0)) for id_, r in reports.items() if "dropped" in r}


def stray_datagram() -> bytes:
    """A Binding request with a user name that does not exist (RFC 8489 sections 5 and 14.3)."""
    attribute = _attribute(_USERNAME, b"doctor:doctor")
    return struct.pack("!HHI", 0x0001, len(attribute), _COOKIE) + os.urandom(12) + attribute


def send(ip: str, port: int, datagram: bytes) -> bool:
    """Send three times, since one may get lost. False when there is no route at all (no IPv6, say)."""
    try:
        with socket.socket(_family(ip), socket.SOCK_DGRAM) as sock:
            for _ in range(3):
                sock.sendto(datagram, (ip, port))
    except OSError:
        return False
    return True


# -- servers that may be asked -------------------------------------------------------------------------------


def ask_stun(server: str, port: int) -> str:
    """The address of this machine as a STUN server sees it.

    Raises OSError, or ValueError for a bad answer.
    """
    transaction = os.urandom(12)
    request = struct.pack("!HHI", 0x0001, 0, _COOKIE) + transaction
    return mapped_address(_exchange(server, port, request), transaction)


def mapped_address(answer: bytes, transaction: bytes) -> str:
    """XOR-MAPPED-ADDRESS of a Binding response (RFC 8489 section 14.2).

    Raises ValueError when there is none.
    """
    if len(answer) < 20 or answer[:2] != b"\x01\x01" or answer[8:20] != transaction:
        raise ValueError("no STUN answer")
    position = 20
    while position + 4 <= len(answer):
        kind, length = struct.unpack_from("!HH", answer, position)
        value = answer[position + 4 : position + 4 + length]
        if kind == _XOR_MAPPED_ADDRESS and len(value) in (8, 20):
            mask = (struct.pack("!I", _COOKIE) + transaction)[: len(value) - 4]
            return str(ipaddress.ip_address(bytes(a ^ b for a, b in zip(value[4:], mask, strict=True))))
        position += 4 + length + -length % 4
    raise ValueError("a STUN answer without an address")


def ask_ntp(server: str, port: int = 123) -> float:
    """Seconds this clock is ahead of an NTP server's (RFC 5905 section 8). Raises OSError or ValueError."""
    request = bytes([0x23]) + bytes(47)  # version 4, mode 3 (client)
    sent_s = time.time()
    answer = _exchange(server, port, request)
    return clock_offset_s(answer, sent_s, time.time())


def clock_offset_s(answer: bytes, sent_s: float, received_s: float) -> float:
    """Seconds this clock is ahead, if the way there takes as long as the way back."""
    if len(answer) < 48 or answer[0] & 0x07 != 4 or answer[1] == 0:
        raise ValueError("no NTP answer")
    arrived_s, left_s = (_ntp_s(answer, position) for position in (32, 40))
    return ((sent_s - arrived_s) + (received_s - left_s)) / 2


def _ntp_s(answer: bytes, position: int) -> float:
    seconds, fraction = struct.unpack_from("!II", answer, position)
    return float(seconds - _NTP_EPOCH_S + fraction / 2**32)


def _exchange(server: str, port: int, request: bytes) -> bytes:
    """Send one datagram and return the answer; sent twice if the first gets none. Raises OSError."""
    family, kind, _, _, address = socket.getaddrinfo(server, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(TIMEOUT_S / 2)
        sock.connect(address)
        for attempt in range(2):
            sock.send(request)
            try:
                return sock.recv(2048)
            except TimeoutError:
                if attempt == 1:
                    raise
    raise AssertionError


def _family(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET
