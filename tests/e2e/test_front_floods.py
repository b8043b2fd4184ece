"""The front of a real daemon against floods of one address: bounded memory, reasons, and service for others.

The attacker comes from 127.0.0.1, and people come from 127.0.0.2: limits count by address, and loopback is
no exception. Figures are printed; the bounds are for a machine that is busy with other tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import statistics
import struct
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.daemon import Daemon
from tests.support.mediactl import run_mediactl

ATTACKER, PEOPLE = "127.0.0.1", "127.0.0.2"
KIB = 1024
BYTES_BEFORE_JOIN = 64 * KIB
"""The most memory of one connection before its client has joined."""


def rss_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * KIB


def open_socket(daemon: Daemon, source: str = ATTACKER) -> socket.socket:
    return socket.create_connection(("127.0.0.1", daemon.port), 10, source_address=(source, 0))


def upgrade(peer_id: str, extra: str = "") -> bytes:
    return (
        f"GET /?roomId=flood&peerId={peer_id} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: protoo\r\n{extra}\r\n"
    ).encode()


def upgraded(daemon: Daemon, peer_id: str, extra: str = "") -> tuple[socket.socket, bytes]:
    """A WebSocket and the head of the answer to it."""
    sock = open_socket(daemon)
    sock.sendall(upgrade(peer_id, extra))
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(4096)
    return sock, head


def frame(first: int, payload: bytes) -> bytes:
    """A masked frame whose mask is zero."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xff" + struct.pack("!Q", size)
    if 126 <= size < 65536:
        length = b"\xfe" + struct.pack("!H", size)
    return bytes([first]) + length + bytes(4) + payload


def close_code(sock: socket.socket, deadline_s: float = 30) -> int:
    """Read until the end; the code of the close frame before it, 0 without one."""
    sock.settimeout(deadline_s)
    data = b""
    with contextlib.suppress(ConnectionError):
        while more := sock.recv(65536):
            data = (data + more)[-200_000:]
    at = data.rfind(b"\x88")
    return int.from_bytes(data[at + 2 : at + 4], "big") if at >= 0 else 0


def limit(daemon: Daemon, name: str) -> dict[str, object]:
    said = run_mediactl(daemon.admin_socket, "limits", "--json")
    return next(row for row in json.loads(said.out)["limits"] if row["name"] == name)


async def join_s(daemon: Daemon, peer_id: str) -> float:
    """The time that somebody else takes from connecting to a transport."""
    began_s = time.monotonic()
    async with connect(
        daemon.ws_url("people", peer_id), subprotocols=[Subprotocol("protoo")], local_addr=(PEOPLE, 0)
    ) as client:
        for number, method in enumerate(("getRouterRtpCapabilities", "createWebRtcTransport"), 1):
            await client.send(json.dumps({"request": True, "id": number, "method": method, "data": {}}))
            while json.loads(await asyncio.wait_for(client.recv(), 30)).get("id") != number:
                pass
    return time.monotonic() - began_s


async def joins_s(daemon: Daemon, number: int, name: str) -> list[float]:
    return [await join_s(daemon, f"{name}{n}") for n in range(number)]


@contextlib.contextmanager
def threads(work: object, number: int) -> Iterator[None]:
    """Run `work` in threads until the block ends."""
    ending = threading.Event()
    running = [threading.Thread(target=work, args=(ending,), daemon=True) for _ in range(number)]  # type: ignore[arg-type]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in running:
            thread.join(20)


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def test_connections_before_a_join_take_little_memory_and_heads_that_never_end_are_let_go() -> None:
    number = 1000
    with Daemon() as daemon, contextlib.ExitStack() as stack:
        for _ in range(100):  # what the first ones cost, once
            stack.enter_context(open_socket(daemon)).sendall(b"GET / HTTP/1.1\r\nX-A: ")
        before = rss_bytes(daemon.pid)
        slow = [stack.enter_context(open_socket(daemon)) for _ in range(number)]
        for sock in slow:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        time.sleep(1)
        heads = (rss_bytes(daemon.pid) - before) / number
        time.sleep(10)
        answers = []
        for sock in slow:
            sock.settimeout(20)
            with contextlib.suppress(ConnectionError):
                answers.append(sock.recv(100))
        assert [answer[:12] for answer in answers] == [b"HTTP/1.1 408"] * number
        before = rss_bytes(daemon.pid)
        for n in range(number):
            sock, head = upgraded(daemon, f"p{n}")
            stack.enter_context(sock)
            assert b" 101 " in head.split(b"\r\n")[0], head
        seats = (rss_bytes(daemon.pid) - before) / number
        print(f"a half head {heads / KIB:.1f} KiB, a WebSocket before its join {seats / KIB:.1f} KiB")
        assert heads < BYTES_BEFORE_JOIN
        assert seats < BYTES_BEFORE_JOIN


def test_one_address_that_connects_all_the_time_is_refused_and_others_are_not() -> None:
    attempts = [0]

    with Daemon(max_connects_per_s=1) as daemon:

        def attack(ending: threading.Event) -> None:
            while not ending.is_set():
                with contextlib.suppress(OSError), open_socket(daemon):
                    attempts[0] += 1

        before = rss_bytes(daemon.pid)
        began_s = time.monotonic()
        with threads(attack, 4):
            times_s = asyncio.run(joins_s(daemon, 40, "p"))
        rate = attempts[0] / (time.monotonic() - began_s)
        refused = limit(daemon, "connects")
        grown = rss_bytes(daemon.pid) - before
        print(
            f"{rate:.0f} connects/s, {refused['refused']} refused; joins of others p50 "
            f"{statistics.median(times_s) * 1000:.0f} ms, p99 {p99(times_s) * 1000:.0f} ms; "
            f"memory + {grown / KIB:.0f} KiB"
        )
        assert refused["holder"] == ATTACKER
        assert int(str(refused["refused"])) > attempts[0] / 2
        assert p99(times_s) < 5
        assert grown < 32 * KIB * KIB


@pytest.mark.parametrize("size", [64 * KIB + 1, 2 * KIB * KIB + 1])
def test_a_frame_that_is_too_large_is_closed_with_1009(size: int) -> None:
    with Daemon() as daemon:
        before = rss_bytes(daemon.pid)
        promise = b"\x81\xff" + struct.pack("!Q", size) + bytes(4)
        for peer_id, data in (("ana", frame(0x81, b"a" * size)), ("ben", promise)):
            sock, _ = upgraded(daemon, peer_id)
            with sock:
                sock.settimeout(20)
                with contextlib.suppress(ConnectionError):
                    sock.sendall(data)
                assert close_code(sock) == 1009
        assert rss_bytes(daemon.pid) - before < 8 * KIB * KIB


def test_nothing_is_decompressed() -> None:
    """Compression, which could be turned against the server, is there for neither messages nor bodies."""
    with Daemon() as daemon:
        sock, head = upgraded(daemon, "ana", "Sec-WebSocket-Extensions: permessage-deflate\r\n")
        with sock:
            assert b"permessage-deflate" not in head
            sock.sendall(frame(0xC1, b"\x00" * 100))  # the bit of compressed messages
            assert close_code(sock) == 1002
        body = b"\x1f\x8b" + bytes(100)
        request = urllib.request.Request(
            f"{daemon.url}/rooms/none/broadcasters", body, {"Content-Encoding": "gzip"}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=10)
        assert error.value.code == 400


def test_a_peer_that_sends_thousands_of_requests_a_second_delays_nobody_and_is_closed_with_4429() -> None:
    with Daemon() as daemon:
        request = json.dumps({"request": True, "id": 1, "method": "getRouterRtpCapabilities", "data": {}})
        flood = frame(0x81, request.encode()) * 100
        idle_s = asyncio.run(joins_s(daemon, 30, "i"))
        sent, codes = [0], []

        def attack(ending: threading.Event) -> None:
            sock, _ = upgraded(daemon, f"a{threading.get_ident()}")
            reader = threading.Thread(target=lambda: codes.append(close_code(sock, 60)), daemon=True)
            reader.start()
            with contextlib.suppress(OSError):
                while reader.is_alive():
                    sock.sendall(flood)
                    sent[0] += 100
                    time.sleep(0.02)  # 5 000 a second, if it is read
            reader.join(30)
            sock.close()

        began_s = time.monotonic()
        with threads(attack, 1):
            times_s = asyncio.run(joins_s(daemon, 60, "p"))
            while not codes and time.monotonic() - began_s < 60:
                time.sleep(0.1)
        print(
            f"{sent[0]} requests sent in {time.monotonic() - began_s:.0f} s; joins of others p50 "
            f"{statistics.median(times_s) * 1000:.0f} ms, p99 {p99(times_s) * 1000:.0f} ms; idle p50 "
            f"{statistics.median(idle_s) * 1000:.0f} ms, p99 {p99(idle_s) * 1000:.0f} ms"
        )
        assert codes == [4429]
        assert p99(times_s) < max(2.0, 5 * p99(idle_s))
        assert limit(daemon, "connection_input")["refused"] == 1


def test_who_does_not_read_is_closed_with_1013() -> None:
    with Daemon() as daemon:
        sock, _ = upgraded(daemon, "ana")
        with sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            request = json.dumps({"request": True, "id": 1, "method": "getRouterRtpCapabilities", "data": {}})
            before = rss_bytes(daemon.pid)
            sock.settimeout(1)
            with contextlib.suppress(TimeoutError, ConnectionError):
                for _ in range(200):
                    sock.sendall(frame(0x81, request.encode()) * 100)
            grown = rss_bytes(daemon.pid) - before
            print(f"memory + {grown / KIB:.0f} KiB")
            assert grown < 16 * KIB * KIB


def test_the_daemon_stays_usable_for_those_behind_a_trusted_proxy() -> None:
    """The proxy's own address has no limit; the clients that it tells of have."""
    with Daemon(trusted_proxies="127.0.0.1/32", max_connects_per_s=0.1) as daemon:

        async def open_as(client: str, number: int) -> str:
            try:
                async with connect(
                    daemon.ws_url("room", f"{client}-{number}"),
                    subprotocols=[Subprotocol("protoo")],
                    additional_headers={"X-Forwarded-For": client},
                ):
                    return "open"
            except ConnectionClosed:
                return "closed"
            except Exception as error:  # InvalidStatus carries the answer
                return str(getattr(getattr(error, "response", None), "status_code", error))

        async def main() -> list[list[str]]:
            return [[await open_as(f"203.0.113.{n}", number) for number in range(6)] for n in (1, 2)]

        assert asyncio.run(main()) == [["open"] * 4 + ["429"] * 2] * 2


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([203, 0, 113, 7, 192, 0, 2, 1, 18, 103, 1, 187]),
    ],
)
def test_a_client_behind_the_proxy_protocol_is_counted_by_its_own_address(header: bytes) -> None:
    proxy = "127.0.0.9"
    with Daemon(trusted_proxies=f"{proxy}/32", client_address_from="proxy-protocol") as daemon:
        with open_socket(daemon, proxy) as sock:
            sock.sendall(header + upgrade("ana", "X-Forwarded-For: 198.51.100.1\r\n"))
            assert b" 101 " in sock.recv(4096)
            peers = limit(daemon, "address_peers")
            assert (peers["holder"], peers["current"]) == ("203.0.113.7", 1)
            assert limit(daemon, "address_connections")["holder"] == "203.0.113.7"
        with open_socket(daemon, proxy) as sock:
            sock.settimeout(10)
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")  # without the header
            with contextlib.suppress(ConnectionError):
                assert sock.recv(100) == b""
        with open_socket(daemon, PEOPLE) as sock:
            sock.settimeout(10)
            sock.sendall(header + b"\r\n")  # from somebody who is no proxy
            assert sock.recv(100).startswith(b"HTTP/1.1 400 ")
