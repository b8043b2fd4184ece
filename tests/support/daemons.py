"""A daemon as a process of its own: started, listened to, asked over HTTP, and never left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.loops import until_sync

ROOT = Path(__file__).parents[2]
MEDIAD = (sys.executable, "-m", "mediad.supervisor.main")
TINY_DAEMON = (sys.executable, "-m", "tests.support.tiny_daemon", "ready")


class Daemon:
    """A process and what it has logged so far."""

    def __init__(self, command: Sequence[str], environ: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._runtime_directory = environ["RUNTIME_DIRECTORY"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environ},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    @property
    def admin_socket(self) -> str:
        return f"{self._runtime_directory}/mediad.sock"

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    @property
    def url(self) -> str | None:
        """The address it serves, once it has printed it."""
        found = re.search(r"is ready: open (https?://\S+/)", self.log)
        return found.group(1) if found else None

    def wait_ready(self) -> Daemon:
        until_sync(lambda: self.url or self.process.poll() is not None, 30)
        assert self.url is not None, self.log
        return self

    def wait_exit(self, timeout_s: float = 30) -> int:
        """Wait until all its output was read and return its exit code."""
        status = self.process.wait(timeout_s)
        self._listener.join()
        return status

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON body of a GET."""
        assert self.url is not None
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def worker_pids(self) -> list[int | None]:
        return [worker["pid"] for worker in self.get("stats")[1]["workers"]]

    def end(self) -> None:
        """Whatever state it is in: gone, with its whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait_exit()
        assert self.process.stderr is not None
        self.process.stderr.close()


@contextmanager
def running(
    *arguments: str, command: Sequence[str] = TINY_DAEMON, environ: dict[str, str] | None = None
) -> Iterator[Daemon]:
    """A daemon on a free front port, its admin socket in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"RUNTIME_DIRECTORY": folder, **(environ or {})}
        daemon = Daemon([*command, "--port", "0", *arguments], given)
        try:
            yield daemon
        finally:
            daemon.end()
