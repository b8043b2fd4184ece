"""The worker's channel over real pipes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from mediad.errors import InvalidState, NotFound
from mediad.pipe.channel import Channel
from mediad.pipe.events import (
    ConsumerScoreChanged,
    DtlsStateChanged,
    IceStateChanged,
    SpeakerChanged,
    WorkerFailed,
)
from mediad.pipe.messages import Done, Handler
from mediad.pipe.scores import ConsumerScore
from mediad.protocols.envelope import MAX_FRAME_BYTES, Decoder, Event, Message, Request, Response, encode
from tests.support.loops import on_loop, until
from tests.support.tiny_requests import Blob, Echo, Hang, Number, Refuse, Silence, Wait


class Large(Done):
    """A reply that is too large for a frame."""

    blob: str


class Supervisor:
    """The far side, moved by hand, and the handler behind the channel."""

    def __init__(self) -> None:
        channel_reads, self.write_fd = os.pipe()
        self.read_fd, channel_writes = os.pipe()
        self.fds = (channel_reads, channel_writes)
        os.set_blocking(self.read_fd, False)
        self.decoder = Decoder()
        self.received: list[Message] = []
        self.started: list[str] = []
        self.gate = asyncio.Event()
        self.channel = Channel()

    def handlers(self) -> list[Handler]:
        return [
            Echo.answered_by(self._echo),
            Wait.answered_by(self._wait),
            Refuse.answered_by(self._refuse),
            Silence.answered_by(self._later),
            Hang.answered_by(self._bug),
            Blob.answered_by(self._huge),
        ]

    async def _echo(self, request: Echo) -> Number:
        self.started.append(request.row)
        return Number(request.n)

    async def _wait(self, request: Wait) -> Number:
        self.started.append(request.row)
        await self.gate.wait()
        return Number(1)

    async def _refuse(self, request: Refuse) -> Done:
        self.started.append(request.row)
        raise NotFound('transport with id "x" not found')

    async def _later(self, request: Silence) -> Done:
        await asyncio.sleep(0)
        raise InvalidState("connect() already called")

    async def _bug(self, request: Hang) -> Done:
        raise ValueError(request.row)

    async def _huge(self, request: Blob) -> Done:
        return Large("x" * 5_000_000)

    def ask(self, request_id: int, method: str, **data: Any) -> None:
        os.write(self.write_fd, encode(Request(request_id, method, data)))

    def read(self) -> list[Message]:
        with suppress(BlockingIOError):
            while data := os.read(self.read_fd, 65536):
                self.received += self.decoder.feed(data)
        return self.received

    async def hear(self, count: int) -> list[Message]:
        await until(lambda: len(self.read()) >= count)
        return self.received


@asynccontextmanager
async def connected() -> AsyncIterator[Supervisor]:
    far = Supervisor()
    await far.channel.open(*far.fds, far.handlers())
    try:
        yield far
    finally:
        await far.channel.close()
        for fd in (far.read_fd, far.write_fd):
            with suppress(OSError):
                os.close(fd)


@on_loop
async def test_answers_and_errors() -> None:
    async with connected() as far:
        far.ask(1, "test.echo", n=1)
        far.ask(2, "test.refuse")
        far.ask(3, "test.silence")
        far.ask(4, "test.hang")
        far.ask(5, "test.blob")
        answers = {message.id: message for message in await far.hear(5) if isinstance(message, Response)}
        assert answers[1] == Response(1, True, {"n": 1})
        assert answers[2].data == {"code": "not-found", "reason": 'transport with id "x" not found'}
        assert answers[3].data == {"code": "state", "reason": "connect() already called"}
        assert answers[4].data == {"code": "error", "reason": "ValueError in test.hang"}
        assert answers[5].data["code"] == "envelope"


@on_loop
async def test_requests_that_cannot_be_read_are_refused_by_name_and_counted() -> None:
    async with connected() as far:
        far.ask(1, "test.echo", n="one")
        far.ask(2, "test.dance")
        far.ask(3, "test.echo", n=3)
        answers = {message.id: message for message in await far.hear(3) if isinstance(message, Response)}
        reason = "test.echo: Expected `int`, got `str` - at `$.n`"
        assert answers[1] == Response(1, False, {"code": "invalid", "reason": reason})
        assert answers[2] == Response(
            2, False, {"code": "not-found", "reason": 'unknown method "test.dance"'}
        )
        assert answers[3] == Response(3, True, {"n": 3})
        assert far.channel.misfits.counts == {"request": 1, "unknown_request": 1}


@on_loop
async def test_a_request_with_a_name_as_long_as_a_frame_is_answered() -> None:
    async with connected() as far:
        name = "x" * (MAX_FRAME_BYTES - 20)
        await asyncio.to_thread(far.ask, 1, name)
        (answer,) = await far.hear(1)
        assert isinstance(answer, Response)
        assert answer.data == {"code": "not-found", "reason": f'unknown method "{name[:100]}"'}


@on_loop
async def test_requests_start_in_order_and_wait_side_by_side() -> None:
    async with connected() as far:
        methods = ["test.wait", "test.echo", "test.wait", "test.refuse", "test.echo"]
        for number, method in enumerate(methods):
            far.ask(number, method)
        await far.hear(3)
        assert far.started == methods
        assert {message.id for message in far.received if isinstance(message, Response)} == {1, 3, 4}
        far.gate.set()
        assert len(await far.hear(5)) == 5


def score(consumer_id: str, n: int, *rest: int) -> ConsumerScoreChanged:
    return ConsumerScoreChanged(consumer_id, ConsumerScore(n, 0, list(rest)), router_id="r")


def number(event: Message) -> int:
    assert isinstance(event, Event)
    told: int = event.data["score"]["score"]
    return told


@on_loop
async def test_events_keep_their_order() -> None:
    async with connected() as far:
        for n in range(200):
            far.channel.emit(score(str(n % 3), n))
        events = await far.hear(200)
        assert [number(event) for event in events] == list(range(200))
        assert far.channel.superseded == 0


@on_loop
async def test_while_nobody_reads_only_the_newest_news_waits() -> None:
    async with connected() as far:
        padding = [0] * 1000
        sent = 5000
        for n in range(sent):
            far.channel.emit(score(str(n % 7), n, *padding))
        assert far.channel.superseded > sent / 2
        far.ask(1, "test.echo")  # a reply is never held back
        await far.hear(sent - far.channel.superseded + 1)
        events = [message for message in far.received if isinstance(message, Event)]
        latest = {event.data["consumerId"]: number(event) for event in events}
        assert latest == {str(n % 7): n for n in range(sent - 7, sent)}
        numbers = [number(event) for event in events]
        assert numbers == sorted(numbers)
        far.channel.emit(score("0", sent))
        last = (await far.hear(len(far.received) + 1))[-1]
        assert number(last) == sent


@on_loop
async def test_different_news_of_one_object_do_not_replace_each_other() -> None:
    async with connected() as far:
        far.channel.pause(True)
        far.channel.emit(IceStateChanged("t", "connected", router_id="r"))
        far.channel.emit(DtlsStateChanged("t", "connected", router_id="r"))
        far.channel.emit(IceStateChanged("t", "completed", router_id="r"))
        far.channel.pause(False)
        events = [message for message in await far.hear(2) if isinstance(message, Event)]
        assert [event.data.get("iceState") for event in events] == [None, "completed"]


@on_loop
async def test_the_end_of_either_pipe_ends_it() -> None:
    async with connected() as far:
        os.close(far.write_fd)
        await far.channel.wait_end()
    async with connected() as far:
        os.close(far.read_fd)
        far.channel.emit(SpeakerChanged(None, router_id="r"))
        await far.channel.wait_end()
        far.channel.emit(SpeakerChanged(None, router_id="r"))  # into the void, and no error


@pytest.mark.parametrize(
    "frame", [b"\xff\xff\xff\xff", encode(Event("x", {})), encode(Response(1, True, {}))]
)
@on_loop
async def test_what_is_no_request_ends_it(frame: bytes) -> None:
    async with connected() as far:
        os.write(far.write_fd, frame)
        await far.channel.wait_end()


@on_loop
async def test_what_was_said_before_closing_arrives() -> None:
    async with connected() as far:
        far.channel.emit(WorkerFailed("port", "taken"))
        await far.channel.close()
        await far.channel.wait_end()
        assert await far.hear(1) == [Event("worker.failed", {"code": "port", "reason": "taken"})]
