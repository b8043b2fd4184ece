"""The process that carries packets between two TUN devices, badly on purpose.

`python -m tests.support.carrier UP_FD DOWN_FD SEED`: what is read from the first leaves by the second through
one `Link`, and the other way round through another. Rate, queue, delay and loss are those links' own rather
than tc's: netem is missing from many kernels, a seed makes the losses repeatable, and the queue's length is
known exactly. It is a process of its own so that nobody's interpreter lock delays a packet.

Commands are JSON lines on stdin, each answered by one on stdout; it ends with its stdin.
"""

from __future__ import annotations

import gc
import json
import os
import select
import sys
import time
from contextlib import suppress
from typing import Any

from tests.support.link import Link

BATCH = 64  # packets read from one side before the other has its turn
MAX_PACKET = 65_535


class Direction:
    """One way through: from a TUN descriptor, over a `Link`, into another."""

    def __init__(self, source: int, sink: int, seed: int) -> None:
        self.source = source
        self.sink = sink
        self.link = Link(seed, queue_us=1_000_000)
        self.bytes_delivered = 0
        self.refused = 0
        self.largest = 0
        self._peak_queue_us = 0

    def read(self, now_us: int) -> None:
        for _ in range(BATCH):
            try:
                packet = os.read(self.source, MAX_PACKET)
            except BlockingIOError:
                return
            self.link.send(now_us, packet)
            self.largest = max(self.largest, len(packet))
            self._peak_queue_us = max(self._peak_queue_us, self.link.queueing_us(now_us))

    def write(self, now_us: int) -> None:
        for packet in self.link.due(now_us):
            try:
                os.write(self.sink, packet)
                self.bytes_delivered += len(packet)
            except OSError:  # the interface is down, or its owner's buffers are full
                self.refused += 1

    def change(self, settings: dict[str, Any]) -> None:
        for name, value in settings.items():
            setattr(self.link, name, value)

    def counters(self, now_us: int) -> dict[str, int]:
        """Return the counters since the start; `peak_queue_us` since the last call."""
        peak_queue_us, self._peak_queue_us = self._peak_queue_us, self.link.queueing_us(now_us)
        return {
            "sent": self.link.sent,
            "lost": self.link.lost,
            "overflowed": self.link.overflowed,
            "delivered": self.link.delivered,
            "refused": self.refused,
            "bytes_delivered": self.bytes_delivered,
            "largest": self.largest,
            "queue_us": self.link.queueing_us(now_us),
            "peak_queue_us": peak_queue_us,
        }


def carry(directions: dict[str, Direction], commands: int, answers: int) -> None:
    """Carry packets until `commands` ends; sleep until one comes, or one is due."""
    sources = [direction.source for direction in directions.values()]
    while True:
        deadlines = [direction.link.deadline() for direction in directions.values()]
        due = min((deadline for deadline in deadlines if deadline is not None), default=None)
        wait_s = None if due is None else max(0, due - _now_us()) / 1e6
        readable, _, _ = select.select([*sources, commands], [], [], wait_s)
        now_us = _now_us()
        for direction in directions.values():
            if direction.source in readable:
                direction.read(now_us)
            direction.write(now_us)
        if commands in readable and not _obey(directions, commands, answers):
            return


def _obey(directions: dict[str, Direction], commands: int, answers: int) -> bool:
    """One command, written in one piece by somebody who awaits the answer; false when there are no more."""
    line = os.read(commands, 65_536)
    if not line:
        return False
    for way, settings in json.loads(line).items():
        directions[way].change(settings)
    now_us = _now_us()
    answer = {way: direction.counters(now_us) for way, direction in directions.items()}
    os.write(answers, json.dumps(answer).encode() + b"\n")
    return True


def _now_us() -> int:
    return time.monotonic_ns() // 1000


def _hurry() -> None:
    """Ask not to wait behind encoders: a wire does not know how busy the computers at its ends are."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        return
    with suppress(OSError):
        os.nice(-15)


def main() -> None:
    up, down, seed = (int(argument) for argument in sys.argv[1:])
    gc.disable()  # nothing here makes circles, and a pause would be a delay
    _hurry()
    directions = {"up": Direction(up, down, seed), "down": Direction(down, up, seed + 1)}
    carry(directions, commands=0, answers=1)


if __name__ == "__main__":
    main()
