"""One client's session: what it may hold and send, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.server.client_connection import ClientConnection, FrontLimits, FrontState
from mediad.signaling.server.input_budget import InputLimits
from mediad.signaling.server.ledger import Ledger
from mediad.signaling.socketio import link as module
from mediad.signaling.socketio.link import Link
from mediad.signaling.socketio.send_queue import SendQueue


class EngineSocket:
    """engineio's socket, as far as a link looks at it."""

    def __init__(self) -> None:
        self.sid = "sid"
        self.queue = SendQueue()
        self.upgrading = True
        self.upgraded = False
        self.closed = asyncio.Event()

    async def close(self, *, wait: bool) -> None:
        self.closed.set()


class Front:
    """A link, and all that it is connected to."""

    def __init__(self, limits: ConnectionLimits | None = None, **front_limits: Any) -> None:
        self.ledger = Ledger(limit_bytes=10_000)
        state = FrontState(FrontLimits(**front_limits), self.ledger)
        self.engine = EngineSocket()
        scope = {"state": {"connection": ClientConnection(state)}, "query_string": b""}
        self.link = Link(self.engine, scope, limits or ConnectionLimits())
        self.ends = 0
        self.link.members["/"] = SimpleNamespace(end=self._end)

    def _end(self) -> None:
        self.ends += 1


class Socket:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.on_lost: Callable[[], None] = lambda: None

    def close_with(self, code: int, reason: str) -> None:
        self.calls.append((code, reason))

    def joined(self) -> None:
        self.calls.append(("joined",))

    def queued(self, size_bytes: int) -> None:
        self.calls.append(("queued", size_bytes))

    def worked(self, size_bytes: int, cost_us: int) -> None:
        self.calls.append(("worked", cost_us))


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


def test_a_client_that_does_not_read_is_closed_and_holds_nothing() -> None:
    async def scenario() -> None:
        front = Front(ConnectionLimits(send_queue_bytes=1000, droppable_bytes=300))
        front.link.send("x" * 200)
        front.link.send("y" * 200, droppable=True)
        assert front.engine.queue.qsize() == 1
        assert front.ledger.held_bytes > 200
        front.link.send("z" * 900)
        assert (front.link.closed, front.ends) == (True, 1)
        front.link.send("more")
        await front.engine.closed.wait()
        front.link.ended()
        assert (front.ledger.held_bytes, front.ends) == (0, 1)

    run(scenario)


def test_those_that_hold_most_go_first_when_all_hold_too_much() -> None:
    async def scenario() -> None:
        front = Front()
        front.link.send("x" * 9_000)
        assert not front.link.closed
        front.link.hold_input(2_000)
        assert front.link.closed

    run(scenario)


def test_bodies_that_are_read_at_the_same_time_are_all_counted() -> None:
    async def scenario() -> None:
        front = Front()
        front.link.hold_input(4_000)
        front.link.hold_input(3_000)
        assert front.ledger.held_bytes == 7_000
        front.link.hold_input(-4_000)
        assert front.ledger.held_bytes == 3_000

    run(scenario)


def test_a_websocket_is_told_what_waits_and_counts_it_itself() -> None:
    async def scenario() -> None:
        front, socket = Front(), Socket()
        front.link.send("x" * 100)
        front.link.join()
        front.link.take_socket(socket)
        assert front.ledger.held_bytes == 0
        front.link.send("y" * 100)
        front.link.worked(10, 77)
        (size, more) = [call[1] for call in socket.calls if call[0] == "queued"]
        assert 0 < size < more
        assert {("joined",), ("worked", 77)} <= set(socket.calls)
        front.link.close("why", 1008)
        assert socket.calls[-1] == (1008, "why")
        await front.engine.closed.wait()

    run(scenario)


def test_a_websocket_that_did_not_take_over_is_forgotten() -> None:
    async def scenario() -> None:
        front, socket = Front(), Socket()
        front.link.take_socket(socket)
        socket.on_lost()
        front.link.drop_socket(Socket())
        assert front.engine.upgrading is True
        front.link.drop_socket(socket)
        assert front.engine.upgrading is False
        front.link.send("x" * 100)
        assert front.ledger.held_bytes > 100

    run(scenario)


def test_the_end_of_the_transport_is_the_end_of_the_link() -> None:
    async def scenario() -> None:
        front, socket = Front(), Socket()
        front.link.take_socket(socket)
        front.engine.upgraded = True
        socket.on_lost()
        assert (front.link.closed, front.ends) == (True, 1)

    run(scenario)


def test_an_end_by_the_client_answers_a_poll_that_waits() -> None:
    async def scenario() -> None:
        front = Front()
        front.link.ended()
        assert (front.link.closed, front.ends) == (True, 1)
        packet = front.engine.queue.get_nowait()
        assert packet is not None
        assert packet.encode() == "6"

    run(scenario)


def test_too_many_violations() -> None:
    async def scenario() -> None:
        front = Front(ConnectionLimits(violations=2, violations_per_s=0))
        for _ in range(2):
            front.link.violation("nonsense")
        assert not front.link.closed
        front.link.violation("nonsense")
        assert front.link.closed

    run(scenario)


def test_polls_have_a_budget_too() -> None:
    async def scenario() -> None:
        limits = InputLimits(burst_us=1_000, per_s_us=15_000, patience_s=0.02)
        front = Front(input=limits)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for _ in range(10):
            assert await front.link.wait_for_budget()
        assert loop.time() - began_s > 0.02
        front.link.worked(0, 60_000)
        assert not await front.link.wait_for_budget()
        assert front.link.closed

    run(scenario)


@pytest.mark.parametrize("busy", [True, False])
def test_a_client_without_a_namespace_does_not_stay(busy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_S", 0.01)

    async def scenario() -> None:
        front = Front()
        if not busy:
            front.link.members.clear()
        front.link.watch()
        if busy:
            await asyncio.sleep(0.03)
        else:
            await asyncio.wait_for(front.engine.closed.wait(), 5)
        assert front.link.closed is not busy

    run(scenario)
