"""A daemon with a call and newcomers in it, and attacks on it: what they cost people, and the daemon."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from tests.attack.attacker import Attacker
from tests.attack.target import Outcome
from tests.attack.witness import Seen, Witnesses, hurry, witnesses
from tests.support.daemon import Daemon

SETTINGS: dict[str, Any] = {"log_level": "warning"}
"""The settings beside those of ports and tokens: the defaults otherwise, which have to be good ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Memory and CPU time of the daemon during an attack."""

    supervisor_growth_bytes: int
    """The most that it had beyond what it had before."""
    workers_growth_bytes: int
    supervisor_cores: float
    workers_cores: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fought:
    """One attack, or several at once, and what came of it."""

    name: str
    outcome: Outcome
    seen: Seen
    seconds: float
    cost: Cost
    alive: str | None
    """The problem of the daemon afterwards; None when it and its workers are those of before."""
    load: float = field(default_factory=lambda: os.getloadavg()[0])


class Arena:
    """One daemon and its witnesses."""

    def __init__(self, daemon: Daemon, watching: Witnesses) -> None:
        self.daemon = daemon
        self.watching = watching
        self.idle: list[Seen] = []
        """The times without an attack."""
        self._pids = daemon.worker_pids()

    def rest(self, seconds: float) -> Seen:
        """Watch for some time without an attack."""
        began_s = time.time()
        time.sleep(seconds)
        seen = self.watching.seen(began_s, time.time())
        self.idle.append(seen)
        return seen

    def fight(self, names: Sequence[str], seconds: float) -> Fought:
        """Run attacks side by side, and watch."""
        attackers = [Attacker(name, self.watching.target, seconds) for name in names]
        meter = _Meter(self.daemon)
        for attacker in attackers:
            attacker.begin()
        began_s = time.time()
        while time.time() < began_s + seconds:
            time.sleep(0.25)
            meter.look()
        ended_s = time.time()
        outcome = Outcome().add([attacker.outcome() for attacker in attackers])
        seen = self.watching.seen(began_s, ended_s)
        return Fought(
            name="+".join(names),
            outcome=outcome,
            seen=seen,
            seconds=seconds,
            cost=meter.cost(),
            alive=self.problem(),
        )

    def problem(self) -> str | None:
        """Say what is not as it was: the daemon, its workers, the call."""
        if (words := self.watching.call_ended) is not None:
            return f"the call ended: {words}"
        try:
            status, health = self.daemon.get("/health")
        except OSError as error:
            return f"the daemon does not answer: {error}"
        if status != 200:
            return f"/health says {health}"
        return None if self.daemon.worker_pids() == self._pids else "a worker was replaced"


class _Meter:
    """The largest memory of processes, and their CPU time, since it was made."""

    def __init__(self, daemon: Daemon) -> None:
        self._supervisor = psutil.Process(daemon.pid)
        self._workers = [psutil.Process(pid) for pid in daemon.worker_pids().values()]
        self._began_s = time.monotonic()
        self._first = self._memory()
        self._most = self._first
        self._cpu = self._cpu_s()

    def _memory(self) -> tuple[int, int]:
        return self._supervisor.memory_info().rss, sum(worker.memory_info().rss for worker in self._workers)

    def _cpu_s(self) -> tuple[float, float]:
        times = [sum(process.cpu_times()[:2]) for process in (self._supervisor, *self._workers)]
        return times[0], sum(times[1:])

    def look(self) -> None:
        try:
            now = self._memory()
        except psutil.NoSuchProcess:
            return
        self._most = max(self._most[0], now[0]), max(self._most[1], now[1])

    def cost(self) -> Cost:
        passed_s = time.monotonic() - self._began_s
        try:
            used_s = self._cpu_s()
        except psutil.NoSuchProcess:
            used_s = self._cpu
        return Cost(
            supervisor_growth_bytes=self._most[0] - self._first[0],
            workers_growth_bytes=self._most[1] - self._first[1],
            supervisor_cores=(used_s[0] - self._cpu[0]) / passed_s,
            workers_cores=(used_s[1] - self._cpu[1]) / passed_s,
        )


@contextmanager
def arena(*, browsers: bool = False, **settings: Any) -> Iterator[Arena]:
    """A daemon that needs tokens, as a public one does, with one worker, a call and newcomers.

    With `browsers`, two Chromium tabs have a call too.
    """
    secret = secrets.token_hex(32)
    with Daemon(workers=1, jwt_secrets=secret, **{**SETTINGS, **settings}) as daemon:
        hurry(daemon.pids())
        with witnesses(daemon.port, secret, browsers=browsers) as watching:
            yield Arena(daemon, watching)
