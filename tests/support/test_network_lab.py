"""The lab's links do what they are told, as two sockets at their ends see it."""

from __future__ import annotations

import math
import os
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.network_lab import SERVER, Client, NetworkLab, refusal
from tests.support.shaped_link import FREE, Shape

UDP_SEGMENT = 103  # linux/udp.h
PAYLOAD = 972
PACKET = PAYLOAD + 28  # with its IP and UDP headers
TRIES = 3
"""A busy machine may not get around to sending enough."""


@pytest.fixture(scope="module")
def lab() -> Iterator[NetworkLab]:
    reason = refusal()
    if reason is not None:
        pytest.skip(f"no bad networks can be made here: {reason}")
    with NetworkLab() as lab:
        yield lab


@pytest.fixture
def client(lab: NetworkLab) -> Iterator[Client]:
    client = lab.client("ana")
    yield client
    client.link.set(up=FREE, down=FREE)


class Ends:
    """A socket at the daemon's end of the link and one at the client's."""

    def __init__(self, lab: NetworkLab, client: Client) -> None:
        self.server = lab.server.run(lambda: _bound(SERVER))
        self.client = client.namespace.run(lambda: _bound(client.address))

    def send(self, count: int, every_s: float) -> list[tuple[float, float]]:
        """(sent, received) on the clock, of what the client got of `count` packets of `PACKET` bytes."""
        start_s = time.monotonic()
        received: list[tuple[float, float]] = []
        for number in range(count):
            self._receive_until(start_s + number * every_s, received)
            now = f"{time.monotonic():.9f}".encode()
            self.server.sendto(now.ljust(PAYLOAD), self.client.getsockname())
        self._receive_until(time.monotonic() + 0.5, received)
        return received

    def _receive_until(self, end_s: float, received: list[tuple[float, float]]) -> None:
        while (left_s := end_s - time.monotonic()) > 0:
            self.client.settimeout(left_s)
            try:
                data = self.client.recv(2 * PAYLOAD)
            except TimeoutError:
                return
            received.append((float(data), time.monotonic()))

    def close(self) -> None:
        self.server.close()
        self.client.close()


@pytest.fixture
def ends(lab: NetworkLab, client: Client) -> Iterator[Ends]:
    ends = Ends(lab, client)
    yield ends
    ends.close()


def test_delay(client: Client, ends: Ends) -> None:
    for delay_ms in (0, 50):
        client.link.set(down=Shape(delay_ms=delay_ms))
        waits_ms = [(received - sent) * 1000 for sent, received in ends.send(100, 0.005)]
        assert len(waits_ms) == 100
        assert delay_ms <= statistics.median(waits_ms) < delay_ms + 3


@pytest.mark.parametrize("rate_bps", [300_000, 5_000_000])
def test_rate_and_queue(client: Client, ends: Ends, rate_bps: int) -> None:
    """Given twice what it carries, the link carries its rate and lets the rest wait, then drop."""
    client.link.set(down=Shape(rate_bps=rate_bps, queue_ms=100))
    packets_per_s = 2 * rate_bps / 8 / PACKET
    for _ in range(TRIES):
        arrivals = ends.send(round(2 * packets_per_s), 1 / packets_per_s)
        carried_bps = (len(arrivals) - 1) * PACKET * 8 / (arrivals[-1][1] - arrivals[0][1])
        if carried_bps == pytest.approx(rate_bps, rel=0.05):
            break
    counters = client.link.counters("down")
    assert carried_bps == pytest.approx(rate_bps, rel=0.05)
    assert counters.overflowed > 0
    assert 80_000 < counters.peak_queue_us < 100_000 + PACKET * 8e6 / rate_bps + 1000


def test_loss(client: Client, ends: Ends) -> None:
    """Loss is within four standard deviations of a binomial count, and in the direction asked for."""
    client.link.set(up=Shape(loss=1.0), down=Shape(loss=0.1))
    count = 1000
    lost = count - len(ends.send(count, 0.0005))
    assert abs(lost - 0.1 * count) < 4 * math.sqrt(count * 0.1 * 0.9)


def test_a_cut_stops_everything_until_it_is_restored(client: Client, ends: Ends) -> None:
    client.link.set(down=Shape(delay_ms=5))
    client.link.cut()
    assert ends.send(20, 0.001) == []
    client.link.restore()
    received = ends.send(20, 0.001)
    assert len(received) == 20
    assert min(after - before for before, after in received) >= 0.005


def test_segmentation_offload_ends_before_the_link(client: Client, ends: Ends) -> None:
    ends.server.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, PAYLOAD)
    ends.server.sendto(bytes(10 * PAYLOAD), ends.client.getsockname())
    ends.client.settimeout(5)
    assert [len(ends.client.recv(65_535)) for _ in range(10)] == [PAYLOAD] * 10
    assert client.link.counters("down").largest <= PACKET


def test_processes_live_inside_and_nothing_is_left(lab: NetworkLab) -> None:
    here = Path("/proc/self/ns/net").readlink()
    command = [*lab.server.prefix, "readlink", "/proc/self/ns/net"]
    there = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert there != str(here)
    before = set(os.listdir("/proc/self/fd"))
    with NetworkLab() as other:
        other.client("ana")
    assert set(os.listdir("/proc/self/fd")) == before


def _bound(address: str) -> socket.socket:
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind((address, 0))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    return end
