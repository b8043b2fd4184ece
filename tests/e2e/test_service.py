"""The daemon as a service: ready, alive, watched, activated by a socket, and ending, as systemd sees it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from mediad.exit_codes import ExitCode
from tests.support.daemons import ROOT, TINY_DAEMON, running
from tests.support.loops import until_sync
from tests.support.manager import listening_manager
from tests.support.ports import free_port

WATCHDOG_US = 900_000


def test_ready_alive_and_stopping(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": str(WATCHDOG_US)}
        with running("--workers", "2", environ=environ) as daemon:
            assert systemd.wait_for("READY") == {
                "READY": "1",
                "STATUS": "0 rooms, 0 peers, 2 of 2 workers ready",
            }
            assert daemon.wait_ready().get("health")[1]["workersReady"] == 2
            for _ in range(3):
                systemd.wait_for("WATCHDOG", "1")
            daemon.process.terminate()
            assert systemd.wait_for("STOPPING")["STATUS"]
            assert daemon.wait_exit() == ExitCode.OK


def test_nothing_is_ready_before_every_worker_is(tmp_path: Path) -> None:
    mute = (*TINY_DAEMON[:-1], "mute")
    with (
        listening_manager(tmp_path) as systemd,
        running(
            "--worker-start-timeout-s", "1", command=mute, environ={"NOTIFY_SOCKET": systemd.address}
        ) as daemon,
    ):
        assert daemon.wait_exit() == ExitCode.SOFTWARE
        assert not any("READY" in message for message in systemd.listen())


def test_a_supervisor_that_is_stopped_does_not_feed_the_watchdog(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": str(WATCHDOG_US)}
        with running("--workers", "1", environ=environ) as daemon:
            systemd.wait_for("WATCHDOG")
            daemon.process.send_signal(signal.SIGSTOP)
            until_sync(lambda: Path(f"/proc/{daemon.process.pid}/stat").read_text().split()[2] == "T")
            systemd.listen().clear()
            with pytest.raises(AssertionError, match="never said"):
                systemd.wait_for("WATCHDOG", timeout_s=2 * WATCHDOG_US / 1e6)
            daemon.process.send_signal(signal.SIGCONT)
            systemd.wait_for("WATCHDOG")


def test_a_worker_that_hangs_costs_a_meal_and_its_replacement_brings_them_back(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": str(WATCHDOG_US)}
        patience = ("--worker-ping-timeout-s", "3", "--worker-ping-interval-s", "0.5")
        with running("--workers", "1", *patience, environ=environ) as daemon:
            systemd.wait_for("WATCHDOG")
            (pid,) = daemon.wait_ready().worker_pids()
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            until_sync(lambda: "a worker does not answer: the watchdog is not fed" in daemon.log)
            until_sync(lambda: daemon.worker_pids() not in ([None], [pid]))
            systemd.listen().clear()
            systemd.wait_for("WATCHDOG")


def test_workers_inherit_nothing_of_it(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "60000000"}
        with running("--workers", "1", environ=environ) as daemon:
            daemon.wait_ready()
            (pid,) = daemon.worker_pids()
            inherited = Path(f"/proc/{pid}/environ").read_bytes()
            assert not any(name in inherited for name in (b"NOTIFY_SOCKET", b"WATCHDOG_USEC", b"LISTEN_FDS"))


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="front")
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_who_connects_before_the_start_is_served_and_a_restart_refuses_nobody(tmp_path: Path) -> None:
    environ = {**os.environ, "RUNTIME_DIRECTORY": str(tmp_path)}
    with socket.create_server(("127.0.0.1", 0)) as front:
        port = front.getsockname()[1]
        for _ in range(2):
            command = [sys.executable, "-c", ACTIVATE, str(front.fileno()), *TINY_DAEMON, "--workers", "1"]
            with (
                socket.create_connection(("127.0.0.1", port)) as early,
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environ,
                    pass_fds=(front.fileno(),),
                    stderr=subprocess.PIPE,
                    text=True,
                ) as daemon,
            ):
                try:
                    early.settimeout(30)
                    early.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    assert early.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
                    assert daemon.stderr is not None
                    assert any(f"open http://127.0.0.1:{port}/" in line for line in daemon.stderr)
                finally:
                    daemon.terminate()
                    daemon.communicate(timeout=30)
                assert daemon.returncode == ExitCode.OK


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed")
def test_systemds_own_socket_activation() -> None:
    port = free_port()
    command = ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", *TINY_DAEMON, "--workers", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    ) as daemon:
        try:
            assert daemon.stderr is not None
            assert "Listening on" in daemon.stderr.readline()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
                assert answer.status == 200
        finally:
            daemon.terminate()
            daemon.communicate(timeout=30)
        assert daemon.returncode == ExitCode.OK
