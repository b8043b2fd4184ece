"""Strangers take every place there is: the daemon still replaces a worker, and answers mediactl."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from urllib.parse import urlsplit

from tests.support.daemons import MEDIAD, running
from tests.support.loops import until_sync
from tests.support.mediactl import run_mediactl

DESCRIPTORS = 256


def test_strangers_leave_descriptors_for_workers_and_operators() -> None:
    command = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", *MEDIAD)
    with running("--workers", "1", command=command) as daemon, contextlib.ExitStack() as stack:
        daemon.wait_ready()
        assert daemon.url is not None
        port = urlsplit(daemon.url).port
        (before,) = daemon.worker_pids()
        assert before is not None
        refused = 0
        for _ in range(DESCRIPTORS + 50):
            stranger = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            stranger.settimeout(0.02)
            with contextlib.suppress(TimeoutError, ConnectionError):
                refused += stranger.recv(100).startswith(b"HTTP/1.1 503 ")
        assert refused > 50
        assert len(os.listdir(f"/proc/{daemon.process.pid}/fd")) < DESCRIPTORS - 64
        os.kill(before, signal.SIGKILL)

        def replaced() -> bool:
            said = run_mediactl(daemon.admin_socket, "status", "--json")
            assert said.code == 0, said.err
            status = json.loads(said.out)
            return bool(status["workersReady"] == 1 and status["restarts"] == 1)

        until_sync(replaced, 40)
