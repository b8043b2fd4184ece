"""The real daemon as a subprocess: started, waited for, asked over HTTP, and proven gone afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from mediad.config.settings import KEYS
from tests.support.namespace import Namespace
from tests.support.ports import free_media_ports, free_port

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
_MARK = "LC_TEST_DAEMON_ID"  # a worker gets LC_… of the environment, and little else
T = TypeVar("T")


class Daemon:
    """`with Daemon(workers=2) as daemon:` serves `daemon.url` and `daemon.ws_url`, on 127.0.0.1 by default.

    Every process it starts carries a mark in its environment; leaving the block fails if one lives on.
    With a `namespace` it lives there, and is asked over HTTP from there.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        namespace: Namespace | None = None,
        log_to: int | None = None,
        **settings: object,
    ) -> None:
        """Start a daemon. Its log is kept, unless it goes to the descriptor `log_to`."""
        self._namespace = namespace
        self.port = free_port()
        self.rtc_base_port = free_media_ports(workers)
        self._directory = tempfile.TemporaryDirectory(prefix="daemon-")
        self.admin_socket = str(Path(self._directory.name) / "admin.sock")
        self._log_path = Path(self._directory.name) / "log"
        self._settings: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "workers": workers,
            "listen-ip": "127.0.0.1",
            "rtc-base-port": self.rtc_base_port,
            "admin-socket": self.admin_socket,
            **{key.replace("_", "-"): value for key, value in settings.items()},
        }
        self._log_to = log_to
        self._mark = uuid.uuid4().hex
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self._authority}"

    def ws_url(self, room_id: str, peer_id: str) -> str:
        query = urllib.parse.urlencode({"roomId": room_id, "peerId": peer_id})
        return f"ws://{self._authority}/?{query}"

    @property
    def _authority(self) -> str:
        host = str(self._settings["host"])
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the daemon was not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """Return all that the daemon and its workers wrote so far."""
        return self._log_path.read_text(errors="replace")

    def __enter__(self) -> Daemon:
        flags = [text for key, value in self._settings.items() for text in (f"--{key}", str(value))]
        with self._log_path.open("wb") as log:
            self._process = self._inside(
                lambda: subprocess.Popen(
                    [sys.executable, "-m", "mediad.supervisor.main", *flags],
                    cwd=ROOT,
                    env=clean_environment() | {_MARK: self._mark},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT if self._log_to is None else self._log_to,
                )
            )
        try:
            self._wait_until_healthy()
        except BaseException:
            self._kill_everything()
            self._directory.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"--- log of the daemon ---\n{self.log}", file=sys.stderr)
        try:
            left = self.stop()
            log = self.log
        finally:
            self._kill_everything()
            self._directory.cleanup()
        if error is None:
            assert left == [], f"processes left behind: {left}\n{log}"

    def stop(self) -> list[int]:
        """SIGTERM, then wait. The pids that still live after `STOP_TIMEOUT_S`: none, if all is well."""
        assert self._process is not None, "the daemon was not started"
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.pids() and time.monotonic() < deadline:
            self._process.poll()  # reaps it, so that it leaves /proc
            time.sleep(0.02)
        return self.pids()

    def wait_exit(self) -> int:
        """Wait until it has ended by itself and return its exit code."""
        assert self._process is not None, "the daemon was not started"
        return self._process.wait(STOP_TIMEOUT_S)

    def pids(self) -> list[int]:
        """The daemon and everything it started that is still running."""
        return [
            pid for pid, environment in _environments() if f"{_MARK}={self._mark}".encode() in environment
        ]

    def get(self, path: str) -> tuple[int, Any]:
        """HTTP status and decoded body of GET `path`."""

        def ask() -> tuple[int, Any]:
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                    return answer.status, _decode(answer.read())
            except urllib.error.HTTPError as answer:
                return answer.code, _decode(answer.read())

        return self._inside(ask)

    def stats(self) -> dict[str, Any]:
        """`GET /stats`: workers, distribution, totalRooms."""
        status, body = self.get("/stats")
        assert status == 200, body
        return dict(body)

    def worker_pids(self) -> dict[int, int]:
        """Worker id → pid of the workers that run now."""
        return {
            int(worker["workerId"]): int(worker["pid"])
            for worker in self.stats()["workers"]
            if worker["pid"] is not None
        }

    def worker_of(self, room_id: str) -> int:
        """The id of the worker the room lives on."""
        for worker_id, rooms in self.stats()["distribution"].items():
            if room_id in rooms:
                return int(worker_id)
        raise AssertionError(f"room {room_id} is nowhere")

    def kill_worker(self, worker_id: int) -> None:
        """SIGKILL, as a crash would have it."""
        os.kill(self.worker_pids()[worker_id], signal.SIGKILL)

    def _inside(self, action: Callable[[], T]) -> T:
        return action() if self._namespace is None else self._namespace.run(action)

    def _wait_until_healthy(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        last: object = "no answer"
        while time.monotonic() < deadline:
            code = self._process.poll()
            assert code is None, f"the daemon ended with {code}\n{self.log}"
            try:
                status, last = self.get("/health")
                if status == 200:
                    return
            except (OSError, ValueError) as error:
                last = error
            time.sleep(0.05)
        raise AssertionError(f"not healthy after {START_TIMEOUT_S} s: {last}\n{self.log}")

    def _kill_everything(self) -> None:
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)


def clean_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment without anything mediad would take for a setting."""
    aliases = {alias for key in KEYS.values() for alias in key.aliases}
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("MEDIAD_") and name not in aliases
    }


def _environments() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "environ").read_bytes()
            except OSError:  # gone, or somebody else's
                continue


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
