"""The link over real pipes: answers, errors, events, and every way it can end."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import pytest

from mediad.errors import (
    EnvelopeError,
    Forbidden,
    InvalidInput,
    InvalidState,
    NotFound,
    Unavailable,
    WorkerDied,
)
from mediad.pipe.events import ProducerLayersWanted, RouterEvent, WorkerReady
from mediad.pipe.messages import Request
from mediad.pipe.worker_requests import GetWorkerStats
from mediad.protocols import envelope
from mediad.protocols.envelope import Event, Response, encode
from mediad.rooms.asker import current_asker, set_asker
from mediad.supervisor.workers import link as worker_link
from mediad.supervisor.workers.poison import marks
from tests.support.far_end import far_end
from tests.support.loops import on_loop, raises, turns, until
from tests.support.tiny_requests import Echo, Number, Wait


@on_loop
async def test_answers_find_their_questions_in_any_order() -> None:
    async with far_end() as far:
        first = asyncio.create_task(far.link.request(Echo(1)))
        second = asyncio.create_task(far.link.request(Echo(2)))
        one, two = await far.heard(2)
        assert isinstance(one, envelope.Request)
        assert isinstance(two, envelope.Request)
        assert (one.method, one.data, two.data) == ("test.echo", {"n": 1}, {"n": 2})
        far.say(Response(two.id, True, {"n": 2}))
        far.say(Response(one.id, True, {"n": 1}))
        assert await first == Number(1)
        assert await second == Number(2)


@on_loop
async def test_errors_keep_their_class_and_reason() -> None:
    async with far_end() as far:
        for number, kind in enumerate((NotFound, InvalidState), 1):
            asking = asyncio.create_task(far.link.request(Echo()))
            request = (await far.heard(number))[-1]
            assert isinstance(request, envelope.Request)
            far.say(Response(request.id, False, {"code": kind.code, "reason": "no such thing"}))
            assert await raises(kind, asking) == "no such thing"


@on_loop
async def test_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_link, "REQUEST_TIMEOUT_S", 0.05)
    async with far_end() as far:
        asking = far.link.request(Wait())
        assert await raises(Unavailable, asking) == "worker 3 did not answer test.wait within 0.05 s"
        (request,) = await far.heard(1)
        assert isinstance(request, envelope.Request)
        far.say(Response(request.id, True, {"late": True}))  # harmless
        answered = asyncio.create_task(far.link.request(Echo()))
        following = (await far.heard(2))[-1]
        assert isinstance(following, envelope.Request)
        far.say(Response(following.id, True, {}))
        assert await answered == Number(0)


def layers(router_id: str, n: int) -> Event[Any]:
    return Event("producer.layers", {"routerId": router_id, "producerId": "p", "spatialLayer": n})


@on_loop
async def test_events_go_to_their_router_in_order() -> None:
    async with far_end() as far:
        seen: list[RouterEvent] = []
        far.link.subscribe("r1", seen.append)
        far.link.subscribe("r2", seen.append)
        for n in range(5):
            far.say(layers("r1", n))
        far.say(layers("unknown", -1))
        far.say(Event("worker.ready", {"pid": 7}))
        await until(lambda: far.events)
        assert seen == [ProducerLayersWanted("p", n, router_id="r1") for n in range(5)]
        assert far.events == [WorkerReady(7)]
        far.link.unsubscribe("r1")
        far.link.unsubscribe("never-there")
        far.say(layers("r1", 9))
        far.say(layers("r2", 10))
        await until(lambda: seen[-1].router_id == "r2")
        assert len(seen) == 6


@on_loop
async def test_a_failing_handler_costs_nobody_else() -> None:
    async with far_end() as far:
        seen: list[RouterEvent] = []

        def fail(event: RouterEvent) -> None:
            raise ValueError("a bug in one room")

        far.link.subscribe("r1", fail)
        far.link.subscribe("r2", seen.append)
        far.say(layers("r1", 0))
        far.say(layers("r2", 0))
        await until(lambda: len(seen) == 1)
        assert far.lost == []


@on_loop
async def test_events_that_cannot_be_read_are_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async with far_end() as far:
        seen: list[RouterEvent] = []
        far.link.subscribe("r1", seen.append)
        for n in range(3):
            far.say(Event("router.weather", {"routerId": "r1", "sky": "blue"}))
            far.say(Event("producer.layers", {"routerId": "r1", "producerId": n, "spatialLayer": 0}))
        far.say(layers("r1", 0))
        await until(lambda: seen)
        assert far.link.misfits.counts == {"reply": 0, "event": 3, "unknown_event": 3}
        assert caplog.text.count("router.weather") == 1
        assert caplog.text.count("Expected `str`, got `int` - at `$.producerId`") == 1
        assert (len(seen), far.lost) == (1, [])


@on_loop
async def test_an_answer_that_cannot_be_read_fails_its_request_alone() -> None:
    async with far_end() as far:
        asking = [asyncio.create_task(far.link.request(Echo(n))) for n in (1, 2)]
        await far.heard(2)
        far.say(Response(1, True, {"n": "one"}))
        far.say(Response(2, True, {"n": 2}))
        text = await raises(EnvelopeError, asking[0])
        assert text.endswith("cannot be read: test.echo: Expected `int`, got `str` - at `$.n`")
        assert await asking[1] == Number(2)
        assert far.link.misfits.counts["reply"] == 1
        assert far.lost == []


@pytest.mark.parametrize("data", [{}, {"code": "state"}, {"code": 5, "reason": "x"}, [], None])
@on_loop
async def test_a_refusal_that_cannot_be_read_fails_its_request_alone(data: Any) -> None:
    async with far_end() as far:
        asking = [asyncio.create_task(far.link.request(Echo(n))) for n in (1, 2)]
        await far.heard(2)
        far.say(Response(1, False, data))
        far.say(Response(99, False, data))
        far.say(Response(2, True, {"n": 2}))
        assert "cannot be read: test.echo: " in await raises(EnvelopeError, asking[0])
        assert await asking[1] == Number(2)
        assert far.link.misfits.counts["reply"] == 1
        assert far.lost == []


@on_loop
async def test_the_end_of_the_pipe_ends_every_request() -> None:
    async with far_end() as far:
        asking = [asyncio.create_task(far.link.request(Echo())) for _ in range(3)]
        pong = far.link.ping()
        await far.heard(4)
        far.die()
        for task in asking:
            assert await raises(WorkerDied, task) == "worker 3 died"
        assert isinstance(pong.exception(), WorkerDied)
        assert far.lost == ["its pipe closed"]
        assert await raises(WorkerDied, far.link.request(Echo())) == "worker 3 is gone"


@pytest.mark.parametrize(
    "broken",
    [b"\xff\xff\xff\xff", b"\x01\x00\x00\x00\xc1", encode(envelope.Request(1, "worker.may.not.ask", {}))],
)
@on_loop
async def test_a_broken_format_ends_the_link(broken: bytes) -> None:
    async with far_end() as far:
        asking = asyncio.create_task(far.link.request(Echo()))
        await far.heard(1)
        far.say(broken)
        assert await raises(WorkerDied, asking) == "worker 3 died"
        (reason,) = far.lost
        assert reason.startswith("it broke the pipe's format")


@on_loop
async def test_closing_it_ourselves_is_no_loss() -> None:
    async with far_end() as far:
        asking = asyncio.create_task(far.link.request(Echo()))
        await far.heard(1)
        far.link.close()
        await raises(WorkerDied, asking)
        await until(lambda: _at_end(far.read_fd))
        await turns()
        assert far.lost == []


@on_loop
async def test_hanging_up_still_hears_the_last_words() -> None:
    async with far_end() as far:
        far.link.hang_up()
        await until(lambda: _at_end(far.read_fd))
        far.say(Event("worker.failed", {"code": "port", "reason": "taken"}))
        await until(lambda: far.events)
        await raises(WorkerDied, far.link.request(Echo()))


def _at_end(fd: int) -> bool:
    try:
        return os.read(fd, 1) == b""
    except BlockingIOError:
        return False


@on_loop
async def test_suspects_are_what_was_asked_and_not_answered() -> None:
    set_asker("room", "mallory")
    async with far_end() as far:
        asking = [asyncio.create_task(far.link.request(asked)) for asked in (Echo(1), Echo(2))]
        await far.heard(2)
        far.say(Response(1, True, {}))
        await asking[0]
        asking[1].cancel()
        await asyncio.sleep(0)
        assert far.link.suspects() == list(marks(current_asker(), Echo(2)))


@pytest.mark.parametrize("lived_on", [False, True])
@on_loop
async def test_so_is_what_was_answered_right_before_the_end(
    lived_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_link, "SETTLE_S", 0.0 if lived_on else 60.0)
    set_asker("room", "mallory")
    async with far_end() as far:
        for n in (1, 2):
            asking = asyncio.create_task(far.link.request(Echo(n)))
            await far.heard(n)
            far.say(Response(n, True, {}))
            await asking
        far.die()
        await until(lambda: far.lost)
        assert far.link.suspects() == ([] if lived_on else list(marks(current_asker(), Echo(2))))


@on_loop
async def test_an_answer_clears_and_a_refusal_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_link, "SETTLE_S", 0.0)
    set_asker("room", "mallory")
    async with far_end() as far:
        asked = marks(current_asker(), Echo(1))
        far.quarantine.strike(asked, time.monotonic())
        asking = asyncio.create_task(far.link.request(Echo(1)))
        await far.heard(1)
        far.say(Response(1, False, {"code": "invalid", "reason": "no"}))
        await raises(InvalidInput, asking)
        assert far.quarantine
        pong = far.link.ping()
        far.say(Response(2, True, {}))
        await pong
        assert not far.quarantine
        for _ in range(2):
            far.quarantine.strike(asked, time.monotonic())
        reason = await raises(Forbidden, far.link.request(Echo(1)))
        assert reason == "test.echo is refused, because this request has crashed a worker before"
        allowed = asyncio.create_task(far.link.request(Echo(2)))
        assert [message.data for message in await far.heard(3)] == [{"n": 1}, {}, {"n": 2}]
        allowed.cancel()


@on_loop
async def test_what_the_server_asks_itself_hides_no_suspect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_link, "SETTLE_S", 60.0)
    async with far_end() as far:

        async def ask(asker: str | None, number: int, asked: Request[Any]) -> None:
            if asker is not None:
                set_asker("room", asker)
            asking = asyncio.create_task(far.link.request(asked))
            await far.heard(number)
            far.say(Response(number, True, {}))
            await asking

        await asyncio.create_task(ask("mallory", 1, Echo()))
        await asyncio.create_task(ask(None, 2, GetWorkerStats()))
        far.die()
        await until(lambda: far.lost)
        assert far.link.suspects() == list(marks("4:room/mallory", Echo()))
