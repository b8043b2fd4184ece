"""Chooses the few inputs of a target that together run all that its many inputs run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.feedback import Feedback
from tests.fuzz.target import MAX_INPUT, Target, feed, keep_corpus

MAX_BYTES = 20_000
"""The size that the corpus of one target may have before it is packed."""


def minimise(target: Target, work: Path) -> None:
    """Write the target's corpus anew, from itself and from what runs found, in a process of its own."""
    child = os.fork()
    if not child:
        found = [path.read_bytes() for path in sorted((work / target.name).glob("*.bin"))]
        kept = _chosen(target, [*target.corpus(), *found])
        if kept:
            keep_corpus(target, kept)
        print(
            f"{target.name:20} {len(kept):5} of {len(found)} inputs, {sum(map(len, kept)):7} bytes",
            flush=True,
        )
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"{target.name} did not come through its own corpus"


def _chosen(target: Target, inputs: Sequence[bytes]) -> list[bytes]:
    take, feedback = target.make(), Feedback(watches_python=target.watches_python)

    def news(data: bytes) -> int:
        feedback.begin()
        try:
            feed(target, take, data)
        finally:
            gained = feedback.end()
        return gained

    for data in target.seeds:
        news(data)
    gains = []
    for data in sorted({one[:MAX_INPUT] for one in inputs}, key=len):
        if gained := news(data):
            gains.append((gained, data))
    gains.sort(key=lambda one: len(one[1]) / one[0])
    kept, size = [], 0
    for _, data in gains:
        if size + len(data) <= MAX_BYTES:
            kept.append(data)
            size += len(data)
    return sorted(kept, key=lambda data: (len(data), data))
