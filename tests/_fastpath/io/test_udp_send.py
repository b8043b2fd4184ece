"""GSO runs: what the kernel cuts apart again must be what was put in, for any sizes."""

from __future__ import annotations

import random
import socket
import struct

import pytest

from tests.support import engine as e
from tests.support.media_loop import LoopHarness, connect

SO_NO_CHECK, UDP_SEGMENT = 11, 103
"""A socket that sends without checksums takes no GSO (udp_send_skb in the kernel), as some routes do."""


@pytest.fixture
def bursting(harness: LoopHarness) -> Bursts:
    sender, receivers = connect(harness, 6)
    bursts = Bursts(harness, sender, receivers)
    bursts.send()
    if harness.counters()["send_messages"] >= harness.counters()["datagrams_sent"]:
        pytest.skip("this kernel has no UDP_SEGMENT")
    return bursts


class Bursts:
    """Twenty datagrams of one size that arrive together, so that they leave together."""

    def __init__(self, harness: LoopHarness, sender: socket.socket, receivers: list[socket.socket]) -> None:
        self.harness = harness
        self._sender = sender
        self._receivers = receivers
        self._number = 0
        for index in range(1, len(receivers)):
            self.pause(index, True)

    def pause(self, receiver: int, paused: bool) -> None:
        self.harness.loop.pause_consumer(e.GENERATION | receiver, paused)

    def refusing(self, refusing: bool) -> None:
        self.harness.socket.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, int(refusing))

    def send(self, receiver: int = 0) -> int:
        """Each arrives; how many messages that took the kernel."""
        before = self.harness.counters()["send_messages"]
        packets = []
        for _ in range(20):
            self._number += 1
            payload = e.vp8_payload(self._number, keyframe=True)
            packets.append(e.rtp(self._number, self._number * 3000, payload))
        segment = (socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", len(packets[0])))
        self._sender.sendmsg([b"".join(packets)], [segment], 0, self.harness.address)
        came = 0
        while came < 20:
            came += not e.is_rtcp(self._receivers[receiver].recv(2000))
        return self.harness.counters()["send_messages"] - before


def test_a_destination_that_refuses_gso_is_served_singly_and_no_other(bursting: Bursts) -> None:
    bursting.refusing(True)
    assert bursting.send() >= 20
    bursting.refusing(False)
    assert bursting.send() >= 20
    bursting.pause(0, True)
    bursting.pause(1, False)
    assert bursting.send(1) < 15
    counters = bursting.harness.counters()
    assert (counters["gso_refused"], counters["drop_send_failed"]) == (1, 0)
    assert bursting.harness.loop.udp_gso


def test_several_destinations_that_refuse_gso_end_it(bursting: Bursts) -> None:
    bursting.refusing(True)
    for receiver in range(4):
        bursting.pause(receiver, False)
        bursting.send(receiver)
        assert bursting.harness.loop.udp_gso == (receiver < 3)
        bursting.pause(receiver, True)
    assert bursting.harness.counters()["drop_send_failed"] == 0


def test_where_gso_works_for_some_it_goes_on(bursting: Bursts) -> None:
    for receiver in range(5):
        bursting.refusing(True)
        bursting.pause(receiver, False)
        bursting.send(receiver)
        bursting.pause(receiver, True)
        bursting.refusing(False)
        bursting.pause(5, False)
        assert bursting.send(5) < 15
        bursting.pause(5, True)
    assert bursting.harness.loop.udp_gso


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
    assert harness.counters()["drop_send_failed"] == 0


def test_a_destination_out_of_reach_costs_only_its_own(harness: LoopHarness) -> None:
    sender, (receiver, _) = connect(harness, 2)
    harness.loop.add_address(e.GENERATION | 11, 0, "2001:db8::1", 9)
    harness.loop.select_address(e.GENERATION | 11, 0, "2001:db8::1", 9)  # IPv6, from an IPv4 socket
    for number in range(1, 11):
        sender.sendto(
            e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)), harness.address
        )
    assert [e.parse_rtp(receiver.recv(2000)).sequence for _ in range(10)] == list(range(1000, 1010))
    assert harness.counters()["drop_send_failed"] >= 10
