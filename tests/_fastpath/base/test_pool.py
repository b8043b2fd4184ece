"""The packet slab: what is taken is yours alone until the last reference goes."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.imports import ROOT
from tests.windows.containers import SLOT_SIZE, TAIL_SIZE, PoolWindow


def test_a_slot_holds_a_datagram_and_its_trailer() -> None:
    assert SLOT_SIZE - TAIL_SIZE >= 1500  # an Ethernet MTU
    assert TAIL_SIZE >= 16 + 128 + 4  # SRTP_MAX_TRAILER_LEN and SRTCP's index


def test_slots_are_aligned_and_apart() -> None:
    pool = PoolWindow(4)
    addresses = sorted(pool.address(slot) for slot in range(4))
    assert all(address % 64 == 0 for address in addresses)
    assert {b - a for a, b in itertools.pairwise(addresses)} == {SLOT_SIZE}


def test_an_empty_pool_gives_nothing() -> None:
    pool = PoolWindow(2)
    assert {pool.take(), pool.take()} == {0, 1}
    assert pool.take() is None
    assert (pool.free_count, pool.low_water) == (0, 0)


def test_capacity_zero_is_refused() -> None:
    with pytest.raises(MemoryError):
        PoolWindow(0)


def test_the_last_released_slot_is_taken_next() -> None:
    """Warm memory is used again in a lightly loaded worker."""
    pool = PoolWindow(64)
    first = pool.take()
    assert first is not None
    pool.release(first)
    assert pool.take() == first
    assert pool.low_water == 63


def test_writes_reach_one_slot_only() -> None:
    pool = PoolWindow(3)
    for slot in range(3):
        pool.fill(slot, slot + 1)
    assert [pool.read(slot) for slot in range(3)] == [bytes([slot + 1]) * SLOT_SIZE for slot in range(3)]


@given(st.lists(st.integers(0, 2), max_size=200))
def test_references_against_a_counter(steps: list[int]) -> None:
    pool = PoolWindow(8)
    held: dict[int, int] = {}
    for step in steps:
        if step == 0:
            slot = pool.take()
            assert (slot is None) == (len(held) == 8)
            if slot is not None:
                assert slot not in held
                held[slot] = 1
        elif held:
            slot = min(held)
            if step == 1:
                pool.hold(slot)
                held[slot] += 1
            else:
                pool.release(slot)
                held[slot] -= 1
                if not held[slot]:
                    del held[slot]
        assert pool.free_count == 8 - len(held)


@pytest.mark.parametrize("misuse", ["release", "hold"])
def test_a_slot_nobody_holds_cannot_be_held_or_released(misuse: str) -> None:
    program = (
        "from tests.windows.containers import PoolWindow\n"
        f"pool = PoolWindow(2); slot = pool.take(); pool.release(slot); pool.{misuse}(slot)"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert result.returncode == -signal.SIGABRT
