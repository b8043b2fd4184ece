"""The supervisor's end of a recorder's pipes, with the other end in the test's hands."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mediad.errors import EnvelopeError, Unavailable, Unsupported
from mediad.pipe.recorder_requests import GetRecorderStats, RecorderEvent, RecordingEnded, RemoveTrack
from mediad.protocols.envelope import Decoder, Event, Message, Request, Response, encode
from mediad.supervisor.recording.link import RecorderLink
from tests.support.loops import on_loop, raises, until


class FarEnd:
    """The recorder's end."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self.events: list[RecorderEvent] = []
        self.lost: list[str] = []
        self.read_fd, self.write_fd = read_fd, write_fd
        self._decoder = Decoder()
        self._heard: list[Message] = []

    async def hear(self) -> Request[Any]:
        """The next request."""
        while not self._heard:
            self._heard += self._decoder.feed(await asyncio.to_thread(os.read, self.read_fd, 65536))
        message = self._heard.pop(0)
        assert isinstance(message, Request)
        return message

    def say(self, message: Event[Any] | Response[Any] | Request[Any]) -> None:
        os.write(self.write_fd, encode(message))


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[RecorderLink, FarEnd]]:
    from_far, far_out = os.pipe()
    far_in, to_far = os.pipe()
    far = FarEnd(far_in, far_out)
    link = RecorderLink(far.events.append, far.lost.append)
    await link.open(from_far, to_far)
    try:
        yield link, far
    finally:
        link.close()
        os.close(far_in)
        os.close(far_out)


@on_loop
async def test_requests_are_sent_in_order_and_each_gets_its_answer() -> None:
    async with linked() as (link, far):
        first = asyncio.create_task(link.request(GetRecorderStats()))
        await asyncio.sleep(0)
        link.tell(RemoveTrack("t"))
        second = asyncio.create_task(link.request(GetRecorderStats()))
        heard = [await far.hear() for _ in range(3)]
        assert [message.method for message in heard] == [
            "recorder.stats",
            "recorder.removeTrack",
            "recorder.stats",
        ]
        far.say(Response(heard[2].id, True, {"files": [], "bytes": 2}))
        far.say(Response(heard[1].id, False, {"code": "not-found", "reason": "no such track"}))
        far.say(Response(heard[0].id, True, {"files": [], "bytes": 1}))
        assert ((await first).bytes, (await second).bytes) == (1, 2)


@on_loop
async def test_a_refusal_is_raised_and_a_wrong_answer_too() -> None:
    async with linked() as (link, far):
        asked = asyncio.create_task(link.request(GetRecorderStats()))
        far.say(Response((await far.hear()).id, False, {"code": "unsupported", "reason": "no PyAV"}))
        assert await raises(Unsupported, asked) == "no PyAV"
        asked = asyncio.create_task(link.request(GetRecorderStats()))
        far.say(Response((await far.hear()).id, True, {"files": 7}))
        assert "unreadable" in await raises(EnvelopeError, asked)


@on_loop
async def test_no_answer_in_time_is_unavailable() -> None:
    async with linked() as (link, _):
        assert "recorder.stats" in await raises(Unavailable, link.request(GetRecorderStats(), 0.01))


@on_loop
async def test_events_are_passed_on_and_unknown_ones_are_not() -> None:
    async with linked() as (_, far):
        far.say(Event("recorder.unheard", {}))
        far.say(Event("recorder.ended", {"code": 7}))
        far.say(Event("recorder.ended", {"code": "disk-full", "reason": "full"}))
        await until(lambda: far.events)
        assert far.events == [RecordingEnded("disk-full", "full")]


@on_loop
async def test_a_broken_format_ends_it_once() -> None:
    async with linked() as (link, far):
        asked = asyncio.create_task(link.request(GetRecorderStats()))
        await far.hear()
        os.write(far.write_fd, b"\xff\xff\xff\xffgarbage")
        assert "gone" in await raises(Unavailable, asked)
        assert len(far.lost) == 1
        assert "broke the pipe's format" in far.lost[0]


@on_loop
async def test_a_recorder_may_not_ask() -> None:
    async with linked() as (_, far):
        far.say(Request(1, "may.i", {}))
        await until(lambda: far.lost)
        assert "may not ask" in far.lost[0]
