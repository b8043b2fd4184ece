"""The worker's side of a link's two pipes, moved by hand."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from mediad.pipe.events import WorkerEvent
from mediad.protocols.envelope import Decoder, Message, encode
from mediad.supervisor.workers.link import WorkerLink
from mediad.supervisor.workers.poison import Quarantine
from tests.support.loops import until


class FarEnd:
    """The worker's side of the two pipes, moved by hand."""

    def __init__(self) -> None:
        self.read_fd, self._their_write_fd = os.pipe()
        self._their_read_fd, self.write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        self.decoder = Decoder()
        self.received: list[Message] = []
        self.events: list[WorkerEvent] = []
        self.lost: list[str] = []
        self.quarantine = Quarantine()
        self.link = WorkerLink(3, self.events.append, self.lost.append, self.quarantine)

    async def open(self) -> None:
        await self.link.open(self._their_read_fd, self._their_write_fd)

    def say(self, message: Message | bytes) -> None:
        os.write(self.write_fd, message if isinstance(message, bytes) else encode(message))

    async def heard(self, count: int) -> list[Message]:
        def enough() -> bool:
            with suppress(BlockingIOError):
                self.received += self.decoder.feed(os.read(self.read_fd, 65536))
            return len(self.received) >= count

        await until(enough)
        return self.received

    def die(self) -> None:
        for fd in (self.read_fd, self.write_fd):
            if fd >= 0:
                os.close(fd)
        self.read_fd = self.write_fd = -1


@asynccontextmanager
async def far_end() -> AsyncIterator[FarEnd]:
    far = FarEnd()
    await far.open()
    try:
        yield far
    finally:
        far.link.close()
        far.die()
        await asyncio.sleep(0)
