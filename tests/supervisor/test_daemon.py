"""The supervisor as a process, with tiny workers and real WebSockets: serving, losing workers, ending."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from mediad.exit_codes import ExitCode
from tests.support.daemons import TINY_DAEMON, Daemon, running
from tests.support.loops import until_sync
from tests.support.workers import alive

SERVICE_RESTART = 1012


class Enter(Protocol):
    def __call__(self, daemon: Daemon, room: str, peer: str = "ana") -> ClientConnection: ...


@pytest.fixture
def enter() -> Iterator[Enter]:
    """Connects a peer to a room, and hangs up in the end."""
    with ExitStack() as stack:

        def connected(daemon: Daemon, room: str, peer: str = "ana") -> ClientConnection:
            assert daemon.url is not None
            url = daemon.url.replace("http", "ws") + f"?roomId={room}&peerId={peer}"
            protoo = [Subprotocol("protoo")]
            connection = stack.enter_context(connect(url, subprotocols=protoo, close_timeout=1))
            connection.recv(timeout=10)  # the greeting
            return connection

        yield connected


def close_code(connection: ClientConnection) -> int | None:
    """The code the server closes with, whatever it says before."""
    try:
        for _ in range(1000):
            connection.recv(timeout=20)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
    raise AssertionError("it was not closed")


def mediactl(daemon: Daemon, *arguments: str, folder: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mediad.ctl.main", *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "RUNTIME_DIRECTORY": folder},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_serves_and_sigterm_leaves_no_process(enter: Enter) -> None:
    with running("--workers", "2") as daemon:
        daemon.wait_ready()
        pids = daemon.worker_pids()
        assert len(pids) == 2
        assert daemon.get("health") == (
            200,
            {"status": "ok", "workers": 2, "workersReady": 2, "problems": []},
        )
        room = enter(daemon, "lobby")
        assert daemon.get("stats")[1]["distribution"] == {"0": ["lobby"], "1": []}
        daemon.process.send_signal(signal.SIGTERM)
        assert close_code(room) == SERVICE_RESTART
        assert daemon.wait_exit() == ExitCode.OK
        assert not any(alive(pid) for pid in pids if pid)
        assert daemon.lines[-1].endswith("mediad has stopped")
        assert "rror" not in daemon.log


def test_a_dead_worker_costs_its_rooms_and_comes_back(enter: Enter) -> None:
    with running("--workers", "2") as daemon:
        daemon.wait_ready()
        rooms = {name: enter(daemon, name) for name in ("one", "two")}
        before = daemon.worker_pids()
        mine = 0 if "one" in daemon.get("stats")[1]["distribution"]["0"] else 1  # whoever was less busy
        killed = before[mine]
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert close_code(rooms["one"]) == SERVICE_RESTART
        rooms["two"].ping().wait(10)
        again = enter(daemon, "one")
        until_sync(lambda: None not in daemon.worker_pids())
        after = daemon.worker_pids()
        assert after[mine] != killed
        assert after[1 - mine] == before[1 - mine]
        assert daemon.get("stats")[1]["totalRooms"] == 2
        assert "it was killed by SIGKILL" in daemon.log
        again.close()
        rooms["two"].close()
        until_sync(lambda: daemon.get("stats")[1]["totalRooms"] == 0)


def test_a_crash_loop_shows_in_health_and_a_person_ends_the_waiting(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with running("--workers", "2", environ={"RUNTIME_DIRECTORY": folder}) as daemon:
        daemon.wait_ready()
        for _ in range(8):
            pid = daemon.worker_pids()[0]
            assert pid is not None
            os.kill(pid, signal.SIGABRT)
            until_sync(lambda: daemon.worker_pids()[0] != pid)
            if (daemon.get("workers")[1]["workers"][0]["nextStartS"] or 0) > 1.5:
                break
            until_sync(lambda: daemon.worker_pids()[0])
        status, health = daemon.get("health")
        assert (status, health["status"], health["workersReady"]) == (200, "degraded", 1)
        assert "in a row, last: it was killed by SIGABRT" in health["problems"][0]
        restarted = mediactl(daemon, "worker", "restart", "0", folder=folder)
        assert (restarted.returncode, restarted.stdout) == (0, "worker 0: restarted\n"), restarted.stderr
        assert daemon.get("health")[1]["status"] == "ok"
        unheard = mediactl(daemon, "worker", "restart", "7", folder=folder)
        assert (unheard.returncode, unheard.stderr) == (
            1,
            "mediactl: there is no worker 7, they are 0 to 1\n",
        )


def test_draining_lets_rooms_end_and_takes_no_new_ones(enter: Enter) -> None:
    with running("--workers", "1", "--shutdown-grace-s", "60") as daemon:
        daemon.wait_ready()
        room = enter(daemon, "old")
        daemon.process.send_signal(signal.SIGTERM)
        until_sync(lambda: daemon.get("health")[0] == 503)
        assert daemon.get("health")[1]["status"] == "draining"
        with pytest.raises(InvalidStatus) as caught:
            enter(daemon, "new")
        assert caught.value.response.status_code == 503
        second = enter(daemon, "old", "ben")  # who is in a call may be joined
        second.close()
        room.ping().wait(10)
        room.close()
        assert daemon.wait_exit() == ExitCode.OK


def test_the_second_sigterm_means_now(enter: Enter) -> None:
    with running("--workers", "1", "--shutdown-grace-s", "600") as daemon:
        daemon.wait_ready()
        pids = daemon.worker_pids()
        enter(daemon, "old")
        daemon.process.send_signal(signal.SIGTERM)
        until_sync(lambda: daemon.get("health")[0] == 503)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait_exit() == ExitCode.OK
        assert not any(alive(pid) for pid in pids if pid)


def test_control_c_stops_it_too() -> None:
    with running("--workers", "1") as daemon:
        daemon.wait_ready()
        daemon.process.send_signal(signal.SIGINT)
        assert daemon.wait_exit() == ExitCode.OK


def test_a_signal_during_the_start_ends_it() -> None:
    with running(command=(*TINY_DAEMON[:-1], "mute")) as daemon:
        until_sync(lambda: children_of(daemon.process.pid))
        pids = children_of(daemon.process.pid)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait_exit() == ExitCode.OK
        assert not any(alive(pid) for pid in pids)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_supervisor_killed_9_leaves_no_orphan() -> None:
    with running("--workers", "3") as daemon:
        daemon.wait_ready()
        pids = [pid for pid in daemon.worker_pids() if pid]
        assert all(alive(pid) for pid in pids)
        daemon.process.kill()
        until_sync(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize(
    ("mode", "code", "line"),
    [
        ("port", ExitCode.PORT, "worker 0: wrong port"),
        ("config", ExitCode.CONFIG, "worker 0: wrong config"),
        ("crash", ExitCode.SOFTWARE, "worker 0 could not start: it exited with status 3"),
    ],
)
def test_workers_that_cannot_start(mode: str, code: ExitCode, line: str) -> None:
    with running("--workers", "1", command=(*TINY_DAEMON[:-1], mode)) as daemon:
        assert daemon.wait_exit() == code
        assert daemon.lines[-1].endswith(line)


def test_a_taken_front_port_is_named_before_any_worker_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("--port", str(port)) as daemon:
            assert daemon.wait_exit() == ExitCode.PORT
            (line,) = daemon.lines
            assert line.split(maxsplit=2)[2].startswith(f"TCP port {port} on 127.0.0.1 is already in use by ")
            assert line.endswith(f"(pid {os.getpid()}); stop that program, or choose another with --port")


def test_mediactl_sees_it(enter: Enter, tmp_path: Path) -> None:
    folder = str(tmp_path)
    with running("--workers", "1", environ={"RUNTIME_DIRECTORY": folder}) as daemon:
        daemon.wait_ready()
        room = enter(daemon, "lobby")
        status = mediactl(daemon, "status", folder=folder)
        assert status.returncode == 0, status.stderr
        assert daemon.url is not None
        assert daemon.url in status.stdout
        rooms = mediactl(daemon, "rooms", folder=folder)
        assert rooms.stdout.splitlines()[1].split()[:3] == ["lobby", "0", "1"]
        assert mediactl(daemon, "stats", "--json", folder=folder).returncode == 0
        room.close()
        daemon.process.terminate()
        daemon.wait_exit()
        assert os.listdir(folder) == []


def test_a_default_admin_socket_in_use_is_no_reason_to_stay_away(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": str(tmp_path)}
    with running(environ=environ) as first:
        first.wait_ready()
        with running(environ=environ) as second:
            second.wait_ready()
            assert "belongs to another mediad" in second.log
        with running("--admin-socket", str(tmp_path / "mediad.sock")) as third:
            assert third.wait_exit() == ExitCode.PORT
        assert mediactl(first, "status", folder=str(tmp_path)).returncode == 0


def test_codecs_no_room_can_offer_are_a_wrong_setting() -> None:
    with running(
        "--media-codecs", '[{"mimeType": "video/NOPE", "kind": "video", "clockRate": 90000}]'
    ) as daemon:
        assert daemon.wait_exit() == ExitCode.CONFIG
        assert daemon.lines[-1].startswith("mediad: media_codecs: ")
