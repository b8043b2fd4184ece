"""Attempts against servers that answer, lie, or are silent."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mediad.config.settings import Settings
from mediad.ctl.doctor import reachability
from mediad.ctl.doctor.facts import MediaPath
from mediad.ctl.doctor.reachability import (
    Reports,
    answer_source,
    ask_ntp,
    ask_stun,
    check_datagram,
    clock_offset_s,
    front_problem,
    has_ipv6_route,
    mapped_address,
    own_ports,
    resolve,
    send,
    stray_datagram,
    taken_ports,
    try_media_paths,
)
from mediad.protocols.stun import parse_binding_request
from tests.support.ports import free_media_ports, free_port

TRANSACTION = bytes(range(12))


@contextmanager
def udp_server(answer: Callable[[bytes], bytes | None], requests: int = 1) -> Iterator[int]:
    """Answers `requests` datagrams on its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            for _ in range(requests):
                data, client = sock.recvfrom(2048)
                reply = answer(data)
                if reply is not None:
                    sock.sendto(reply, client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield sock.getsockname()[1]
        thread.join()


def stun_answer(transaction: bytes, host: bytes, *before: bytes) -> bytes:
    mask = (struct.pack("!I", 0x2112A442) + transaction)[: len(host)]
    value = struct.pack("!BBH", 0, 1 if len(host) == 4 else 2, 4711) + bytes(
        a ^ b for a, b in zip(host, mask, strict=True)
    )
    body = b"".join(before) + struct.pack("!HH", 0x0020, len(value)) + value
    return struct.pack("!HHI", 0x0101, len(body), 0x2112A442) + transaction + body


def test_names_and_addresses() -> None:
    assert resolve("127.0.0.1") == ("127.0.0.1",)
    assert resolve("::1") == ("::1",)
    assert set(resolve("localhost")) <= {"127.0.0.1", "::1"}
    for nothing in ("no such name", "a" * 64 + ".invalid"):
        assert resolve(nothing) == ()


def test_ports_that_are_free() -> None:
    settings = Settings(port=free_port(), workers=2, rtc_base_port=free_media_ports(2))
    assert list(taken_ports(settings)) == []


def test_ports_that_are_taken() -> None:
    settings = Settings(port=free_port(), workers=1, rtc_base_port=free_media_ports(1))
    media_port = settings.rtc_base_port
    with socket.socket(type=socket.SOCK_DGRAM) as media:
        media.bind(("127.0.0.1", media_port))
        with (
            socket.create_server(("127.0.0.1", settings.port)),
            socket.create_server(("127.0.0.1", media_port)),
        ):
            found = list(taken_ports(settings))
            without_tcp = list(taken_ports(replace(settings, rtc_tcp_connections_per_address=0)))
    assert [(taken.protocol, taken.port, taken.problem) for taken in found] == [
        ("TCP", settings.port, "is taken"),
        ("UDP", media_port, "is taken"),
        ("TCP", media_port, "is taken"),
    ]
    assert without_tcp == found[:2]
    for taken in found:
        assert taken.owner is None or f"pid {os.getpid()}" in taken.owner


def test_ports_of_other_programs_among_those_for_each_transport() -> None:
    base = free_media_ports(1)
    settings = Settings(
        port=free_port(),
        workers=1,
        rtc_base_port=base,
        rtc_max_port=base + 9,
        port_mode="per-transport",
        listen_ip=("127.0.0.1", "::1"),
    )
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.bind(("::1", base))
        (found,) = own_ports(settings)
        assert list(taken_ports(settings)) == []
    assert (found.worker_id, found.total) == (0, 10)
    assert found.taken >= 1
    assert list(own_ports(replace(settings, port_mode="shared"))) == []


def test_the_route_to_the_ipv6_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "_ANYWHERE", "::1")
    assert has_ipv6_route()
    monkeypatch.setattr(reachability, "_ANYWHERE", "fe80::1")  # without an interface, there is none
    assert not has_ipv6_route()


@pytest.mark.parametrize(
    ("number", "found"), [(errno.EACCES, ["may not be opened by this user"]), (errno.EADDRNOTAVAIL, [])]
)
def test_ports_that_may_not_be_opened(monkeypatch: pytest.MonkeyPatch, number: int, found: list[str]) -> None:
    class Refusing(socket.socket):
        def bind(self, address: object) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", Refusing)
    assert [taken.problem for taken in reachability._try(socket.SOCK_STREAM, "127.0.0.1", 80)] == found


@pytest.mark.parametrize("status", [b"200 OK", b"503 Service Unavailable"])
def test_a_front_that_answers_anything_is_there(status: bytes) -> None:
    asked = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096).split(b"\r\n")[0])
                connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        assert front_problem(f"http://127.0.0.1:{listener.getsockname()[1]}/") is None
        thread.join()
    assert asked == [b"GET /health HTTP/1.1"]


def test_a_front_that_is_not_there() -> None:
    assert "refused" in str(front_problem(f"http://127.0.0.1:{free_port()}/"))
    assert front_problem(None) == "it does not serve yet"


class CountingWorker:
    """A worker's socket; what it is asked for is what has arrived there."""

    def __init__(self) -> None:
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.05)
        self.port: int = self.sock.getsockname()[1]
        self.count = 0

    def reports(self) -> Reports:
        with contextlib.suppress(TimeoutError):
            assert self.sock.recv(2048)[:2] == b"\x00\x01"
            self.count += 1
        return {"3": {"dropped": {"stun_unknown_username": self.count}}}


def test_media_that_arrives() -> None:
    worker = CountingWorker()
    with worker.sock:
        (path,) = try_media_paths({3: worker.port}, ["127.0.0.1"], worker.reports, {})
    assert path == MediaPath(worker_id=3, ip="127.0.0.1", port=worker.port, arrived=True)


def test_media_that_does_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "ARRIVAL_TIMEOUT_S", 0)
    worker, elsewhere = CountingWorker(), CountingWorker()
    with worker.sock, elsewhere.sock:
        (path,) = try_media_paths({3: elsewhere.port}, ["127.0.0.1"], worker.reports, {})
    assert not path.arrived


def test_workers_that_count_nothing_are_not_tried() -> None:
    assert try_media_paths({0: 9}, ["127.0.0.1"], dict, {}) == ()
    assert try_media_paths({0: 9}, ["127.0.0.1"], lambda: {"0": {}}, {}) == ()


def answering(
    answers: Callable[[bytes, socket.socket, socket.socket, tuple[str, int]], object],
) -> str | None:
    """Return the source of the answer to a check; `answers` has the socket asked, and one elsewhere."""
    asked, elsewhere = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    with asked, elsewhere:
        asked.bind(("127.0.0.1", 0))
        elsewhere.bind(("127.0.0.2", 0))

        def serve() -> None:
            data, client = asked.recvfrom(2048)
            answers(data, asked, elsewhere, client)

        thread = threading.Thread(target=serve)
        thread.start()
        check = check_datagram("fragment", "password")
        found = answer_source("127.0.0.1", asked.getsockname()[1], check)
        thread.join()
    return found


def test_the_answer_to_a_check_shows_where_answers_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(data: bytes) -> bytes:
        return b"\x01\x01\0\0" + data[4:20]

    assert answering(lambda data, asked, _, to: asked.sendto(answer(data), to)) == "127.0.0.1"
    assert answering(lambda data, _, other, to: other.sendto(answer(data), to)) == "127.0.0.2"
    monkeypatch.setattr(reachability, "ARRIVAL_TIMEOUT_S", 0.02)
    assert answering(lambda data, asked, _, to: asked.sendto(bytes(20), to)) is None


def test_a_check_is_one_a_worker_takes() -> None:
    request = parse_binding_request(check_datagram("fragment", "password"))
    assert (request.local_fragment, request.has_priority, request.use_candidate) == ("fragment", True, False)
    assert request.is_authentic("password")
    assert not request.from_controlled


def test_a_stray_datagram_is_a_binding_request() -> None:
    datagram = stray_datagram()
    assert struct.unpack_from("!HHI", datagram) == (1, len(datagram) - 20, 0x2112A442)
    assert len(datagram) % 4 == 0
    assert not send("127.0.0.1", 9, bytes(70_000))


def test_stun() -> None:
    with udp_server(lambda data: stun_answer(data[8:20], bytes([8, 8, 4, 4]))) as port:
        assert ask_stun("127.0.0.1", port) == "8.8.4.4"


def test_stun_answers() -> None:
    software = struct.pack("!HH", 0x8022, 3) + b"abc\0"
    address = stun_answer(TRANSACTION, bytes(range(16)), software)
    assert mapped_address(address, TRANSACTION) == "1:203:405:607:809:a0b:c0d:e0f"
    for strange in (b"", bytes(20), address[:30], stun_answer(bytes(12), bytes(4))):
        with pytest.raises(ValueError, match="STUN"):
            mapped_address(strange, TRANSACTION)


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "TIMEOUT_S", 0.02)
    with udp_server(lambda data: None, requests=2) as port, pytest.raises(TimeoutError):
        ask_stun("127.0.0.1", port)


def ntp_answer(received_s: float, sent_s: float) -> bytes:
    def stamp(seconds: float) -> bytes:
        return struct.pack("!II", int(seconds) + 2_208_988_800, int(seconds % 1 * 2**32))

    return bytes([0x24, 1]) + bytes(30) + stamp(received_s) + stamp(sent_s)


def test_ntp() -> None:
    with udp_server(lambda data: ntp_answer(1000.0, 1000.0)) as port:
        assert ask_ntp("127.0.0.1", port) > 1_000_000_000


def test_clocks_are_compared_without_the_way() -> None:
    answer = ntp_answer(100.5, 100.75)
    assert clock_offset_s(answer, 102.0, 103.25) == pytest.approx(2.0)
    assert clock_offset_s(answer, 98.0, 99.25) == pytest.approx(-2.0)
    for strange in (b"", bytes(48), answer[:40]):
        with pytest.raises(ValueError, match="NTP"):
            clock_offset_s(strange, 0, 0)
