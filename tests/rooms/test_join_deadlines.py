"""Clients that connect and do not join, in fake time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mediad.rooms.join_deadlines import JOIN_S
from mediad.rooms.listener import CloseCause
from mediad.rooms.observer import RoomObserver
from mediad.rooms.room import Room
from mediad.signaling.dialects.demo_listener import CLOSE_CODES
from tests.support.calls import Call
from tests.support.loops import until


class Overdue(RoomObserver):
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def join_overdue(self, room_id: str, peer_id: str) -> None:
        self.told.append((room_id, peer_id))


def run(scenario: Callable[[Call, Overdue], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        observer = Overdue()
        await scenario(Call(observer=observer), observer)

    asyncio.run(main())


def wait(room: Room, seconds: float) -> None:
    room.joins.sweep(time.monotonic_ns() // 1000 + round(seconds * 1e6))


def test_who_does_not_join_is_let_go_with_all_it_has(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call, observer: Overdue) -> None:
        ana, ben = await call.connect("ana"), await call.member("ben")
        await ana.make_transports()
        room = ben.seat.room
        wait(room, JOIN_S - 1)
        assert not ana.seat.peer.closed
        with caplog.at_level(logging.INFO):
            wait(room, JOIN_S + 1)
        await call.settle()
        assert ana.listener.heard == [("closed", CloseCause.NOT_JOINED)]
        assert len(call.worker.transports) == 2, "those of ben"
        assert observer.told == [("room", "ana")]
        assert "peer closed: it did not join within 30 s" in caplog.text
        assert not ben.seat.peer.closed
        wait(room, 3600)
        assert not ben.seat.peer.closed

    run(scenario)


def test_the_last_of_them_takes_the_room_along() -> None:
    async def scenario(call: Call, observer: Overdue) -> None:
        ana = await call.connect("ana")
        wait(ana.seat.room, JOIN_S + 1)
        await call.settle()
        assert call.registry.room_count == 0
        assert call.worker.is_empty()

    run(scenario)


def test_a_client_that_connects_again_has_all_of_the_time_again() -> None:
    async def scenario(call: Call, observer: Overdue) -> None:
        old = await call.connect("ana")
        new = await call.connect("ana")
        room = new.seat.room
        wait(room, JOIN_S - 1)
        assert not new.seat.peer.closed
        new.join()
        wait(room, 3600)
        assert old.listener.heard == [("closed", CloseCause.REPLACED)]
        assert observer.told == []

    run(scenario)


def test_a_timer_runs_only_while_somebody_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediad.rooms.join_deadlines.JOIN_S", 0.001)

    async def scenario(call: Call, observer: Overdue) -> None:
        ana = await call.connect("ana")
        await until(lambda: ana.seat.peer.closed)
        assert observer.told == [("room", "ana")]

    run(scenario)


def test_it_may_come_back() -> None:
    """protoo-client takes 4000 as final and anything else as a reason to connect again."""
    assert CLOSE_CODES[CloseCause.NOT_JOINED] == 1012
