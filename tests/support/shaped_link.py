"""A link between two namespaces whose delay, loss, rate and queue can be changed while it carries packets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.namespace import Namespace
from tests.support.tun import open_tun

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Shape:
    """One direction. What would wait longer than `queue_ms` for the link to be free is dropped."""

    rate_bps: int | None = None
    delay_ms: float = 0.0
    loss: float = 0.0
    queue_ms: float = 300.0

    def settings(self) -> dict[str, Any]:
        """The properties of `tests.support.link.Link` this means."""
        return {
            "rate_bps": self.rate_bps,
            "delay_us": round(self.delay_ms * 1000),
            "loss": self.loss,
            "queue_us": round(self.queue_ms * 1000),
        }


@dataclass(frozen=True, slots=True)
class Counters:
    """One direction since the start, in packets unless the name says otherwise; the peak since last asked."""

    sent: int
    lost: int
    overflowed: int
    delivered: int
    refused: int
    bytes_delivered: int
    largest: int
    queue_us: int
    peak_queue_us: int


FREE = Shape()


class ShapedLink:
    """Two interfaces, `near` and `far`, and a process that carries packets between them.

    "up" is from far (a client) to near (the daemon), "down" the other way.
    """

    def __init__(self, near: tuple[Namespace, str], far: tuple[Namespace, str], seed: int) -> None:
        self._shapes = {"up": FREE, "down": FREE}
        with ExitStack() as fds:
            ends = []
            for namespace, name in (far, near):
                fd = namespace.run(partial(open_tun, name))
                fds.callback(os.close, fd)
                ends.append(fd)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.carrier", *map(str, ends), str(seed)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=ends,
            )

    def set(self, *, up: Shape | None = None, down: Shape | None = None) -> None:
        """Reshape the directions named; packets on their way keep the times they were given."""
        for way, shape in (("up", up), ("down", down)):
            if shape is not None:
                self._shapes[way] = shape
        self._command({way: shape.settings() for way, shape in self._shapes.items()})

    def cut(self) -> None:
        """Cut the link: no packet passes any more, either way."""
        self._command({"up": {"loss": 1.0}, "down": {"loss": 1.0}})

    def restore(self) -> None:
        """Restore the link after `cut`."""
        self.set()

    def counters(self, way: str) -> Counters:
        return Counters(**self._command({})[way])

    def close(self) -> None:
        """End the carrier, and with it the two interfaces."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _command(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
