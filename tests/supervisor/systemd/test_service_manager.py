"""The protocol with systemd: what is said, to whom, and which sockets are taken over."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediad.errors import ConfigError
from mediad.supervisor.systemd import service_manager
from mediad.supervisor.systemd.service_manager import ServiceManager
from tests.support.manager import Manager, listening_manager


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Manager]:
    with listening_manager(tmp_path) as manager:
        yield manager


def test_what_is_said(systemd: Manager) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.address})
    assert manager.listens
    before_us = time.monotonic_ns() // 1000
    manager.reloading()
    manager.ready("3 rooms\nREADY=0")
    manager.feed_watchdog()
    manager.show("4 rooms")
    manager.stopping("bye")
    manager.extend_stop(20)
    reloading, *others = systemd.listen()
    assert reloading.pop("RELOADING") == "1"
    assert before_us <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert others == [
        {"READY": "1", "STATUS": "3 rooms READY=0"},
        {"WATCHDOG": "1"},
        {"STATUS": "4 rooms"},
        {"STOPPING": "1", "STATUS": "bye"},
        {"EXTEND_TIMEOUT_USEC": "20000000"},
    ]


def test_abstract_addresses() -> None:
    name = f"mediad-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name)
        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).feed_watchdog()
        assert sock.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nowhere/notify"])
def test_nobody_listens(address: str) -> None:
    ServiceManager({"NOTIFY_SOCKET": address}).ready("fine")


def test_a_manager_that_does_not_read_is_not_waited_for(systemd: Manager) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.address})
    for _ in range(2000):
        manager.show("x" * 100)
    assert 0 < len(systemd.listen()) < 2000


def test_workers_do_not_take_themselves_for_the_service() -> None:
    environ = dict.fromkeys(service_manager._VARIABLES, "1") | {"PATH": "/bin"}
    ServiceManager(environ)
    assert environ == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "77"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours(environ: dict[str, str], watchdog_s: float | None) -> None:
    assert ServiceManager(environ, pid=77).watchdog_s == watchdog_s


def inherit(monkeypatch: pytest.MonkeyPatch, *sockets: socket.socket) -> ServiceManager:
    """Return a manager as if started with copies of these, the highest descriptors there are."""
    first = 900
    for number, sock in enumerate(sockets):
        os.dup2(sock.fileno(), first + number)
    monkeypatch.setattr(service_manager, "FIRST_INHERITED_FD", first)
    return ServiceManager({"LISTEN_PID": "77", "LISTEN_FDS": str(len(sockets))}, pid=77)


def test_listening_sockets_are_taken_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        manager = inherit(monkeypatch, one, two)
        sockets = manager.take_sockets()
        assert [sock.getsockname() for sock in sockets] == [one.getsockname(), two.getsockname()]
        assert not any(sock.get_inheritable() or sock.getblocking() for sock in sockets)
        assert manager.take_sockets() == []
        for sock in sockets:
            sock.close()


def test_sockets_of_another_process_are_left_alone() -> None:
    assert ServiceManager({"LISTEN_PID": "78", "LISTEN_FDS": "1"}, pid=77).take_sockets() == []
    assert ServiceManager({}, pid=77).take_sockets() == []


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_sockets_no_browser_could_connect_to_are_refused(
    kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, kind) as wrong:
        wrong.bind(("127.0.0.1", 0))
        with pytest.raises(ConfigError, match="TCP port"):
            inherit(monkeypatch, wrong).take_sockets()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(900)
