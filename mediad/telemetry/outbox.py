"""The outbox: events that wait for a receiver that may be away, in order, in memory and in a file.

The file is one JSON object a line. It only grows until everything is delivered (then it is emptied) or most
of it is (then it is written anew), so after a crash it has some events that were delivered already: receivers
know them by their `id`. When the disk fails, the events are kept in memory alone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from mediad.secret_files import replace_file
from mediad.telemetry.fair_queue import FairQueue
from mediad.telemetry.feed import Event
from mediad.words import plural

LIMIT = 100_000
"""Events kept for a receiver that is away: some 30 MB, more than a day with a join or leave a second."""

COMPACT_LINES = 1000

logger = logging.getLogger(__name__)


class Outbox:
    """A queue, first in, first out. Beyond `limit` the oldest of the noisiest room go, and are counted."""

    def __init__(
        self, path: str | None = None, limit: int = LIMIT, on_lost: Callable[[int], None] = lambda count: None
    ) -> None:
        """Open the outbox; events that an earlier daemon left at `path` come first.

        Without a path events do not outlive this process. `on_lost` is told how many were just dropped.
        """
        self.lost = 0
        """Events that were dropped to make room."""
        self._path = path
        self._on_lost = on_lost
        self._events = FairQueue(limit)  # as JSON: a third of the memory, and ready to be written
        self._stale = 0  # lines of the file that are for events no longer here
        self._fd: int | None = None
        if path is not None:
            self._open(path)

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        line = json.dumps(event).encode()
        lost = self._events.put(line, _room(event))
        self._append(line)
        if lost:
            self._lose(lost)

    def peek(self, count: int) -> tuple[list[bytes], int]:
        """The next `count` events at most, each as JSON, and the mark to tell `taken` once they arrived."""
        return self._events.peek(count)

    def taken(self, mark: int) -> None:
        """Remove the events up to `mark`, which have arrived; some may have been dropped meanwhile."""
        self._gone(self._events.taken(mark))

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _lose(self, count: int) -> None:
        self.lost += count
        self._gone(count)
        self._on_lost(count)

    def _gone(self, count: int) -> None:
        """Note that events have left the queue, and make the file shorter when most of it is of those."""
        self._stale += count
        if self._fd is None:
            return
        if not self._events:
            with self._disk():
                os.ftruncate(self._fd, 0)
            self._stale = 0
        elif self._stale >= max(COMPACT_LINES, len(self._events)):
            self._compact()

    # -- the file ------------------------------------------------------------------------------------------

    def _open(self, path: str) -> None:
        with self._disk():
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            lost = 0
            lines = Path(path).read_bytes().splitlines(keepends=True)
            for line in lines:
                with contextlib.suppress(ValueError):  # the last line of a crash may be half a one
                    lost += self._events.put(line.rstrip(b"\n"), _room(json.loads(line)))
            if lines and not lines[-1].endswith(b"\n"):
                os.write(self._fd, b"\n")
            if lost:
                self._lose(lost)
        if self._events:
            logger.info("%s of an earlier run will be delivered first", plural(len(self._events), "event"))

    def _append(self, line: bytes) -> None:
        if self._fd is not None:
            with self._disk():
                os.write(self._fd, line + b"\n")

    def _compact(self) -> None:
        assert self._path is not None
        with self._disk():
            lines = b"".join(line + b"\n" for line in self._events.all())
            replace_file(Path(self._path), lines, durable=False)  # the event loop does not wait for disks
            self.close()
            self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self._stale = 0

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        """A context whose OSError is logged, and ends the action inside."""
        try:
            yield
        except OSError as error:
            logger.warning(
                "the webhook outbox %s cannot be used: %s; events not delivered are lost if mediad ends",
                self._path,
                error.strerror,
            )


def _room(event: object) -> str:
    """Return the room of an event; "" of none."""
    room = event.get("room") if isinstance(event, dict) else None
    return room if isinstance(room, str) else ""
