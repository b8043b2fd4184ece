"""The thread that waits for the disk, so that receiving never does."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from mediad.pipe.recorder_requests import EndCode

MAX_QUEUED_BYTES = 64 * 1024 * 1024
MAX_WAIT_US = 10_000_000
"""The longest time that a frame may wait for the disk: what waits is lost in a crash."""

Result = TypeVar("Result")
Job = Callable[[], None]


class TooSlow(Exception):
    """The disk does not keep up."""


class Writer:
    """Jobs, done one after the other by a thread."""

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        """Start the thread; `on_error` is called in the event loop for a job of `put` that failed."""
        self.queued_bytes = 0
        self._loop = asyncio.get_running_loop()
        self._on_error = on_error
        self._jobs: queue.SimpleQueue[tuple[Job, int, int, Job | None] | None] = queue.SimpleQueue()
        self._begun_us: int | None = None
        """The time at which the job that is under way was put."""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def put(self, job: Job, size: int, now_us: int, then: Job | None = None) -> None:
        """Have a job done that holds `size` bytes; `then` is called in the event loop, even after an error.

        Raises TooSlow when too much waits already, unless the job holds nothing.
        """
        begun_us = self._begun_us
        if size and self.queued_bytes + size > MAX_QUEUED_BYTES:
            raise TooSlow(f"{self.queued_bytes >> 20} MiB wait for the disk")
        if size and begun_us is not None and now_us - begun_us > MAX_WAIT_US:
            raise TooSlow(f"the disk has not taken anything for {(now_us - begun_us) / 1e6:.0f} s")
        self.queued_bytes += size
        self._jobs.put((job, size, now_us, then))

    def call(self, job: Callable[[], Result]) -> asyncio.Future[Result]:
        """Have a job done after those before it; return its result."""
        done: Future[Result] = Future()

        def run() -> None:
            try:
                done.set_result(job())
            except Exception as error:
                done.set_exception(error)

        self._jobs.put((run, 0, 0, None))
        return asyncio.wrap_future(done, loop=self._loop)

    def end(self) -> None:
        """Let the thread end after the jobs that wait. It is a daemon: a disk that hangs keeps nobody."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, size, put_us, then = entry
            self._begun_us = put_us or None
            try:
                job()
            except Exception as error:
                self._tell(self._on_error, error)
            self._begun_us = None
            if size:
                self._tell(self._done, size)
            if then is not None:
                self._tell(then)

    def _done(self, size: int) -> None:
        self.queued_bytes -= size

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
            self._loop.call_soon_threadsafe(what, *arguments)


def end_of(error: Exception, path: str) -> tuple[EndCode, str]:
    """Return the code and the reason with which a recording ends for this error."""
    reason = f"{path}: {getattr(error, 'strerror', None) or error}"
    if isinstance(error, TooSlow):
        return "disk-slow", reason
    if not isinstance(error, OSError):
        return "bug", f"{path}: {type(error).__name__}: {error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk-full", reason
    if error.errno == errno.EFBIG:
        return "file-size", reason
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return "directory-gone", reason
    return "disk-error", reason
