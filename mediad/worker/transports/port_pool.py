"""PortPool: the ports of a range, each opened for one transport at a time."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

_TRIES = 100
"""The ports tried for one transport when other programs have them."""

_NOT_THIS_ONE = (errno.EADDRINUSE, errno.EACCES, errno.EPERM)
"""The errors after which another port may do."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A port and its sockets: of UDP on each listen address, and of TCP, if there is any."""

    port: int
    datagrams: tuple[socket.socket, ...]
    listeners: tuple[socket.socket, ...] = ()

    def close(self) -> None:
        for sock in (*self.datagrams, *self.listeners):
            sock.close()

    @property
    def granted_bytes(self) -> int:
        """The receive buffer that the kernel granted a UDP socket."""
        # It includes its own overhead and reports twice the size it was asked for; socket(7).
        return self.datagrams[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


Bind = Callable[[int], Bound]
"""A function that opens the sockets of a port, on all addresses or none. Raises OSError."""


class NoPort(Exception):
    """The error of a range that has no port; its text says why."""


class PortPool:
    """The ports of a range.

    The one that was given back first is used first: what clients still send to it has ended by then. A port
    that another program has is passed over, and tried again in its turn.
    """

    def __init__(self, ports: range) -> None:
        self._free = dict.fromkeys(ports)  # in the order of their turns
        self._total = len(ports)
        self._range = f"{ports.start}-{ports.stop - 1}" if ports else "no ports"

    def __str__(self) -> str:
        return self._range

    def use(self) -> dict[str, int]:
        """Return the number of ports that are in use and free."""
        free = len(self._free)
        return {"used": self._total - free, "free": free}

    def free_ports(self) -> Iterator[int]:
        """Return the ports that would be tried now, in their order."""
        return islice(tuple(self._free), _TRIES)

    def give_back(self, port: int) -> None:
        """Take back a port whose sockets are closed."""
        self._free[port] = None

    def open_one(self, bind: Bind) -> Bound:
        """Open the next free port. Raises NoPort."""
        self._require(1)
        for port in self.free_ports():
            if (bound := self._try(bind, port)) is not None:
                return bound
        raise NoPort(f"other programs have those of {self} that are not in use")

    def open_two(self, bind: Bind) -> tuple[Bound, Bound]:
        """Open two ports: an even one and the next (RFC 3550 section 11), or any when no such two are left.

        Raises NoPort, and then none is open.
        """
        self._require(2)
        for even in [port for port in self.free_ports() if port % 2 == 0 and port + 1 in self._free]:
            if (first := self._try(bind, even)) is None:
                continue
            try:
                second = self._try(bind, even + 1)
            except NoPort:
                self._undo(first)
                raise
            if second is not None:
                return first, second
            self._undo(first)
        first = self.open_one(bind)
        try:
            return first, self.open_one(bind)
        except NoPort:
            self._undo(first)
            raise

    def _require(self, count: int) -> None:
        if not self._total:
            raise NoPort("its range has none for one transport each (rtc_max_port)")
        if not self._free:
            raise NoPort(f"all {self._total} of {self} are in use")
        if len(self._free) < count:
            raise NoPort(f"{count} are needed, and one of the {self._total} of {self} is free")

    def _try(self, bind: Bind, port: int) -> Bound | None:
        """Open a port; None when another program has it. Raises NoPort when no other would do either."""
        del self._free[port]
        try:
            return bind(port)
        except OSError as error:
            self._free[port] = None
            if error.errno in _NOT_THIS_ONE:
                return None
            raise NoPort(f"none can be opened: {error.strerror}") from None

    def _undo(self, bound: Bound) -> None:
        bound.close()
        self._free[bound.port] = None
