"""The real worker program, from its command line to its exit code."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

from mediad import __version__
from mediad.exit_codes import ExitCode
from mediad.protocols.envelope import PIPE_VERSION, Event, Response
from tests.support.worker_shell import REAL, ROOT, Started, started_worker


def answer(started: Started, method: str, **data: Any) -> dict[str, Any]:
    response = started.ask(method, **data)
    assert isinstance(response, Response)
    assert response.ok, response.data
    return response.data


def test_it_serves_and_ends_with_its_pipe() -> None:
    with started_worker(REAL) as started:
        ready = started.hear()
        assert isinstance(ready, Event)
        confinement = ready.data.pop("confinement")
        assert confinement["off"] is False
        wanted = {"pid": started.process.pid, "version": __version__, "pipe": PIPE_VERSION}
        assert ready == Event("worker.ready", wanted)
        assert answer(started, "worker.ping") == {}
        answer(started, "router.create", routerId="r")
        made = answer(started, "transport.create", routerId="r", transportId="t", forceTcp=False)
        assert made["iceCandidates"][0]["protocol"] == "udp"
        started.hang_up()
        assert started.process.wait(20) == ExitCode.OK


def test_a_taken_port_is_named_and_nothing_else_is_said() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with started_worker(REAL, port) as started:
            reason = f"worker 4: UDP port {port} on 127.0.0.1 is already in use"
            failed = started.hear()
            assert isinstance(failed, Event)
            assert (failed.name, failed.data["code"]) == ("worker.failed", "port")
            assert failed.data["reason"].startswith(reason)
            assert started.process.wait(20) == ExitCode.PORT


def test_settings_it_cannot_read_are_a_wrong_setting() -> None:
    ended = subprocess.run([*REAL, "0", "1", "{}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == ExitCode.CONFIG
    assert ended.stderr.startswith("mediad.worker: worker settings: ")


def test_without_its_arguments_it_says_what_it_wants() -> None:
    ended = subprocess.run(REAL, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == ExitCode.USAGE
    assert "started by mediad" in ended.stderr
