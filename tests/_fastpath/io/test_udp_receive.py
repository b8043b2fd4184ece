"""Receiving from the kernel: GRO trains are split, datagrams that are too large are counted."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from tests.support import engine as e
from tests.support.media_loop import LoopHarness, connect

UDP_SEGMENT = 103


def test_a_train_is_cut_into_its_datagrams(harness: LoopHarness) -> None:
    sender, (receiver,) = connect(harness, 1)
    packets = [
        e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)) for number in range(1, 31)
    ]
    largest = len(packets[0])
    packets = [packet + b"y" * (largest - len(packet)) for packet in packets[:-1]] + packets[-1:]
    try:
        sender.sendmsg(
            [b"".join(packets)],
            [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", largest))],
            0,
            harness.address,
        )
    except OSError:
        pytest.skip("this kernel has no UDP_SEGMENT to build a train with")
    numbers = [e.parse_rtp(receiver.recv(2000)).sequence for _ in range(30)]
    assert numbers == list(range(1000, 1030))


def test_a_datagram_larger_than_a_slot_is_counted(harness: LoopHarness) -> None:
    sender, _ = connect(harness, 1)
    sender.sendto(e.rtp(1, 1, b"x" * 3000), harness.address)
    end = time.monotonic() + 10
    while harness.loop.counters()["drop_truncated"] == 0 and time.monotonic() < end:
        time.sleep(0.01)
    assert harness.loop.counters()["drop_truncated"] == 1
