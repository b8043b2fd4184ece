"""The call and the joins beside an attack, watched from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.attack.target import Target
from tests.support.imports import ROOT

FREEZE_S = 0.3
"""A standstill of the call that people notice."""
READY_TIMEOUT_S = 120.0
ENDING_S = 10.0
_URGENT = -10
"""The priority of who is measured, where root may raise it: the machine's other programs are no attackers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The fate of a call between browsers, as the one that watches tells."""

    received: int
    lost: int
    frames: int
    freezes: int

    @property
    def loss(self) -> float:
        return self.lost / max(self.received + self.lost, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The fate of a call and of newcomers during some time."""

    sent: int
    lost: int
    worst_s: float
    """The longest that the receiver waited for a packet."""
    freezes: int
    joins_s: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """The reasons why newcomers could not join."""
    watched: Watched | None = None
    """The fate of a call between browsers; None where there are none."""

    @property
    def loss(self) -> float:
        return self.lost / self.sent if self.sent else 1.0


class Witness:
    """A process that tells a line at a time."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._module = module
        self.lines: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        hurry([self.process.pid])
        self.errors = ""
        self._threads = [
            threading.Thread(target=read, daemon=True) for read in (self._listen, self._complain)
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def _complain(self) -> None:
        assert self.process.stderr is not None
        self.errors = self.process.stderr.read()

    def first(self) -> dict[str, Any]:
        """Wait for its first line."""
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not self.lines:
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                self.end()
                raise RuntimeError(f"{self._module} said nothing:\n{self.errors[-2000:]}")
            time.sleep(0.02)
        return self.lines[0]

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)  # a browser is to be closed
        try:
            self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


def hurry(pids: Iterable[int]) -> None:
    """Put processes, with all their threads, before other programs of the machine."""
    if os.geteuid() != 0:
        return
    for pid in pids:
        with suppress(OSError):  # sched(7): of other sessions, this counts instead
            Path(f"/proc/{pid}/autogroup").write_text(str(_URGENT))
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), _URGENT)


class Witnesses:
    """A call and newcomers. `target` is what attackers may know of the call."""

    def __init__(self, call: Witness, probes: Witness, browsers: Witness | None) -> None:
        self._call, self._probes, self._browsers = call, probes, browsers
        self.target = Target.from_json(json.dumps(call.first()))

    @property
    def call_ended(self) -> str | None:
        """The last words of the call's process, when it has ended."""
        return None if self._call.process.poll() is None else self._call.errors[-500:]

    def wait(self, until_s: float) -> None:
        """Wait until the fate of all packets sent before a moment (Unix time) is known."""
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s and self.call_ended is None:
            if self._call.lines[-1].get("second", 0) >= int(until_s) - 1:
                return
            time.sleep(0.05)

    def seen(self, from_s: float, until_s: float) -> Seen:
        """The fate of the whole seconds between two moments (Unix time), and of who came meanwhile."""
        self.wait(until_s)
        seconds = [
            line
            for line in self._call.lines[1:]
            if from_s <= line["second"] and line["second"] + 1 <= until_s
        ]
        joins = [line for line in list(self._probes.lines) if from_s <= line["began_s"] < until_s]
        return Seen(
            sent=sum(second["sent"] for second in seconds),
            lost=sum(second["sent"] - second["got"] for second in seconds),
            worst_s=max((second["worst_s"] for second in seconds), default=0.0),
            freezes=sum(second["worst_s"] >= FREEZE_S for second in seconds),
            joins_s=[join["took_s"] for join in joins if join["error"] is None],
            failed=[join["error"] for join in joins if join["error"] is not None],
            watched=self._watched(from_s, until_s),
        )

    def _watched(self, from_s: float, until_s: float) -> Watched | None:
        if self._browsers is None:
            return None
        lines = [line for line in list(self._browsers.lines) if from_s <= line["at_s"] <= until_s]
        if len(lines) < 2 or self._browsers.process.poll() is not None:
            return Watched(received=0, lost=0, frames=0, freezes=1)
        grown = {name: lines[-1][name] - lines[0][name] for name in ("received", "lost", "frames", "freezes")}
        return Watched(**{**grown, "lost": max(0, grown["lost"])})


@contextmanager
def witnesses(front_port: int, secret: str, *, browsers: bool) -> Iterator[Witnesses]:
    """Start a call, newcomers and perhaps browsers, and end them."""
    with ExitStack() as stack:

        def start(module: str, *arguments: object) -> Witness:
            witness = Witness(module, *arguments)
            stack.callback(witness.end)
            witness.first()
            return witness

        url = f"http://127.0.0.1:{front_port}"
        watching = start("tests.attack.browsers", url, secret) if browsers else None
        call = start("tests.attack.call", front_port, secret)
        yield Witnesses(call, start("tests.attack.probes", front_port, secret), watching)
