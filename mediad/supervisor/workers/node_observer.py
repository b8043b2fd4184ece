"""The observer of the node's own events: workers and drains. `rooms/observer.py` is the one of rooms."""

from __future__ import annotations

import signal

from mediad.supervisor.workers.link import PIPE_CLOSED

DEATH_CAUSES = ("given-up", "killed", "crashed", "exited")


class NodeObserver:
    """An observer that does nothing. Methods return at once and never raise."""

    def worker_ready(self, worker_id: int, pid: int) -> None: ...

    def worker_died(self, worker_id: int, cause: str, reason: str) -> None:
        """A worker died, not on purpose. `cause` is one of DEATH_CAUSES (see `death_cause`)."""

    def drain_changed(self, worker_id: int | None, draining: bool) -> None:
        """A drain began or was undone: of one worker, or with None of the node."""


def death_cause(reason: str, status: int, *, killed: bool) -> str:
    """The cause of a worker's end, from the reason it was lost for, its exit status, and who killed it.

    given-up      it did not answer, or reported a failure, and we killed it
    killed        SIGKILL from elsewhere: the kernel when memory runs out, or an operator
    crashed       another signal
    exited        an exit of its own
    """
    if killed and reason != PIPE_CLOSED:
        return "given-up"
    if status == -signal.SIGKILL:
        return "killed"
    return "crashed" if status < 0 else "exited"
