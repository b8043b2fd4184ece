"""Forwarding over loopback: one producer, many SRTP consumers, and the floor loop beside it, at equal load.

What is measured is the CPU time of the media thread, or of the floor's. Source and sinks live in a second
process, on other cores where there are any. The ratio is the floor's cost over the engine's: 1.0 would be an
SFU that does nothing but copy, encrypt and send.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from mediad._fastpath.door.media_loop import MediaLoop
from mediad._fastpath.wire.srtp import session_pointer
from tests.bench import video
from tests.bench.floor import Floor
from tests.bench.scene import Scene, key_of, outbound
from tests.support.imports import ROOT

CONSUMERS = 50
BUFFER_BYTES = 4 * 1024 * 1024
WARM_UP = 200
MAX_FLOOR_BATCH = 50


@dataclass(frozen=True, slots=True)
class Measured:
    """The packets that passed, and the CPU time they took."""

    packets: int
    expected: int
    cpu_s: float
    batch: float  # packets of the producer's that were handled together

    @property
    def us_per_packet(self) -> float:
        return self.cpu_s * 1e6 / self.packets if self.packets else float("inf")


class Peers:
    """The process with the source and the sinks."""

    def __init__(self, sinks: int, profile: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.peers", str(sinks), profile],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        hello = self._read()
        self.source_port: int = hello["source"]
        self.sink_ports: list[int] = hello["sinks"]

    def send(self, port: int, packets: int, rate: float, *, new: bool) -> None:
        """Sends the first or the next packets of a stream, `rate` a second."""
        assert self._process.stdin
        order = {"port": port, "packets": packets, "rate": rate, "new": new}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._read()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


def open_media_socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    opened.bind(("127.0.0.1", 0))
    return opened


def measure_engine(peers: Peers, profile: str, forwarded_per_s: float, seconds: float) -> Measured:
    rate = forwarded_per_s / len(peers.sink_ports)
    loop = MediaLoop(packet_slots=16_384, transports=256, producers=16, consumers=256)
    with open_media_socket() as opened:
        port = opened.getsockname()[1]
        loop.open_socket(0, opened.fileno())
        scene = Scene(loop, source_port=peers.source_port, sink_ports=peers.sink_ports, profile=profile)
        thread = threading.Thread(target=loop.run)
        thread.start()
        clock = time.pthread_getcpuclockid(thread.ident or 0)
        try:
            peers.send(port, WARM_UP, rate, new=True)
            before, cpu_before = loop.counters(), time.clock_gettime(clock)
            peers.send(port, int(rate * seconds), rate, new=False)
            time.sleep(0.05)  # what is still in the socket
            after, cpu_after = loop.counters(), time.clock_gettime(clock)
        finally:
            loop.stop()
            thread.join()
    del loop, scene  # in this order: the sessions were lent
    counted = {name: after[name] - before[name] for name in after}
    return Measured(
        packets=counted["rtp_forwarded"],
        expected=int(rate * seconds) * len(peers.sink_ports),
        cpu_s=cpu_after - cpu_before,
        batch=counted["rtp_received"] / max(counted["receive_batches"], 1),
    )


def measure_floor(peers: Peers, profile: str, forwarded_per_s: float, seconds: float, batch: int) -> Measured:
    """Measure as many packets to the same sinks, `batch` at a time and as evenly."""
    sessions = [outbound(profile, key_of(profile)) for _ in peers.sink_ports]
    rounds_per_s = forwarded_per_s / len(sessions) / batch
    rounds = int(rounds_per_s * seconds)
    with open_media_socket() as sender:
        lent = [session_pointer(session) for session in sessions]
        floor = Floor(sender.fileno(), peers.sink_ports, lent, video.packet(1), batch)
        before = time.thread_time()
        floor.run(rounds, int(1e6 / rounds_per_s))
        cpu_s = time.thread_time() - before
    return Measured(floor.sent, rounds * batch * len(sessions), cpu_s, batch)


def pin() -> None:
    """Ourselves to the first core; the peers take the others."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) > 1:
        os.sched_setaffinity(0, cpus[:1])


@dataclass(frozen=True, slots=True)
class Row:
    profile: str
    forwarded_per_s: float
    engine: Measured
    floor: Measured

    @property
    def ratio(self) -> float:
        return self.floor.us_per_packet / self.engine.us_per_packet


def measure(profile: str, forwarded_per_s: float, seconds: float) -> Row:
    """The floor before and after the engine, so that a machine that changes its mind hurts both alike."""
    allowed = os.sched_getaffinity(0)
    peers = Peers(CONSUMERS, profile)
    pin()
    try:
        engine = measure_engine(peers, profile, forwarded_per_s, seconds)
        batch = min(max(round(engine.batch), 1), MAX_FLOOR_BATCH)
        first = measure_floor(peers, profile, forwarded_per_s, seconds / 2, batch)
        again = measure_engine(peers, profile, forwarded_per_s, seconds)
        last = measure_floor(peers, profile, forwarded_per_s, seconds / 2, batch)
    finally:
        peers.close()
        os.sched_setaffinity(0, allowed)
    return Row(profile, forwarded_per_s, _sum(engine, again), _sum(first, last))


def _sum(first: Measured, second: Measured) -> Measured:
    return Measured(
        first.packets + second.packets,
        first.expected + second.expected,
        first.cpu_s + second.cpu_s,
        (first.batch + second.batch) / 2,
    )
