"""The real daemon with its real workers: ports, death, restart and end, as an operator meets them."""

from __future__ import annotations

import os
import signal
import socket

import psutil

from mediad.exit_codes import ExitCode
from tests.support.daemons import MEDIAD, running
from tests.support.loops import until_sync
from tests.support.ports import free_media_ports
from tests.support.workers import alive


def test_a_killed_worker_comes_back_on_its_port_and_sigterm_leaves_nothing() -> None:
    port = free_media_ports(2)
    with running("--workers", "2", "--rtc-base-port", str(port), command=MEDIAD) as daemon:
        daemon.wait_ready()
        before = daemon.worker_pids()
        assert before[1] is not None
        os.kill(before[1], signal.SIGKILL)
        until_sync(lambda: daemon.worker_pids()[1] not in (None, before[1]))
        after = [pid for pid in daemon.worker_pids() if pid]
        assert after[0] == before[0]
        assert [worker["firstPort"] for worker in daemon.get("workers")[1]["workers"]] == [port, port + 1000]
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait_exit() == ExitCode.OK
        assert not any(alive(pid) for pid in after)


def test_a_taken_media_port_is_named_and_not_worth_retrying() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        port = free_media_ports(2) + 1000
        taken.bind(("127.0.0.1", port))
        with running("--workers", "2", "--rtc-base-port", str(port - 1000), command=MEDIAD) as daemon:
            assert daemon.wait_exit() == ExitCode.PORT
            assert f"worker 1: UDP port {port} on 127.0.0.1 is already in use" in daemon.lines[-1]
            assert daemon.lines[-1].endswith(f"; it is {psutil.Process().name()} (pid {os.getpid()})")


def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    with running("--workers", "1", "--listen-ip", "203.0.113.9", command=MEDIAD) as daemon:
        assert daemon.wait_exit() == ExitCode.CONFIG
        assert "listen_ip: got '203.0.113.9', expected an address of this machine" in daemon.log


def test_a_supervisor_killed_9_leaves_no_worker() -> None:
    with running("--workers", "2", "--rtc-base-port", str(free_media_ports(2)), command=MEDIAD) as daemon:
        daemon.wait_ready()
        pids = [pid for pid in daemon.worker_pids() if pid]
        daemon.process.kill()
        until_sync(lambda: not any(alive(pid) for pid in pids))
