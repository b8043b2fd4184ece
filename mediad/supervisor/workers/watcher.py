"""Who hears of what happens to the node itself: its workers and its drains. What happens in rooms is
`rooms/observer.py`."""

from __future__ import annotations

import signal

from mediad.supervisor.workers.link import PIPE_CLOSED

DEATH_CAUSES = ("given-up", "killed", "crashed", "exited")


class Watcher:
    """One that is not interested. Methods return at once and never raise."""

    def worker_ready(self, worker_id: int, pid: int) -> None: ...

    def worker_died(self, worker_id: int, cause: str, reason: str) -> None:
        """Not on purpose. `cause` is one of a few words (see `death_cause`)."""

    def drain_changed(self, worker_id: int | None, draining: bool) -> None:
        """Of one worker, or with None of the node."""


def death_cause(reason: str, status: int, *, killed: bool) -> str:
    """The kind of a worker's end, from the reason it was lost for, its exit status, and whether we killed it.

    given-up      it did not answer, or said it was not well, and we killed it
    killed        SIGKILL from elsewhere: the kernel when memory runs out, or an operator
    crashed       by another signal
    exited        by itself
    """
    if killed and reason != PIPE_CLOSED:
        return "given-up"
    if status == -signal.SIGKILL:
        return "killed"
    return "crashed" if status < 0 else "exited"
