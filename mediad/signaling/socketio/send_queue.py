"""The queue of what one client is to be sent, bounded by bytes, in the shape that engineio reads it.

engineio takes all that it finds and then writes it, and so would hold what a slow client does not read a
second time. Here it finds a portion at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from engineio.packet import MESSAGE, Packet

PORTION_BYTES = 64 * 1024
"""The bytes after which no further packet joins a portion: that of one poll's answer."""

_OVERHEAD_BYTES = 64
"""The memory of a packet beside its text."""


class SendQueue(asyncio.Queue[Packet | None]):
    """Packets in their order; None is the end. Its owner looks at `size_bytes` before it adds a text."""

    def __init__(self) -> None:
        super().__init__()
        self.size_bytes = 0
        self.on_size: Callable[[], None] = lambda: None
        """A function that is called when `size_bytes` has changed."""
        self._portion_bytes = 0

    def put_text(self, text: str) -> None:
        """Add a Socket.IO packet."""
        self.put_nowait(Packet(MESSAGE, text))

    def clear(self) -> None:
        """Drop all that waits."""
        self._queue.clear()
        self.size_bytes = 0
        self.on_size()

    async def get(self) -> Packet | None:
        """Return the first packet of a new portion; wait for it."""
        self._portion_bytes = 0
        return await super().get()

    def get_nowait(self) -> Packet | None:
        """Return the next packet of this portion. Raises QueueEmpty at its end."""
        if self._portion_bytes >= PORTION_BYTES:
            raise asyncio.QueueEmpty
        return super().get_nowait()

    # -- what asyncio.Queue leaves to subclasses -----------------------------------------------------------

    def _init(self, maxsize: int) -> None:
        self._queue: deque[Packet | None] = deque()

    def _get(self) -> Packet | None:
        packet = self._queue.popleft()
        size_bytes = _size(packet)
        self._portion_bytes += size_bytes
        self.size_bytes -= size_bytes
        self.on_size()
        return packet

    def _put(self, item: Packet | None) -> None:
        self._queue.append(item)
        self.size_bytes += _size(item)
        self.on_size()


def _size(packet: Packet | None) -> int:
    return _OVERHEAD_BYTES + (len(packet.data) if packet is not None and isinstance(packet.data, str) else 0)
