"""Slots of the graph: what they cost before a packet comes, and that they leave nothing behind."""

from __future__ import annotations

from pathlib import Path

from tests.support.engine import GENERATION, VP8
from tests.windows.engine import EngineWindow

MANY = 2000
PAGE_KB = 4
OPENED_KB = 24
"""The most a transport may cost that never carries a packet."""
LEFT_KB = 2048
"""Tables that grew, and noise of the process."""


def resident_kb() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * PAGE_KB


def handles(count: int, generation: int = 1) -> list[int]:
    return [generation * GENERATION | index for index in range(count)]


def open_transports(engine: EngineWindow, generation: int = 1) -> None:
    for handle in handles(MANY, generation):
        engine.open_transport(
            handle, username_fragment=f"fragment{handle}".encode(), rtcp_ssrc=1, secure=False
        )


def open_producer(engine: EngineWindow, handle: int, transport: int) -> None:
    engine.open_producer(
        handle,
        transport,
        video=True,
        mid=b"0",
        paused=False,
        codecs=[(96, 97, 101, VP8, 90000)],
        encodings=[(7000 + handle % GENERATION, 0, b"")],
        extensions={},
        nack=True,
        pli=True,
        fir=False,
        transport_cc=True,
        remb=True,
        inactivity_us=0,
        levels=False,
    )


def open_consumer(engine: EngineWindow, handle: int, transport: int, producer: int) -> None:
    engine.open_consumer(
        handle,
        transport,
        producer,
        video=False,
        ssrc=9000 + handle % GENERATION,
        rtx_ssrc=0,
        codecs=[(100, 0)],
        clock_rate=48000,
        mid=b"7",
        cname=b"cname",
        extensions={},
        nack=False,
        ignore_dtx=False,
        paused=True,
        target=0,
        first_sequence_number=0,
        first_timestamp=0,
        first_rtx_sequence_number=0,
    )


def test_a_transport_without_packets_costs_little_and_leaves_nothing() -> None:
    engine = EngineWindow(transports=MANY)
    before_kb = resident_kb()
    open_transports(engine)
    opened_kb = resident_kb() - before_kb
    for handle in handles(MANY):
        engine.close_transport(handle)
    left_kb = resident_kb() - before_kb
    assert opened_kb < MANY * OPENED_KB
    assert left_kb < LEFT_KB


def test_producers_and_consumers_leave_nothing() -> None:
    engine = EngineWindow(transports=2, producers=MANY, consumers=MANY)
    engine.open_transport(GENERATION, username_fragment=b"f", rtcp_ssrc=1, secure=False)
    before_kb = resident_kb()
    for handle in handles(MANY):
        open_producer(engine, handle, GENERATION)
        open_consumer(engine, handle, GENERATION, handle)
    opened_kb = resident_kb() - before_kb
    for handle in handles(MANY):
        engine.close_consumer(handle)
        engine.close_producer(handle)
    left_kb = resident_kb() - before_kb
    assert opened_kb > 3 * LEFT_KB, "so that what is left means something"
    assert left_kb < LEFT_KB


def test_the_next_tenant_of_a_slot_finds_nothing_of_the_last() -> None:
    """Neighbours that live keep the pages at a slot's edges: those are cleared byte by byte."""
    engine = EngineWindow(transports=MANY)
    open_transports(engine)
    counters = engine.counters()
    odd = handles(MANY)[1::2]
    for handle in odd:
        engine.add_address(handle, 0, "198.51.100.1", handle % GENERATION + 1)
        engine.select_address(handle, 0, "198.51.100.1", handle % GENERATION + 1)
        engine.close_transport(handle)
    for handle in handles(MANY, 2)[1::2]:
        engine.open_transport(handle, username_fragment=b"second%d" % handle, rtcp_ssrc=2, secure=False)
        assert engine.estimator(handle)["target_bps"] == 600_000
        engine.close_transport(handle)
    for handle in handles(MANY)[::2]:
        engine.close_transport(handle)
    assert engine.timers_armed() == 0
    assert engine.counters() == counters
