"""Feeds changed input to a target in a process of its own and keeps what broke it.

The input under way lies in a file that both processes map, so it survives the child, however it ends: by an
exception the target does not document, a sanitizer's abort, a signal, or by not ending.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import random
import resource
import signal
import struct
import tempfile
import time
import traceback
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import target as places
from tests.fuzz.feedback import Feedback
from tests.fuzz.mutate import mutate
from tests.fuzz.mutate_json import mutate_json
from tests.fuzz.target import MAX_INPUT, Target, feed

HANG_S = 20
"""The time that one input may take, on a machine that has much else to do."""
MAX_RSS_KIB = 2 << 20
EXTRA_S = 60.0
"""The time beyond a run's end for what was found before, which comes first."""
EXIT_CRASHED = 99
_HEAD = struct.Struct("<QQQQ")  # inputs tried, edges, edges before anything was changed, length of the input


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one run of a target."""

    tried: int
    edges: int
    """The edges that ran, 0 where nothing tells."""
    new_edges: int
    cpu_s: float
    crash: Path | None
    """The file with the input that broke the target."""


class Run:
    """A child process that fuzzes one target; `finished` is called with its status once it has ended."""

    def __init__(self, target: Target, seconds: float, seed: int, work: Path | None = None) -> None:
        self.target = target
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `finished`
        self._file.truncate(_HEAD.size + MAX_INPUT)
        self._shared = mmap.mmap(self._file.fileno(), 0)
        self.pid = os.fork()
        if not self.pid:
            _Child(target, self._shared, work).run(seconds, seed)

    def finished(self, status: int, usage: resource.struct_rusage) -> Outcome:
        """Return what it came to, and keep the input that broke the target."""
        tried, edges, begun, length = _HEAD.unpack_from(self._shared)
        data = self._shared[_HEAD.size : _HEAD.size + length]
        self._shared.close()
        self._file.close()
        crash = _keep(self.target, data) if status else None
        return Outcome(tried, edges, edges - begun, usage.ru_utime + usage.ru_stime, crash)


def fuzz(target: Target, seconds: float, seed: int) -> Outcome:
    """Fuzz one target and wait for it."""
    run = Run(target, seconds, seed)
    _, status, usage = os.wait4(run.pid, 0)
    return run.finished(status, usage)


class _Child:
    """The process that feeds."""

    def __init__(self, target: Target, shared: mmap.mmap, work: Path | None) -> None:
        self._target = target
        self._shared = shared
        self._work = work
        self._change = mutate_json if target.shape == "json" else mutate
        self._feedback = Feedback(watches_python=target.watches_python)
        self._tried = self._begun_edges = 0

    def run(self, seconds: float, seed: int) -> None:
        """Feed for some time, and end the process."""
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # a hang ends the process, native code included
            self._explore(seconds, random.Random(seed))
            self._note(b"")
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(EXIT_CRASHED)

    def _explore(self, seconds: float, chance: random.Random) -> None:
        take = self._target.make()
        found = self._found()
        chance.shuffle(found)  # of many, others come first in each run
        first = deque([*self._target.inputs(), *found])
        corpus = list(first)
        newest: deque[bytes] = deque(maxlen=32)
        solutions: deque[bytes] = deque(maxlen=4096)
        end = time.monotonic() + seconds
        while time.monotonic() < (end + EXTRA_S if first else end):
            is_old = bool(first)
            if first:
                data = first.popleft()
            elif solutions:
                data = solutions.popleft()
            else:
                chosen = newest if newest and chance.random() < 0.3 else corpus
                data = self._change([chance.choice(chosen), *chance.choices(corpus, k=2)], chance, MAX_INPUT)
            if not self._feed(take, data[:MAX_INPUT]):
                continue
            solutions.extend(self._feedback.solutions(data[:MAX_INPUT]))
            if is_old:
                self._begun_edges = self._feedback.known()
            else:
                corpus.append(data)
                newest.append(data)
                self._save(data)

    def _feed(self, take: places.Take, data: bytes) -> int:
        """Feed one input and return how much of what ran was new."""
        self._tried += 1
        self._note(data)
        signal.alarm(HANG_S)
        self._feedback.begin()
        try:
            feed(self._target, take, data)
        finally:
            news = self._feedback.end()
        if self._tried % 1024 == 0:
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MAX_RSS_KIB, (
                "it keeps too much memory"
            )
        return news

    def _note(self, data: bytes) -> None:
        edges = self._feedback.known() if not data or self._tried % 1024 == 0 else None
        if edges is not None:
            struct.pack_into("<QQ", self._shared, 8, edges, self._begun_edges)
        struct.pack_into("<Q", self._shared, 0, self._tried)
        struct.pack_into("<Q", self._shared, 24, len(data))
        self._shared[_HEAD.size : _HEAD.size + len(data)] = data

    def _found(self) -> list[bytes]:
        """Return what earlier runs found and the tree does not hold."""
        if self._work is None:
            return []
        return [path.read_bytes() for path in sorted((self._work / self._target.name).glob("*.bin"))]

    def _save(self, data: bytes) -> None:
        if self._work is not None:
            folder = self._work / self._target.name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{_digest(data)}.bin").write_bytes(data)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _keep(target: Target, data: bytes) -> Path:
    places.CRASHES.mkdir(exist_ok=True)
    path = places.CRASHES / f"{target.name}-{_digest(data)}.bin"
    path.write_bytes(data)
    return path
