"""MediaLoop: Python's side of a running media thread."""

from __future__ import annotations

import contextlib
import select
import threading
import time

import pytest

from mediad._fastpath.door.events import StatsAnswered
from mediad._fastpath.door.media_loop import Kind, MediaLoop
from tests.support import engine as e
from tests.support.media_loop import LoopHarness, connect


def test_stats_are_answered(harness: LoopHarness) -> None:
    harness.client(e.SENDING)
    harness.loop.request_stats(5, Kind.KIND_TRANSPORT, e.SENDING)
    (answer,) = harness.events_until(StatsAnswered)
    assert answer.request_id == 5
    assert len(answer.records) == 1


def test_more_commands_than_the_ring_holds_are_refused_not_lost() -> None:
    loop = MediaLoop(packet_slots=16, transports=4, producers=4, consumers=4)
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while sent < 1_000_000:
            loop.request_stats(sent, Kind.KIND_TRANSPORT, e.SENDING)
            sent += 1
    assert 1000 < sent < 1_000_000
    thread = threading.Thread(target=loop.run)
    thread.start()
    answers: set[int] = set()
    end = time.monotonic() + 20
    while len(answers) < sent and time.monotonic() < end:
        select.select([loop.event_fd], [], [], 1)
        answers |= {event.request_id for event in loop.drain() if isinstance(event, StatsAnswered)}
    loop.stop()
    thread.join(10)
    assert answers == set(range(sent))


def test_datagrams_for_tcp_wait_for_the_thread() -> None:
    loop = MediaLoop(packet_slots=16, transports=4, producers=4, consumers=4)
    connection = 1 << 20
    assert not loop.send_raw(connection, bytes(3000), "127.0.0.1", 1)  # larger than any
    for _ in range(512):
        assert loop.send_raw(connection, b"answer", "127.0.0.1", 1)
    with pytest.raises(BlockingIOError):
        loop.send_raw(connection, b"answer", "127.0.0.1", 1)
    thread = threading.Thread(target=loop.run)
    thread.start()
    end = time.monotonic() + 10
    while loop.counters()["drop_tcp_gone"] < 512 and time.monotonic() < end:
        time.sleep(0.001)
    loop.stop()
    thread.join(10)
    assert loop.counters()["drop_tcp_gone"] == 512  # there is no such connection


def test_python_keeps_running_while_packets_flow(harness: LoopHarness) -> None:
    """The thread holds no GIL: a busy interpreter and a busy loop do not wait for each other."""
    sender, (receiver,) = connect(harness, 1)
    received = 0
    for number in range(1, 500):
        sender.sendto(
            e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)), harness.address
        )
        sum(range(2000))
        received += len(receiver.recv(2000)) > 0
    assert received == 499
