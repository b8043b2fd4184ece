"""Causes of a worker's death."""

from __future__ import annotations

import pytest

from mediad.supervisor.workers.link import PIPE_CLOSED
from mediad.supervisor.workers.node_observer import DEATH_CAUSES, NodeObserver, death_cause


@pytest.mark.parametrize(
    ("reason", "status", "killed", "cause"),
    [
        ("it did not answer for 5 s", -9, True, "given-up"),
        ("it broke the pipe's format: x", -9, True, "given-up"),
        (PIPE_CLOSED, -9, False, "killed"),
        (PIPE_CLOSED, -11, False, "crashed"),
        ("it was killed by SIGSEGV", -11, False, "crashed"),
        (PIPE_CLOSED, 3, False, "exited"),
        (PIPE_CLOSED, -9, True, "killed"),
    ],
)
def test_causes(reason: str, status: int, killed: bool, cause: str) -> None:
    assert death_cause(reason, status, killed=killed) == cause
    assert cause in DEATH_CAUSES


def test_nobody_has_to_watch() -> None:
    observer = NodeObserver()
    observer.worker_ready(0, 1)
    observer.worker_died(0, "killed", "x")
    observer.drain_changed(None, True)
