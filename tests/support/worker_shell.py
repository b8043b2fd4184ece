"""A worker process held by its two pipes, as the supervisor would, but one message at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mediad.config.settings import WorkerSettings
from mediad.protocols.envelope import Decoder, Message, Request, encode
from tests.support.ports import free_port
from tests.support.worker_settings import worker_settings

ROOT = Path(__file__).parents[2]
REAL = (sys.executable, "-m", "mediad.worker")
FAKE = (sys.executable, "-m", "tests.support.fake_worker_server")
"""The command of a fake worker, to be followed by a mode."""


class Started:
    """A worker process and our ends of its pipes."""

    def __init__(self, program: Sequence[str], settings: WorkerSettings) -> None:
        worker_in, self.write_fd = os.pipe()
        self.read_fd, worker_out = os.pipe()
        self.process = subprocess.Popen(
            [*program, str(worker_in), str(worker_out), settings.to_json()],
            cwd=ROOT,
            pass_fds=(worker_in, worker_out),
            stdout=subprocess.PIPE,
            text=True,
        )
        os.close(worker_in)
        os.close(worker_out)
        assert self.process.stdout is not None
        self.stdout = self.process.stdout
        self.decoder = Decoder()
        self.waiting: list[Message] = []

    def hear(self) -> Message | None:
        """The next message; None at the end of the pipe."""
        while not self.waiting:
            data = os.read(self.read_fd, 65536)
            if not data:
                return None
            self.waiting += self.decoder.feed(data)
        return self.waiting.pop(0)

    def ask(self, method: str, **data: object) -> Message | None:
        os.write(self.write_fd, encode(Request(1, method, data)))
        return self.hear()

    def hang_up(self) -> None:
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1


@contextmanager
def started_worker(program: Sequence[str], port: int | None = None) -> Iterator[Started]:
    started = Started(program, worker_settings(4, rtc_first_port=port or free_port()))
    try:
        yield started
    finally:
        started.hang_up()
        os.close(started.read_fd)
        started.process.kill()
        started.process.wait()
        started.stdout.close()
