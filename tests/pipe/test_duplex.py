"""The shell of both ends, over real pipes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from mediad.errors import EnvelopeError
from mediad.pipe.duplex import Duplex
from mediad.protocols.envelope import Event, RawMessage, Request, Response, encode
from tests.support.loops import on_loop, until


class End:
    """One end and what it was told."""

    def __init__(self) -> None:
        self.duplex = Duplex(self)
        self.received: list[RawMessage] = []
        self.paused: list[bool] = []
        self.ended: list[EnvelopeError | None] = []
        self.silent = False
        self.refuses = False

    def receive(self, messages: list[RawMessage]) -> None:
        if self.refuses:
            raise EnvelopeError("not that")
        self.received += messages

    def pause(self, paused: bool) -> None:
        self.paused.append(paused)

    def end(self, error: EnvelopeError | None) -> None:
        self.ended.append(error)

    def sending_ended(self) -> None:
        self.silent = True


@asynccontextmanager
async def both() -> AsyncIterator[tuple[End, End, int]]:
    """Two ends that talk to each other, and a descriptor that writes to the second one."""
    one, other = End(), End()
    one_reads, other_writes = os.pipe()
    other_reads, one_writes = os.pipe()
    stranger = os.dup(one_writes)
    await one.duplex.open(one_reads, one_writes)
    await other.duplex.open(other_reads, other_writes)
    try:
        yield one, other, stranger
    finally:
        with suppress(OSError):
            os.close(stranger)
        for end in (one, other):
            end.duplex.close()
        await until(lambda: one.silent and other.silent)


@on_loop
async def test_messages_pass_and_are_measured() -> None:
    async with both() as (one, other, _):
        one.duplex.send(Request(1, "a", {"x": 1}))
        one.duplex.send(Event("b", {}))
        other.duplex.send(Response(1, True, {"y": 2}))
        await until(lambda: len(other.received) == 2 and one.received)
        (answer,) = one.received
        assert isinstance(answer, Response)
        assert msgspec.msgpack.decode(answer.data) == {"y": 2}
        assert [type(message) for message in other.received] == [Request, Event]
        assert one.duplex.sent_bytes == other.duplex.received_bytes > 0


@on_loop
async def test_hanging_up_leaves_the_other_way_open() -> None:
    async with both() as (one, other, stranger):
        os.close(stranger)
        one.duplex.hang_up()
        assert not one.duplex.sends
        one.duplex.send(Event("late", {}))
        await until(lambda: other.ended == [None])
        other.duplex.send(Event("last words", {}))
        await until(lambda: one.received)
        assert one.ended == []


@pytest.mark.parametrize("broken", [b"\xff\xff\xff\xff", b"\x01\x00\x00\x00\xc1"])
@on_loop
async def test_a_broken_format_ends_it_with_the_reason(broken: bytes) -> None:
    async with both() as (_, other, stranger):
        os.write(stranger, broken)
        await until(lambda: other.ended)
        assert isinstance(other.ended[0], EnvelopeError)


@on_loop
async def test_so_does_a_message_that_its_owner_refuses() -> None:
    async with both() as (one, other, _):
        other.refuses = True
        one.duplex.send(Event("a", {}))
        await until(lambda: other.ended)
        assert str(other.ended[0]) == "not that"


@on_loop
async def test_a_far_end_that_does_not_read_is_told_and_nothing_is_lost() -> None:
    read_fd, write_fd = os.pipe()
    idle_read, idle_write = os.pipe()
    end = End()
    await end.duplex.open(idle_read, write_fd)
    frame = len(encode(Event("a", {"blob": "x" * 1000})))
    for _ in range(500):
        end.duplex.send(Event("a", {"blob": "x" * 1000}))
    assert end.paused == [True]
    left, heard = 500 * frame, 0
    os.set_blocking(read_fd, False)
    while heard < left:
        await asyncio.sleep(0)
        with suppress(BlockingIOError):
            heard += len(os.read(read_fd, 1 << 20))
    await until(lambda: end.paused == [True, False])
    end.duplex.close()
    await until(lambda: end.silent)
    for fd in (read_fd, idle_write):
        os.close(fd)


@on_loop
async def test_what_makes_no_frame_is_the_senders_error() -> None:
    async with both() as (one, other, _):
        with pytest.raises(EnvelopeError):
            one.duplex.send(Event("a", {"x": object()}))
        one.duplex.send(Event("b", {}))
        await until(lambda: other.received)
        assert len(other.received) == 1
