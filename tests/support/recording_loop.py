"""A media loop that writes down what it is told instead of doing it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest.mock import patch

from mediad._fastpath.door.events import Event
from mediad._fastpath.door.media_loop import MediaLoop
from mediad.clock import Clock
from mediad.worker.media import plane as plane_module
from mediad.worker.media.plane import MediaPlane
from tests.support.fake_clock import FakeClock


class Call(NamedTuple):
    name: str
    args: tuple[Any, ...]
    parameters: dict[str, Any]


class RecordingLoop:
    """Stands in for MediaLoop. A real one checks every command's arguments, but its thread never runs.

    `full`: refuse commands as a full ring does. `stuck`: ignore stop.
    """

    def __init__(self, **capacities: int) -> None:
        self._checker = MediaLoop(packet_slots=64, transports=64, producers=64, consumers=64)
        self.capacities = capacities
        self.calls: list[Call] = []
        self.full = False
        self.stuck = False
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.udp_gso, self.udp_gro = True, False
        self.running = threading.Event()
        self._ended = threading.Event()
        self._news: list[Event] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        check = getattr(self._checker, name)

        def command(*args: Any, **parameters: Any) -> None:
            if self.full:
                raise BlockingIOError
            check(*args, **parameters)
            self.calls.append(Call(name, args, parameters))

        return command

    def named(self, name: str) -> list[Call]:
        """The calls of one command so far."""
        return [call for call in self.calls if call.name == name]

    @property
    def names(self) -> list[str]:
        return [call.name for call in self.calls]

    def tell(self, *news: Event) -> None:
        """Add events for the next drain to return."""
        self._news += news
        os.eventfd_write(self.event_fd, 1)

    def run(self) -> None:
        self.running.set()
        self._ended.wait()

    def stop(self) -> None:
        if self.full:
            raise BlockingIOError
        if not self.stuck:
            self._ended.set()

    def drain(self, limit: int = 512) -> list[Event]:
        news, self._news = self._news, []
        self.full = False  # the real thread waits for room for its events, too
        return news

    def send_raw(self, socket: int, data: bytes, host: str, port: int, local: str) -> bool:
        self.calls.append(Call("send_raw", (socket, data, host, port, local), {}))
        return True

    def counters(self) -> dict[str, int]:
        return {"packets_received": 7, "drop_unknown_ssrc": 3}


def recorded_plane(clock: Clock | None = None) -> tuple[MediaPlane, RecordingLoop]:
    """A plane that was not started, over a loop that only records."""
    made: list[RecordingLoop] = []

    def make(**capacities: int) -> RecordingLoop:
        made.append(RecordingLoop(**capacities))
        return made[0]

    with patch.object(plane_module, "MediaLoop", make):
        plane = MediaPlane(clock or FakeClock())
    return plane, made[0]
