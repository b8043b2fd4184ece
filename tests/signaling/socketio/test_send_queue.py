"""The queue of what a client is sent."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from mediad.signaling.socketio.send_queue import PORTION_BYTES, SendQueue


def test_packets_come_out_in_their_order_and_the_size_follows() -> None:
    async def scenario() -> None:
        queue, sizes = SendQueue(), []
        queue.on_size = lambda: sizes.append(queue.size_bytes)
        for text in ("a" * 10, "b" * 20):
            queue.put_text(text)
        queue.put_nowait(None)
        first, second = await queue.get(), queue.get_nowait()
        assert (first and first.data, second and second.data) == ("a" * 10, "b" * 20)
        assert queue.get_nowait() is None
        assert queue.size_bytes == 0
        assert sizes[0] < sizes[1] < sizes[2] > sizes[3] > sizes[4] > sizes[5] == 0
        with pytest.raises(asyncio.QueueEmpty):
            queue.get_nowait()

    asyncio.run(scenario())


def test_what_is_taken_at_once_is_bounded() -> None:
    async def scenario() -> None:
        queue = SendQueue()
        for _ in range(10):
            queue.put_text("x" * (PORTION_BYTES // 4))
        taken = []
        while not queue.empty():
            await queue.get()
            taken.append(1)
            with contextlib.suppress(asyncio.QueueEmpty):
                while queue.get_nowait():
                    taken[-1] += 1
        assert taken == [4, 4, 2]

    asyncio.run(scenario())


def test_what_is_cleared_is_gone() -> None:
    async def scenario() -> None:
        queue = SendQueue()
        queue.put_text("x" * 100)
        queue.clear()
        assert (queue.size_bytes, queue.qsize()) == (0, 0)
        waiting = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        queue.put_text("y")
        packet = await waiting
        assert packet is not None
        assert packet.data == "y"

    asyncio.run(scenario())
