"""Turns of handshakes in made-up time, and the permits of their attempts."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

import pytest

from mediad.clock import LoopClock
from mediad.protocols.dtls.endpoint import DtlsEndpoint
from mediad.protocols.ice_paths import Path
from mediad.worker.transports.handshakes import (
    ADDRESS_BURST_S,
    ADDRESS_SHARE,
    ATTEMPTS,
    FURTHER_ATTEMPTS,
    SLICE_US,
    WAITING_DATAGRAMS,
    Handshakes,
)
from tests.support.dtls import LEFT_CERTIFICATE, RIGHT_CERTIFICATE
from tests.support.fake_clock import FakeClock
from tests.support.loops import on_loop

PATH = Path(0, "192.0.2.1", 5000)


@dataclass(eq=False)
class Slow:
    """A transport that takes a while for each datagram."""

    name: str
    clock: FakeClock
    log: list[tuple[str, bytes]]
    takes_us: int = 1000
    broken: bool = False

    def handshake_received(self, path: Path, data: bytes) -> None:
        self.log.append((self.name, data))
        self.clock.stall_s(self.takes_us / 1e6)
        if self.broken:
            raise RuntimeError("bug")


def made(*names: str) -> tuple[FakeClock, Handshakes, list[tuple[str, bytes]], list[Slow]]:
    clock = FakeClock()
    log: list[tuple[str, bytes]] = []
    return clock, Handshakes(clock), log, [Slow(name, clock, log) for name in names]


def test_what_comes_alone_is_taken_at_once() -> None:
    clock, handshakes, log, (ana,) = made("ana")
    for number in range(5):
        assert handshakes.receive(ana, PATH, b"%d" % number)
        clock.pass_s(0.01)
    assert log == [("ana", b"%d" % number) for number in range(5)]


def test_a_crowd_leaves_others_their_time_and_gets_turns_in_order() -> None:
    clock, handshakes, log, crowd = made(*(f"c{number}" for number in range(100)))
    for part in range(2):
        for one in crowd:
            assert handshakes.receive(one, PATH, bytes([part]))
    assert len(log) == SLICE_US // 1000
    turns = 0
    while handshakes.waits(crowd[-1]):
        before, begun_us = len(log), clock.now_us()
        clock.pass_s(0)  # one turn of the event loop: whatever else is due comes between two of them
        assert len(log) > before
        assert clock.now_us() - begun_us <= SLICE_US
        turns += 1
    assert turns == (200 - 3 + 2) // 3
    # The first three had a turn at once; from then on each gets one before any gets its second.
    assert [name for name, _ in log[3:103]] == [*(f"c{n}" for n in range(3, 100)), "c0", "c1", "c2"]
    assert sorted(log) == sorted((one.name, bytes([part])) for one in crowd for part in range(2))
    for one in crowd:
        assert [data for name, data in log if name == one.name] == [b"\0", b"\1"]


def test_a_flood_of_one_client_costs_another_no_more_than_a_slice() -> None:
    clock, handshakes, log, (loud, quiet) = made("loud", "quiet")
    taken = sum(handshakes.receive(loud, PATH, b"flood") for _ in range(1000))
    assert taken == SLICE_US // 1000 + WAITING_DATAGRAMS
    assert handshakes.receive(quiet, PATH, b"hello")
    clock.pass_s(0)
    assert log.index(("quiet", b"hello")) <= SLICE_US // 1000 + 1


def test_a_closed_transport_has_no_turn_and_a_bug_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    clock, handshakes, log, (first, gone, broken, well) = made("first", "gone", "broken", "well")
    for _ in range(3):
        handshakes.receive(first, PATH, b"1")
    broken.broken = True
    for one in (gone, broken, well):
        handshakes.receive(one, PATH, b"2")
    handshakes.forget(gone)
    with caplog.at_level(logging.ERROR):
        clock.pass_s(0.1)
    assert log[3:] == [("broken", b"2"), ("well", b"2")]
    assert "a bug in mediad" in caplog.text
    assert clock.waiting == 0


def hello() -> list[bytes]:
    client = DtlsEndpoint(LEFT_CERTIFICATE)
    client.start("client", 0)
    return client.datagrams_to_send()


def test_attempts_are_bounded_in_all_and_every_client_has_its_first() -> None:
    handshakes = Handshakes(FakeClock())
    handshakes.under_way = FURTHER_ATTEMPTS - 1
    ends = [DtlsEndpoint(RIGHT_CERTIFICATE, permits=handshakes) for _ in range(3)]
    for end in ends:
        end.start("server", 0)
        for _ in range(2):
            for datagram in hello():
                end.receive_datagram(datagram, 0)
    assert handshakes.under_way == FURTHER_ATTEMPTS - 1 + 3
    assert [end.dropped["no-permit"] for end in ends] == [1, 1, 1]
    handshakes.under_way += ATTEMPTS - FURTHER_ATTEMPTS - 2
    late = DtlsEndpoint(RIGHT_CERTIFICATE, permits=handshakes)
    late.start("server", 0)
    late.receive_datagram(hello()[0], 0)
    assert (late.datagrams_to_send(), late.dropped["no-permit"]) == ([], 1)
    ends[0].close(0)
    late.receive_datagram(hello()[0], 0)
    assert late.datagrams_to_send() != []
    late.handle_timer(10_000_000)  # it is given up, and its permit is free again
    for end in ends[1:]:
        end.close(0)
    assert handshakes.under_way == ATTEMPTS - 3


def test_a_handshake_gives_its_permits_back_however_it_ends() -> None:
    handshakes = Handshakes(FakeClock())
    client, server = DtlsEndpoint(LEFT_CERTIFICATE), DtlsEndpoint(RIGHT_CERTIFICATE, permits=handshakes)
    client.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
    server.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    server.start("server", 0)
    server.receive_datagram(hello()[0], 0)
    client.start("client", 0)
    most = 0
    for _ in range(4):
        for sender, receiver in ((client, server), (server, client)):
            for datagram in sender.datagrams_to_send():
                receiver.receive_datagram(datagram, 0)
            most = max(most, handshakes.under_way)
    assert (server.state, most, handshakes.under_way) == ("connected", 2, 0)
    turned = DtlsEndpoint(RIGHT_CERTIFICATE, permits=handshakes)
    turned.start("server", 0)
    turned.receive_datagram(hello()[0], 0)
    assert handshakes.under_way == 1
    turned.start("client", 0)
    assert handshakes.under_way == 0


def test_one_address_takes_its_part_of_the_time_whatever_its_clients_are() -> None:
    clock, handshakes, log, crowd = made(*(f"c{number}" for number in range(50)))
    quiet = Slow("quiet", clock, log)
    for one in crowd:
        one.takes_us = 10_000  # signatures that are wrong
    began_us = clock.now_us()
    while clock.now_us() < began_us + 120_000_000:
        for number, one in enumerate(crowd):
            handshakes.receive(one, Path(0, f"2001:db8:0:7::{number + 1:x}", 9), b"wrong")
        before = log.count(("quiet", b"true"))
        handshakes.receive(quiet, PATH, b"true")
        clock.pass_s(1)
        assert log.count(("quiet", b"true")) == before + 1
    taken_s = sum(name != "quiet" for name, _ in log) / 100
    assert ADDRESS_BURST_S <= taken_s <= ADDRESS_BURST_S + 120 * ADDRESS_SHARE + 0.1
    assert handshakes.over_budget > 1000


class Answering:
    """A transport with DTLS and nothing else."""

    def __init__(self, handshakes: Handshakes) -> None:
        self.endpoint = DtlsEndpoint(RIGHT_CERTIFICATE, permits=handshakes)
        self.endpoint.start("server", 0)

    def handshake_received(self, path: Path, data: bytes) -> None:
        self.endpoint.receive_datagram(data, 0)


@on_loop
async def test_a_crowd_that_begins_at_once_leaves_the_loop_free() -> None:
    """Look at the gaps between two turns of the loop: an ICE check waits no longer."""
    clock = LoopClock()
    handshakes = Handshakes(clock)
    crowd = [Answering(handshakes) for _ in range(500)]
    hellos = [hello()[0] for _ in range(20)]
    began_s = time.monotonic()
    for number, one in enumerate(crowd):
        handshakes.receive(one, PATH, hellos[number % 20])
    gaps = [time.monotonic() - began_s]
    while any(handshakes.waits(one) for one in crowd):
        before_s = time.monotonic()
        await asyncio.sleep(0)
        gaps.append(time.monotonic() - before_s)
    took_s = time.monotonic() - began_s
    assert all(one.endpoint.datagrams_to_send() for one in crowd)
    gaps.sort()
    print(f"500 hellos in {took_s * 1e3:.0f} ms, of the loop's turns p50 {gaps[len(gaps) // 2] * 1e3:.1f} ms")
    assert gaps[len(gaps) // 2] < 0.02
    assert len(gaps) >= took_s / 0.05
    assert handshakes.under_way == 500
