"""Ports for tests, from below those that the kernel hands out by itself: no client of anybody's takes them.

A test run reserves what it uses by abstract sockets (unix(7)), which all runs of a machine see.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from functools import cache

from mediad.config.settings import PORTS_PER_WORKER

_LANES = tuple(range(first, first + 400) for first in range(2_000, 10_000, 400))
"""The ports of `free_port`; each test run has a lane of its own."""

_MEDIA_PORTS = range(12_000, 28_000)

_next = 0
_reserved: list[socket.socket] = []


def free_port(count: int = 1) -> int:
    """Return the first of `count` ports in a row that are free for UDP and TCP.

    The lane's other ports have their turn before a port comes again.
    """
    global _next
    lane = _lane()
    for _ in lane:
        ports = lane[_next : _next + count]
        _next = (_next + count) % len(lane)
        if len(ports) == count and all(map(_is_free, ports)):
            return ports.start
    raise AssertionError("no free ports")


def free_media_ports(workers: int, among: Iterable[int] = _MEDIA_PORTS) -> int:
    """Return a base port whose first UDP and TCP port is free for each of `workers` workers.

    The ports stay this process's own until it ends: other tests, and other runs, get others, also while
    a worker that was killed has left its port.
    """
    bases = list(among)
    random.shuffle(bases)
    for base in bases:
        firsts = [base + worker * PORTS_PER_WORKER for worker in range(workers)]
        if all(_reserve(f"media-port-{port}") for port in firsts) and all(map(_is_free, firsts)):
            return base
    raise AssertionError("no free media ports")


@cache
def _lane() -> range:
    lanes = random.sample(_LANES, len(_LANES))
    return next((lane for lane in lanes if _reserve(f"ports-{lane.start}")), lanes[0])


def _reserve(name: str) -> bool:
    """Reserve a name until this process ends; False when another run has it."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        mark.bind(f"\0mediad-test-{name}")
    except OSError:
        mark.close()
        return False
    _reserved.append(mark)
    return True


def _is_free(port: int) -> bool:
    return all(_binds(port, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))


def _binds(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
