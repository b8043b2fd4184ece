"""The units under a real systemd: what systemctl says is so."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from mediad.exit_codes import ExitCode
from tests.support import user_manager
from tests.support.ports import free_port
from tests.support.user_manager import STOP_S, UserManager

pytestmark = pytest.mark.skipif(user_manager.missing() is not None, reason=str(user_manager.missing()))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserManager]:
    folder: Path = tmp_path_factory.mktemp("systemd")
    manager = UserManager(folder, free_port())
    manager.write_settings()
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(manager.running())
        except user_manager.NotUp as reason:
            pytest.skip(f"systemd does not run here: {reason}")
        yield manager


@pytest.fixture
def systemd(running: UserManager) -> Iterator[UserManager]:
    running.write_settings()
    yield running
    running.systemctl("stop", "mediad.socket", "mediad.service")
    running.systemctl("reset-failed")


def health(systemd: UserManager) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{systemd.port}/health", timeout=30) as answer:
        return int(answer.status)


def test_it_starts_when_it_is_ready_and_stops_without_complaint(systemd: UserManager) -> None:
    assert systemd.systemctl("start", "mediad") == 0
    assert health(systemd) == 200
    assert systemd.show("StatusText") == "0 rooms, 0 peers, 1 of 1 worker ready"
    assert systemd.systemctl("stop", "mediad") == 0
    assert (systemd.show("Result"), systemd.show("ExecMainStatus")) == ("success", "0")


def test_a_reload_fails_when_the_settings_are_wrong_and_the_service_goes_on(systemd: UserManager) -> None:
    systemd.systemctl("start", "mediad")
    process = systemd.show("MainPID")
    systemd.write_settings("max_rooms = 5\n")
    assert systemd.systemctl("reload", "mediad") == 0
    systemd.write_settings("max_roms = 5\n")
    assert systemd.systemctl("reload", "mediad") == 1
    status = "0 rooms, 0 peers, 1 of 1 worker ready; not reloaded: max_roms: unknown setting"
    deadline = time.monotonic() + 30
    while not systemd.show("StatusText").startswith(status):
        assert time.monotonic() < deadline, systemd.show("StatusText")
        time.sleep(0.1)
    assert (systemd.show("ActiveState"), systemd.show("MainPID")) == ("active", process)


def test_wrong_settings_are_not_tried_again(systemd: UserManager) -> None:
    systemd.write_settings("max_roms = 5\n")
    assert systemd.systemctl("start", "mediad") == 1
    assert systemd.show("ActiveState") == "failed"
    assert (systemd.show("ExecMainStatus"), systemd.show("NRestarts")) == (str(int(ExitCode.CONFIG)), "0")


def test_a_killed_supervisor_is_started_again(systemd: UserManager) -> None:
    systemd.systemctl("start", "mediad")
    systemd.systemctl("kill", "--signal=KILL", "--kill-whom=main", "mediad")
    systemd.wait_for("NRestarts", "1")
    systemd.wait_for("ActiveState", "active")
    assert health(systemd) == 200


def test_the_watchdog_bites_a_supervisor_that_hangs(systemd: UserManager) -> None:
    systemd.systemctl("start", "mediad")
    systemd.systemctl("kill", "--signal=STOP", "--kill-whom=main", "mediad")
    systemd.wait_for("NRestarts", "1")
    systemd.wait_for("ActiveState", "active")
    assert health(systemd) == 200


def test_with_the_socket_a_restart_refuses_nobody(systemd: UserManager) -> None:
    assert systemd.systemctl("start", "mediad.socket") == 0
    assert systemd.show("ActiveState") == "inactive"
    assert health(systemd) == 200  # this connection started it
    refused: list[OSError] = []
    over = threading.Event()

    def knock() -> None:
        while not over.wait(0.01):
            try:
                socket.create_connection(("127.0.0.1", systemd.port), timeout=30).close()
            except OSError as error:
                refused.append(error)

    knocker = threading.Thread(target=knock, daemon=True)
    knocker.start()
    try:
        before = systemd.show("MainPID")
        assert systemd.systemctl("restart", "mediad") == 0
        assert systemd.show("MainPID") != before
    finally:
        over.set()
        knocker.join()
    assert refused == []
    assert health(systemd) == 200


def test_a_stop_may_take_as_long_as_the_rooms_are_given(systemd: UserManager) -> None:
    systemd.write_settings(f"shutdown_grace_s = {2 * STOP_S}\n")
    systemd.systemctl("start", "mediad")
    url = f"ws://127.0.0.1:{systemd.port}/?roomId=room&peerId=ana"
    with connect(url, subprotocols=[Subprotocol("protoo")]) as peer:
        peer.recv(timeout=30)
        assert systemd.systemctl("stop", "mediad") == 0  # it returns when the service has stopped
        with pytest.raises(ConnectionClosed):
            peer.recv(timeout=30)
        assert peer.close_code == CloseCode.SERVICE_RESTART
    assert (systemd.show("Result"), systemd.show("ExecMainStatus")) == ("success", "0")
