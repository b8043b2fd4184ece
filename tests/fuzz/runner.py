"""Feeds mutated input to a target in a process of its own and keeps what broke it.

The input under way lies in a file that both processes map, so it survives the child, however it ends: by an
exception the target does not document, a sanitizer's abort, a signal, or by not ending.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutate import mutate

CRASHES = Path(os.environ.get("MEDIAD_CRASHES", Path(__file__).parent / "crashes"))
MAX_INPUT = 4096
HANG_S = 10
EXIT_CRASHED = 99


@dataclass(frozen=True, slots=True)
class Target:
    """`make()` returns a function that takes one input; it may raise `documented` and nothing else."""

    name: str
    seeds: Sequence[bytes]
    make: Callable[[], Callable[[bytes], object]]
    documented: tuple[type[Exception], ...] = ()

    def known_crashes(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(CRASHES.glob(f"{self.name}-*.bin"))]


def feed(target: Target, take: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(*target.documented):
        take(data)


def fuzz(target: Target, seconds: float, seed: int) -> tuple[int, Path | None]:
    """Return the number of inputs tried, and the file with the one that broke the target."""
    with tempfile.TemporaryFile() as file:
        file.truncate(16 + MAX_INPUT)
        with mmap.mmap(file.fileno(), 0) as shared:
            child = os.fork()
            if not child:
                _run_child(target, shared, seconds, seed)
            _, status = os.waitpid(child, 0)
            tried = int.from_bytes(shared[0:8], "little")
            if status == 0:
                return tried, None
            length = int.from_bytes(shared[8:16], "little")
            return tried, _keep(target, shared[16 : 16 + length])


def _run_child(target: Target, shared: mmap.mmap, seconds: float, seed: int) -> None:
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # a hang ends the process, native code included
        chance = random.Random(seed)
        take = target.make()
        inputs = [*target.seeds, *target.known_crashes()]
        end = time.monotonic() + seconds
        tried = 0
        while tried < len(inputs) or time.monotonic() < end:
            data = inputs[tried] if tried < len(inputs) else mutate(inputs, chance, MAX_INPUT)
            tried += 1
            shared[0:16] = tried.to_bytes(8, "little") + len(data[:MAX_INPUT]).to_bytes(8, "little")
            shared[16 : 16 + len(data[:MAX_INPUT])] = data[:MAX_INPUT]
            if tried % 1024 == 1:
                signal.alarm(HANG_S)
            feed(target, take, data)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(EXIT_CRASHED)


def _keep(target: Target, data: bytes) -> Path:
    CRASHES.mkdir(exist_ok=True)
    path = CRASHES / f"{target.name}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    return path
