"""Where lines go, without ever waiting there: a bounded queue, and a thread that writes.

Standard error may be a pipe whose reader has stopped, and the journal may be down. Whoever logs must not
stand still with them: what does not fit is counted, and said once there is room again.
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
    """`write` is called with one line after the other, in a thread of its own; it may block, and may raise
    OSError, which loses that line."""

    def __init__(self, write: Write, say: Callable[[str], bytes], max_lines: int = MAX_LINES) -> None:
        """`say` makes a line of what the sink itself has to tell."""
        self.lost = 0
        """Lines that found no room, or could not be written."""
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
        """Returns at once."""
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
        """Wait until everything is written, but not for ever; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._lines or self._writing), timeout_s)

    def close(self) -> None:
        """Flush, and take no more."""
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
        """The next line, None at the end. After a loss, that is what is said first."""
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
    """Writes to `fd`, whole lines."""

    def write(line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:  # somebody we share it with made it so
                time.sleep(0.01)

    return write


def to_journal(path: str = JOURNAL_SOCKET) -> Write:
    """Sends datagrams to journald; by name each time, so that it may be restarted."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def write(line: bytes) -> None:
        sock.sendto(line, path)

    return write
