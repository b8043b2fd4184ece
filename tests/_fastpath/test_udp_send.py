"""GSO runs: what the kernel cuts apart again must be what was put in, for any sizes."""

from __future__ import annotations

import random

from tests.support import engine as e
from tests.support.media_loop import LoopHarness, connect


def test_datagrams_of_any_sizes_arrive_whole_and_in_order(harness: LoopHarness) -> None:
    chance = random.Random(11)
    sender, receivers = connect(harness, 4)
    bodies = [
        bytes([number & 0xFF]) * chance.choice((50, 400, 400, 400, 1100, 1101)) for number in range(400)
    ]
    for start in range(0, len(bodies), 40):
        for number in range(start, start + 40):
            payload = e.vp8_payload(number, keyframe=number == 0, body=bodies[number])
            sender.sendto(e.rtp(number, number * 3000, payload), harness.address)
        for receiver in receivers:
            for number in range(start, start + 40):
                data = receiver.recv(2000)
                assert data.endswith(bodies[number]) and e.parse_rtp(data).sequence == 1000 + number  # noqa: PT018
    assert harness.loop.counters()["drop_send_failed"] == 0


def test_a_destination_out_of_reach_costs_only_its_own(harness: LoopHarness) -> None:
    sender, (receiver, _) = connect(harness, 2)
    harness.loop.add_address(e.GENERATION | 11, 0, "2001:db8::1", 9)
    harness.loop.select_address(e.GENERATION | 11, 0, "2001:db8::1", 9)  # IPv6, from an IPv4 socket
    for number in range(1, 11):
        sender.sendto(
            e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)), harness.address
        )
    assert [e.parse_rtp(receiver.recv(2000)).sequence for _ in range(10)] == list(range(1000, 1010))
    assert harness.loop.counters()["drop_send_failed"] >= 10
