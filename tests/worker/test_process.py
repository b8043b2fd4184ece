"""A worker's life as a real process: how it starts, what it ignores, and that it outlives no supervisor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from mediad import __version__
from mediad.exit_codes import ExitCode
from mediad.protocols.envelope import PIPE_VERSION, Event, Response
from mediad.worker.process import OOM_SCORE_ADJUST
from tests.support.loops import until_sync
from tests.support.ports import free_port
from tests.support.worker_settings import worker_settings
from tests.support.worker_shell import FAKE, ROOT, started_worker
from tests.support.workers import alive

READY = (*FAKE, "ready")


def test_ready_answers_and_ends_with_the_pipe() -> None:
    with started_worker(READY) as started:
        ready = {"pid": started.process.pid, "version": __version__, "pipe": PIPE_VERSION}
        assert started.hear() == Event("worker.ready", ready)
        assert started.ask("test.echo", n=1) == Response(1, True, {"n": 1})
        assert started.ask("test.refuse") == Response(1, False, {"code": "state", "reason": "not now"})
        assert started.ask("test.events") == Event("router.speaker", {"producerId": "p", "routerId": "r"})
        assert started.hear() == Response(1, True, {})
        started.hang_up()
        assert started.hear() is None
        assert started.process.wait(20) == ExitCode.OK
        assert started.stdout.read() == "goodbye\n"


def test_a_taken_port_is_named_and_has_its_exit_code() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with started_worker(READY, port) as started:
            reason = f"worker 4: UDP port {port} on 127.0.0.1 is already in use"
            failed = started.hear()
            assert isinstance(failed, Event)
            assert (failed.name, failed.data["code"]) == ("worker.failed", "port")
            assert failed.data["reason"].startswith(reason)
            assert started.hear() is None
            assert started.process.wait(20) == ExitCode.PORT


def test_any_other_failure_has_its_reason_too() -> None:
    with started_worker((*FAKE, "broken")) as started:
        failed = started.hear()
        assert isinstance(failed, Event)
        assert failed.data["code"] == "error"
        assert "the disk is on fire" in failed.data["reason"]
        assert started.process.wait(20) == ExitCode.SOFTWARE


def test_a_broken_pipe_format_ends_it() -> None:
    with started_worker(READY) as started:
        started.hear()
        os.write(started.write_fd, b"\xff\xff\xff\xff")
        assert started.hear() is None
        assert started.process.wait(20) == ExitCode.OK


def test_signals_for_the_group_are_not_for_it() -> None:
    with started_worker(READY) as started:
        started.hear()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            started.process.send_signal(number)
        assert started.ask("test.echo", n=1) == Response(1, True, {"n": 1})
        score = Path(f"/proc/{started.process.pid}/oom_score_adj").read_text()
        assert int(score) == OOM_SCORE_ADJUST
        assert Path(f"/proc/{started.process.pid}/comm").read_text() == "mediad-w4\n"


# A supervisor whose own pipe end lives on in a child of its own, so that only the kernel can tell the worker.
SUPERVISOR = """
import os, subprocess, sys, time
worker_in, write_fd = os.pipe()
read_fd, worker_out = os.pipe()
command = [*sys.argv[1:-1], str(worker_in), str(worker_out), sys.argv[-1]]
worker = subprocess.Popen(command, pass_fds=(worker_in, worker_out), stdout=subprocess.DEVNULL)
keeper = subprocess.Popen(["sleep", "60"], pass_fds=(write_fd,), stdout=subprocess.DEVNULL)
os.read(read_fd, 1)  # it is ready
print(worker.pid, keeper.pid, flush=True)
time.sleep(60)
"""


def test_it_dies_with_its_supervisor_even_when_the_pipe_stays_open() -> None:
    settings = worker_settings(4, rtc_first_port=free_port())
    command = [sys.executable, "-c", SUPERVISOR, *READY, settings.to_json()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        worker_pid, keeper_pid = map(int, supervisor.stdout.readline().split())
        try:
            assert alive(worker_pid)
            supervisor.kill()
            until_sync(lambda: not alive(worker_pid))
        finally:
            os.kill(keeper_pid, signal.SIGKILL)
