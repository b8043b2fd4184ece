"""STUN and DTLS of one transport over an emulated network, in fake time."""

from __future__ import annotations

from mediad.pipe.throttle_requests import NetworkThrottle
from mediad.protocols.ice_paths import Path
from mediad.worker.policy.emulated_link import LinkSettings
from mediad.worker.transports.throttled import HELD_DATAGRAMS, Network, ThrottledSends
from tests.support.fake_clock import FakeClock
from tests.support.transport_client import HERE, THERE


class Wire:
    def __init__(self, settings: LinkSettings) -> None:
        self.clock = FakeClock()
        self.out: list[tuple[Path, bytes]] = []
        self.sends = ThrottledSends(self.clock, lambda path, data: self.out.append((path, data)), settings)


def test_datagrams_come_later_in_order_and_to_their_own_path() -> None:
    wire = Wire(LinkSettings(delay_us=80_000))
    wire.sends.send(HERE, b"one")
    wire.clock.pass_s(0.04)
    wire.sends.send(THERE, b"two")
    assert wire.out == []
    wire.clock.pass_s(0.04)
    assert wire.out == [(HERE, b"one")]
    wire.sends.set(LinkSettings())
    wire.sends.send(HERE, b"three")
    assert wire.out == [(HERE, b"one")], "nothing overtakes"
    wire.clock.pass_s(0.04)
    assert wire.out[1:] == [(THERE, b"two"), (HERE, b"three")]
    wire.sends.send(HERE, b"four")
    assert wire.out[3:] == [(HERE, b"four")]
    assert (wire.sends.lost, wire.clock.waiting) == (0, 0)


def test_what_is_lost_is_counted() -> None:
    wire = Wire(LinkSettings(loss_ppm=1_000_000))
    wire.sends.send(HERE, b"one")
    assert (wire.out, wire.sends.lost) == ([], 1)


def test_no_more_is_held_than_there_is_room_for() -> None:
    wire = Wire(LinkSettings(delay_us=1_000_000))
    for _ in range(HELD_DATAGRAMS + 7):
        wire.sends.send(HERE, b"x")
    assert wire.sends.lost == 7
    wire.clock.pass_s(1)
    assert len(wire.out) == HELD_DATAGRAMS


def test_the_end_loses_what_is_on_its_way() -> None:
    wire = Wire(LinkSettings(delay_us=80_000))
    wire.sends.send(HERE, b"one")
    wire.sends.stop()
    wire.clock.pass_s(1)
    assert (wire.out, wire.sends.lost, wire.clock.waiting) == ([], 1, 0)


def test_what_clients_ask_for_becomes_two_links() -> None:
    asked = NetworkThrottle(uplink_kbps=500, downlink_kbps=1500.5, rtt_ms=100, packet_loss_percent=2.5)
    assert Network.of(asked) == (
        LinkSettings(500_000, 50_000, 25_000),
        LinkSettings(1_500_500, 50_000, 25_000),
    )
    assert Network.of(NetworkThrottle()) == (LinkSettings(), LinkSettings())
