"""One client in one namespace: order, backpressure and its end."""

from __future__ import annotations

import asyncio
from typing import Any

from mediad import logs
from mediad.rooms.listener import CloseCause
from mediad.rooms.reply import Reply
from mediad.signaling.dialects.dialect import RequestFailed
from mediad.signaling.dialects.event_dialect import Call
from mediad.signaling.socketio.session import Session


class Record:
    """A link that writes down what it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.violations: list[str] = []
        self.closed: list[str] = []
        self.members: dict[str, Any] = {}

    def send(self, text: str, *, droppable: bool = False) -> None:
        self.texts.append(text)

    def violation(self, reason: str) -> None:
        self.violations.append(reason)

    def close(self, reason: str, *, quiet: bool) -> None:
        self.closed.append(reason)

    def watch(self) -> None: ...

    def join(self) -> None: ...


class Echo:
    """A visit that answers each event with its data, when it may."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.may = asyncio.Event()
        self.may.set()
        self.left = 0

    def greet(self) -> None:
        self.session.notify("hello", None)

    async def handle(self, call: Call) -> Reply[Any]:
        await self.may.wait()
        if call.data == "bug":
            raise ZeroDivisionError
        if call.data == "no":
            raise RequestFailed(500, "no", violation=True)
        return Reply(call.data, lambda: self.session.notify("then", call.data))

    def answer(self, call: Call, value: Any) -> None:
        self.session.notify("answer", value)

    def refuse(self, call: Call, reason: str) -> None:
        self.session.notify("error", reason)

    def leave(self) -> None:
        self.left += 1


def begun(pending_events: int = 4) -> tuple[Session, Record, Echo]:
    link = Record()
    session = Session(link, "/", "sid", pending_events, logs.bind("test"))  # type: ignore[arg-type]
    visit = Echo(session)
    session.start(visit)
    assert link.texts == ['0{"sid":"sid"}', '2["hello",null]']
    link.texts.clear()
    return session, link, visit


def test_each_event_is_answered_once_and_in_order() -> None:
    async def scenario() -> None:
        session, link, _ = begun()
        for data in ("a", "no", "bug", "b"):
            await session.take(Call("event", [data]))
        await session.take(Call("event", problem="unreadable"))
        await asyncio.sleep(0.01)
        assert link.texts == [
            '2["answer","a"]',
            '2["then","a"]',
            '2["error","no"]',
            '2["error","internal error"]',
            '2["answer","b"]',
            '2["then","b"]',
            '2["error","unreadable"]',
        ]
        assert link.violations == ["no", "unreadable"]

    asyncio.run(scenario())


def test_more_than_so_many_events_are_left_unread() -> None:
    async def scenario() -> None:
        session, link, visit = begun(pending_events=2)
        visit.may.clear()
        for data in range(3):  # one is being answered, two wait
            await session.take(Call("event", [data]))
            await asyncio.sleep(0)
        fourth = asyncio.ensure_future(session.take(Call("event", [3])))
        await asyncio.sleep(0.01)
        assert not fourth.done()
        visit.may.set()
        await fourth
        await asyncio.sleep(0.01)
        assert len(link.texts) == 8

    asyncio.run(scenario())


def test_an_end_frees_who_waits_and_answers_nothing() -> None:
    async def scenario() -> None:
        session, link, visit = begun(pending_events=1)
        visit.may.clear()
        await session.take(Call("event", ["a"]))
        await asyncio.sleep(0)
        await session.take(Call("event", ["b"]))
        waiting = asyncio.ensure_future(session.take(Call("event", ["c"])))
        await asyncio.sleep(0)
        session.end()
        session.end()
        await waiting
        visit.may.set()
        await asyncio.sleep(0.01)
        assert (link.texts, visit.left) == ([], 1)

    asyncio.run(scenario())


def test_causes_after_which_a_client_comes_back_and_others() -> None:
    async def scenario() -> None:
        for cause in CloseCause:
            session, link, visit = begun()
            link.members["/"] = session
            session.close(cause, "why")
            final = cause in (CloseCause.REPLACED, CloseCause.EXPIRED, CloseCause.REMOVED)
            assert link.texts == (["1"] if final else [])
            assert link.closed == ([] if final else ["why"])
            assert (visit.left, link.members) == ((1, {}) if final else (0, {"/": session}))

    asyncio.run(scenario())


def test_a_client_that_is_gone_before_it_was_admitted_leaves_at_once() -> None:
    async def scenario() -> None:
        link = Record()
        session = Session(link, "/", "sid", 4, logs.bind("test"))  # type: ignore[arg-type]
        await session.take(Call("event"))
        assert len(link.violations) == 1
        session.end()
        visit = Echo(session)
        session.start(visit)
        assert (link.texts, visit.left) == ([], 1)

    asyncio.run(scenario())
