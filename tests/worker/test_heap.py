"""Memory that is given back when a crowd has gone."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest

from mediad.worker import heap
from mediad.worker.heap import ENOUGH, Trimmer, trim_heap
from tests.support.loops import on_loop, until


def trimmer() -> tuple[Trimmer, list[str]]:
    trims: list[str] = []
    return Trimmer(lambda: trims.append("trimmed")), trims


@on_loop
async def test_much_that_was_freed_is_given_back_once_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "QUIET_S", 0.01)
    made, trims = trimmer()
    made.freed(ENOUGH - 1)
    assert made._timer is None, "too little to be worth it"
    made.freed()
    made.freed(10 * ENOUGH)
    await until(lambda: trims)
    assert trims == ["trimmed"]
    assert made._timer is None


@on_loop
async def test_it_waits_while_more_is_freed_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "QUIET_S", 3600.0)
    made, trims = trimmer()
    made.freed(ENOUGH)
    made._look()
    assert trims == []
    with patch.object(heap, "PATIENCE_S", 0.0):
        made._look()
    assert trims == ["trimmed"]
    made.stop()


@on_loop
async def test_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "QUIET_S", 0.0)
    made, trims = trimmer()
    made.freed(ENOUGH)
    made.stop()
    for _ in range(3):
        await asyncio.sleep(0)
    assert trims == []


def test_the_heap_can_be_trimmed() -> None:
    trim_heap()
