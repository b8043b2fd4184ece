"""OpenSockets: the sockets lent to the media thread, by the number it has for each."""

from __future__ import annotations

import heapq
import socket
from collections.abc import Callable
from dataclasses import dataclass

from mediad.errors import Full

OnRefused = Callable[[str], None]
"""A function that is told why the media thread does not read from a socket."""


def _nothing() -> None:
    """Do nothing."""


@dataclass(slots=True)
class _Lent:
    """A socket that is lent, and those who hear of its fate."""

    sock: socket.socket
    on_refused: OnRefused
    on_closed: Callable[[], None] = _nothing


class OpenSockets:
    """Sockets by number. When the media thread lets go of one it is closed, and its number is free again.

    The lowest free number is used first, as with `Slots`. There is no generation in it: the media thread
    counts how often a number was used, and drops what came to an earlier socket of the same number.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lent: dict[int, _Lent] = {}
        self._free: list[int] = []
        self._unused = 0

    def __len__(self) -> int:
        """Return the number of sockets that are lent."""
        return len(self._lent)

    def enter(self, sock: socket.socket, on_refused: OnRefused) -> int:
        """Note a socket that is to be lent, and return its number. Raises Full when there is none left."""
        if self._free:
            number = heapq.heappop(self._free)
        elif self._unused < self._capacity:
            number = self._unused
            self._unused += 1
        else:
            raise Full(f"this worker is full: {self._capacity} sockets")
        self._lent[number] = _Lent(sock, on_refused)
        return number

    def leave(self, number: int, on_closed: Callable[[], None]) -> None:
        """Call `on_closed` when the socket, which is to be closed, is closed."""
        self._lent[number].on_closed = on_closed

    def refused(self, number: int, what: str) -> None:
        """Tell that the media thread does not read from a socket; it is still to be closed."""
        if (lent := self._lent.get(number)) is not None:
            lent.on_refused(what)

    def closed(self, number: int) -> None:
        """Close a socket that the media thread has let go of."""
        if (lent := self._lent.pop(number, None)) is not None:
            lent.sock.close()
            heapq.heappush(self._free, number)
            lent.on_closed()

    def close(self) -> None:
        """Close all sockets: the media thread has ended."""
        for lent in self._lent.values():
            lent.sock.close()
        self._lent.clear()
