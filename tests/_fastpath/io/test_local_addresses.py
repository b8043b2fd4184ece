"""A socket bound to every address: answers and media leave from the one that the peer reached."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial

import pytest

from mediad._fastpath.door.events import StunReceived
from tests.support import engine as e
from tests.support.media_loop import LoopHarness, bound
from tests.support.namespace import Namespace

REACHED = [
    pytest.param("0.0.0.0", "127.0.0.1", "127.0.0.2", id="IPv4"),
    pytest.param("0.0.0.0", "127.0.0.3", "127.0.0.2", id="IPv4-from-another"),
    pytest.param("::", "127.0.0.1", "127.0.0.2", id="IPv4-on-dual-stack"),
    pytest.param("::", "::1", "::1", id="IPv6"),
]
"""The address the loop listens on, the peer's, and the local one that the peer was told."""


@pytest.fixture
def everywhere(request: pytest.FixtureRequest) -> Iterator[LoopHarness]:
    harness = LoopHarness(request.param)
    yield harness
    harness.close()


def peer(harness: LoopHarness, handle: int, host: str, ours: str) -> socket.socket:
    """A client whose path is as an authentic check would have made it."""
    sock = bound(host)
    port = harness.address[1]
    harness.open_transport(handle, b"u%d" % handle)
    sock.sendto(e.stun_request(b"u%d" % handle), (ours, port))
    (check,) = harness.events_until(StunReceived)
    assert (check.host, check.local) == (host, ours)
    where = check.socket, check.host, check.port, check.local
    for command in (harness.loop.add_address, harness.loop.select_address):
        command(handle, *where)
    assert harness.loop.send_raw(check.socket, b"answer", check.host, check.port, check.local)
    assert came_from(sock) == (b"answer", (ours, port))
    return sock


def came_from(sock: socket.socket) -> tuple[bytes, tuple[str, int]]:
    data, source = sock.recvfrom(2000)
    return data, source[:2]


@pytest.mark.parametrize(("everywhere", "host", "ours"), REACHED, indirect=["everywhere"])
def test_answers_and_media_leave_from_the_address_that_was_asked(
    everywhere: LoopHarness, host: str, ours: str
) -> None:
    sender = peer(everywhere, e.SENDING, host, ours)
    receiver = peer(everywhere, e.RECEIVING, host, ours)
    stage = e.Stage(everywhere.loop)
    stage.produce()
    stage.consume()
    to = (ours, everywhere.address[1])
    for number in range(1, 101):
        sender.sendto(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)), to)
    media: list[int] = []
    while len(media) < 100:
        data, source = came_from(receiver)
        assert source == to
        if not e.is_rtcp(data):
            media.append(e.parse_rtp(data).sequence)
    assert media == list(range(1000, 1100))
    assert everywhere.counters()["drop_media_unknown_address"] == 0


def test_of_several_ipv6_addresses_the_one_that_was_asked_answers() -> None:
    """One address is preferred by the kernel where none is asked for: it is one of the two in one case."""
    try:
        namespace = Namespace()
    except OSError as error:
        pytest.skip(f"no namespace for a second IPv6 address: {error}")
    try:
        for address in ("fd00::1", "fd00::2"):
            namespace.add_ipv6(address)
        harness = namespace.run(lambda: LoopHarness("::"))
        try:
            for handle, ours in ((e.SENDING, "fd00::1"), (e.RECEIVING, "fd00::2")):
                namespace.run(partial(peer, harness, handle, "::1", ours)).close()
        finally:
            harness.close()
    finally:
        namespace.close()


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"], indirect=True)
def test_one_peer_on_two_of_our_addresses_has_two_paths(everywhere: LoopHarness) -> None:
    """A proven path alone is accepted, and each is answered from the address that it leads to."""
    sender = peer(everywhere, e.SENDING, "127.0.0.1", "127.0.0.2")
    e.Stage(everywhere.loop).produce()
    sender.sendto(e.rtp(1, 1, b"x"), ("127.0.0.3", everywhere.address[1]))
    sender.sendto(e.stun_request(b"u%d" % e.SENDING), ("127.0.0.3", everywhere.address[1]))
    (check,) = everywhere.events_until(StunReceived)
    assert check.local == "127.0.0.3"
    counters = everywhere.counters()
    assert (counters["drop_media_unknown_address"], counters["rtp_received"]) == (1, 0)


@pytest.mark.parametrize("everywhere", ["0.0.0.0"], indirect=True)
def test_an_address_that_is_no_longer_ours_costs_only_its_own(everywhere: LoopHarness) -> None:
    sender = peer(everywhere, e.SENDING, "127.0.0.1", "127.0.0.2")
    receiver = peer(everywhere, e.RECEIVING, "127.0.0.1", "127.0.0.2")
    lost = bound()
    stage = e.Stage(everywhere.loop)
    stage.produce()
    stage.consume()
    third = e.GENERATION | 2
    everywhere.open_transport(third, b"third")
    host, port = lost.getsockname()
    everywhere.loop.add_address(third, 0, host, port, "203.0.113.9")
    everywhere.loop.select_address(third, 0, host, port, "203.0.113.9")
    stage.consume(e.CONSUMER + 1, third, ssrc=7001, rtx_ssrc=7002)
    to = ("127.0.0.2", everywhere.address[1])
    for number in range(1, 11):
        sender.sendto(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)), to)
    got = [e.parse_rtp(receiver.recv(2000)).sequence for _ in range(10)]
    assert got == list(range(1000, 1010))
    assert everywhere.counters()["drop_send_failed"] >= 10
    assert everywhere.loop.udp_gso
