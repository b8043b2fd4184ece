"""The output of log lines, which never makes a caller wait: a bounded queue, and a thread that writes.

Standard error may be a pipe whose reader has stopped, and the journal may be down. The process must not stop
with them: lines that do not fit are counted, and reported once there is room again.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from mediad.words import plural

MAX_LINES = 10_000
FLUSH_TIMEOUT_S = 1.0

JOURNAL_SOCKET = "/run/systemd/journal/socket"

Write = Callable[[bytes], None]


class Sink:
    """A queue and its thread, which calls `write` with one line after the other.

    `write` may block, and may raise OSError, which loses that line.
    """

    def __init__(self, write: Write, say: Callable[[str], bytes], max_lines: int = MAX_LINES) -> None:
        """Start the thread. `say` makes a line of the sink's own reports."""
        self.lost = 0
        """Lines that did not fit, or could not be written."""
        self._write = write
        self._say = say
        self._max_lines = max_lines
        self._lines: deque[bytes] = deque()
        self._untold = 0
        self._writing = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, line: bytes) -> None:
        """Queue a line; returns at once."""
        with self._changed:
            if self._closed or len(self._lines) >= self._max_lines:
                self.lost += 1
                self._untold += 1
                return
            self._lines.append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout_s: float = FLUSH_TIMEOUT_S) -> bool:
        """Wait until everything is written, for at most `timeout_s`. Returns True when it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._lines or self._writing), timeout_s)

    def close(self) -> None:
        """Flush, and accept no more lines."""
        self.flush()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while (line := self._next()) is not None:
            try:
                self._write(line)
            except OSError:
                self.lost += 1
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _next(self) -> bytes | None:
        """The next line, None at the end. After a loss, the report of it comes first."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closed)
            if not self._lines:
                return None
            self._writing = True
            if self._untold and len(self._lines) < self._max_lines:
                untold, self._untold = self._untold, 0
                return self._say(f"{plural(untold, 'line')} not logged: the log was not read fast enough")
            return self._lines.popleft()


def to_descriptor(fd: int) -> Write:
    """Return a function that writes whole lines to `fd`."""

    def write(line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:  # another process that shares it has made it non-blocking
                time.sleep(0.01)

    return write


def to_journal(path: str = JOURNAL_SOCKET) -> Write:
    """Return a function that sends datagrams to journald; by name each time, so that it may be restarted."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def write(line: bytes) -> None:
        sock.sendto(line, path)

    return write
