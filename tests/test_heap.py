"""Memory that was freed goes back, and looking for it does not become a burden."""

from __future__ import annotations

import subprocess
import sys
import weakref

from mediad.heap import FIRST_PAUSE_S, LONGEST_PAUSE_S, HeapKeeper, collect_and_trim
from tests.support.fake_clock import FakeClock

MIB = 1024 * 1024


class Process:
    """Uses some memory, and has the C library keep some more."""

    def __init__(self) -> None:
        self.used_bytes, self.kept_bytes, self.gave = 50 * MIB, 0, 0

    def rss_bytes(self) -> int:
        return self.used_bytes + self.kept_bytes

    def give(self) -> None:
        self.gave += 1
        self.kept_bytes = 0


def test_what_was_freed_goes_back_although_it_was_in_use_when_first_looked_at() -> None:
    process = Process()
    keeper = HeapKeeper(process.give, FakeClock(), rss_bytes=process.rss_bytes)
    process.used_bytes += 300 * MIB
    keeper.look()
    process.used_bytes, process.kept_bytes = 50 * MIB, 300 * MIB
    keeper.look()
    assert process.rss_bytes() == 50 * MIB
    assert keeper.pause_s == FIRST_PAUSE_S


def test_what_is_in_use_is_looked_at_less_and_less() -> None:
    process = Process()
    keeper = HeapKeeper(process.give, FakeClock(), rss_bytes=process.rss_bytes)
    process.used_bytes += 100 * MIB
    pauses = []
    for _ in range(5):
        keeper.look()
        pauses.append(keeper.pause_s)
    assert pauses == [20, 40, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    process.used_bytes, process.kept_bytes = 50 * MIB, 100 * MIB
    keeper.look()
    assert (process.rss_bytes(), keeper.pause_s) == (50 * MIB, FIRST_PAUSE_S)


def test_without_growth_nothing_is_done() -> None:
    process = Process()
    keeper = HeapKeeper(process.give, FakeClock(), rss_bytes=process.rss_bytes)
    for _ in range(5):
        process.used_bytes += MIB // 2
        keeper.look()
    assert (process.gave, keeper.pause_s) == (0, FIRST_PAUSE_S)


def test_it_looks_as_long_as_it_runs() -> None:
    process, clock = Process(), FakeClock()
    keeper = HeapKeeper(process.give, clock, rss_bytes=process.rss_bytes)
    keeper.start()
    process.used_bytes += 100 * MIB
    clock.pass_s(FIRST_PAUSE_S)
    assert process.gave == 1
    clock.pass_s(2 * FIRST_PAUSE_S - 1)
    assert process.gave == 1, "what is in use is not looked at so soon again"
    clock.pass_s(1)
    assert process.gave == 2
    keeper.stop()
    clock.pass_s(10 * LONGEST_PAUSE_S)
    assert process.gave == 2


class Circle:
    """Held by nothing but itself."""

    def __init__(self) -> None:
        self.itself = self


def test_circles_are_collected_before() -> None:
    gone: list[bool] = []
    weakref.finalize(Circle(), gone.append, True)
    collect_and_trim()
    assert gone == [True]


REAL_THING = """
import ctypes
from mediad.clock import LoopClock
from mediad.heap import HeapKeeper, resident_bytes, trim_heap

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
keeper = HeapKeeper(trim_heap, LoopClock())
blocks = [libc.malloc(100_000) for _ in range(1000)]  # below M_MMAP_THRESHOLD: from the heap
last = libc.malloc(100_000)  # holds the heap's end
for block in [*blocks, last]:
    ctypes.memset(block, 1, 100_000)
grown = resident_bytes()
for block in blocks:
    libc.free(block)
keeper.look()
print(grown - resident_bytes())
"""


def test_the_real_thing_gives_back_what_the_c_library_keeps() -> None:
    """Trim in a process of its own: memory that a heap already has free would be used first."""
    done = subprocess.run(
        [sys.executable, "-c", REAL_THING], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) > 80 * MIB
