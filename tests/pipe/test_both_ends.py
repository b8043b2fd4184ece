"""Misfits: random, cut and wrongly typed messages leave both real ends alive, or close the pipes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediad.pipe.channel import Channel
from mediad.pipe.events import EVENTS, RouterEvent, SpeakerChanged, WorkerEvent
from mediad.pipe.messages import Event as PipeEvent
from mediad.pipe.messages import Handler
from mediad.protocols.envelope import Event, Request, Response, encode
from mediad.supervisor.workers.link import WorkerLink
from tests.support.bookkeeping_worker import BookkeepingWorker
from tests.support.loops import on_loop, until
from tests.support.pipe_strategies import messages
from tests.support.pipe_wire import REQUESTS
from tests.support.tiny_requests import Echo, Number

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
RUNS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def spoilt(draw: st.DrawFn, kinds: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A name, and data that fits it, in which any one field is then left out or becomes anything."""
    name = draw(st.sampled_from(sorted(kinds)))
    message = draw(messages(kinds[name]))
    data: dict[str, Any] = msgspec.to_builtins(message)
    if data:
        field = draw(st.sampled_from(sorted(data)))
        change = draw(st.sampled_from(["none", "left out", "anything"]))
        if change == "left out":
            del data[field]
        elif change == "anything":
            data[field] = draw(VALUES)
    return name, data


def cut(draw: st.DrawFn, frame: bytes) -> bytes:
    """The frame, whole or not, or with a byte changed."""
    at = draw(st.integers(0, len(frame) - 1))
    return draw(st.sampled_from([frame, frame[:at], frame[:at] + b"\xc1" + frame[at + 1 :]]))


async def echo(request: Echo) -> Number:
    return Number(request.n)


class Pair:
    """A channel and a link, each with a far end moved by hand."""

    def __init__(self) -> None:
        channel_reads, self.to_channel = os.pipe()
        self.from_channel, channel_writes = os.pipe()
        link_reads, self.to_link = os.pipe()
        self.from_link, link_writes = os.pipe()
        self.channel_fds, self.link_fds = (channel_reads, channel_writes), (link_reads, link_writes)
        for fd in (self.from_channel, self.from_link):
            os.set_blocking(fd, False)
        self.lost: list[str] = []
        self.heard: list[RouterEvent | WorkerEvent] = []
        self.channel = Channel()
        self.link = WorkerLink(0, self.heard.append, self.lost.append)
        self.link.subscribe("probe", self.heard.append)

    async def open(self) -> None:
        handlers: list[Handler] = [*BookkeepingWorker().handlers(), Echo.answered_by(echo)]
        await self.channel.open(*self.channel_fds, handlers)
        await self.link.open(*self.link_fds)

    async def close(self) -> None:
        await self.channel.close()
        self.link.close()
        for fd in (self.to_channel, self.from_channel, self.to_link, self.from_link):
            os.close(fd)

    def answered(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self.from_channel, 1 << 20)
        return b""


@asynccontextmanager
async def both_ends() -> AsyncIterator[Pair]:
    pair = Pair()
    await pair.open()
    try:
        yield pair
    finally:
        await pair.close()


def test_requests_of_any_shape_are_answered() -> None:
    @RUNS
    @given(st.lists(spoilt(REQUESTS), max_size=5), st.text(max_size=5))
    def feed(asked: list[tuple[str, dict[str, Any]]], unknown: str) -> None:
        @on_loop
        async def run() -> None:
            async with both_ends() as pair:
                for number, (row, data) in enumerate(
                    [*asked, ("no." + unknown, {}), ("test.echo", {"n": 7})]
                ):
                    os.write(pair.to_channel, encode(Request(number, row, data)))
                answers = bytearray()

                def done() -> bool:
                    answers.extend(pair.answered())
                    return encode(Response(len(asked) + 1, True, {"n": 7})) in answers

                await until(done)
                assert pair.channel.misfits.counts["unknown_request"] >= 1

        run()

    feed()


def test_events_of_any_shape_are_told_or_counted() -> None:
    @RUNS
    @given(st.lists(spoilt(dict(EVENTS)), max_size=5), st.text(max_size=5))
    def feed(told: list[tuple[str, dict[str, Any]]], unknown: str) -> None:
        @on_loop
        async def run() -> None:
            async with both_ends() as pair:
                for row, data in [*told, ("no." + unknown, {})]:
                    os.write(pair.to_link, encode(Event(row, data)))
                last = SpeakerChanged("last", router_id="probe")
                os.write(pair.to_link, encode(Event(last.row, last)))
                await until(lambda: last in pair.heard)
                assert pair.link.misfits.counts["unknown_event"] == 1
                fitting = sum(_fits(EVENTS[row], data) for row, data in told)
                assert pair.link.misfits.counts["event"] == len(told) - fitting
                assert pair.lost == []

        run()

    feed()


def _fits(kind: type[PipeEvent], data: dict[str, Any]) -> bool:
    try:
        msgspec.msgpack.decode(msgspec.msgpack.encode(data), type=kind)
    except msgspec.ValidationError:
        return False
    return True


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Frames one behind the other, some of them cut off or changed, and junk."""
    frames = [
        encode(Request(1, "test.echo", {"n": 1})),
        encode(Response(1, True, {"n": 1})),
        encode(Response(2, False, {"code": "state", "reason": "no"})),
        encode(Event("producer.layers", {"routerId": "r", "producerId": "p", "spatialLayer": 1})),
    ]
    parts = draw(st.lists(st.sampled_from(frames), min_size=1, max_size=4))
    return b"".join(cut(draw, part) for part in parts) + draw(st.binary(max_size=20))


def test_a_stream_of_anything_is_read_or_ends_the_link_for_its_format() -> None:
    @RUNS
    @given(streams())
    def feed(stream: bytes) -> None:
        @on_loop
        async def run() -> None:
            async with both_ends() as pair:
                pong = pair.link.ping()
                for fd in (pair.to_channel, pair.to_link):
                    os.write(fd, stream)
                await until(lambda: pair.link.received_bytes == len(stream))
                assert all(reason.startswith("it broke the pipe's format: ") for reason in pair.lost)
                if pair.lost:
                    await until(pong.done)
                else:
                    pair.link.ping()

        run()

    feed()
