"""Bytes in and bytes out of addresses whose owner has not shown that it receives, in made-up time.

Who knows no password gets nothing at all. Who does may still have forged its address: it gets at most three
times what it sent (RFC 9000 section 8.1 allows the same), and what budgets drop earns nothing.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediad._fastpath.door.events import Event
from mediad.pipe.events import IceStateChanged, RouterEvent
from mediad.protocols.certificate import Fingerprint
from mediad.protocols.dtls.records import APPLICATION_DATA, HANDSHAKE, clear_record
from mediad.worker.context import RouterContext
from mediad.worker.data.sctp import Sctp
from mediad.worker.media import plane as plane_module
from mediad.worker.media.plane import MediaPlane
from mediad.worker.router import Router
from mediad.worker.speakers import VolumeOptions
from mediad.worker.transports.handshakes import Handshakes
from tests.support import stun
from tests.support.dtls import ForeignPeer
from tests.support.fake_clock import FakeClock
from tests.support.media_peer import DtlsClient
from tests.support.pipe_wire import wire
from tests.support.worker_objects import CERTIFICATE, ENDPOINT, OPTIONS, OnePort
from tests.windows.engine import EngineWindow

Address = tuple[str, int]
VICTIM, STRANGER = ("192.0.2.1", 53), ("203.0.113.9", 4000)
LIMIT = 3


class Wire(EngineWindow):
    """The engine where the media thread's loop stands otherwise; what leaves is kept."""

    event_fd = -1

    def __init__(self, **capacities: int) -> None:
        self.raw: list[tuple[Address, bytes]] = []

    def run(self) -> None:
        """Do nothing: nobody starts the thread."""

    def drain(self, limit: int = 512) -> list[Event]:
        return self.events()

    def send_raw(self, socket: int, data: bytes, host: str, port: int, local: str) -> bool:
        self.raw.append(((host, port), data))
        return True


@dataclass
class Server:
    """One transport of a worker, with everything that anybody sent to it and got from it."""

    clock: FakeClock = field(default_factory=FakeClock)
    received: Counter[Address] = field(default_factory=Counter)
    sent: Counter[Address] = field(default_factory=Counter)
    answers: list[bytes] = field(default_factory=list)
    gone_after_s: float = 0
    """The time after which the client was told to be lost."""

    def __post_init__(self) -> None:
        self.began_us = self.clock.now_us()

        def make(**capacities: int) -> Wire:
            self.wire = Wire(packet_slots=1024, transports=8, producers=4, consumers=4)
            return self.wire

        with patch.object(plane_module, "MediaLoop", make):
            self.plane = MediaPlane(self.clock)
        sctp, handshakes = Sctp(self.clock), Handshakes(self.clock)
        port = OnePort(ENDPOINT)
        context = RouterContext(self.plane, self._heard, self.clock, port, sctp, handshakes)
        router = Router(context, "r", CERTIFICATE, VolumeOptions(800_000, -80), lambda object_id: None)
        self.transport = router.create_transport("t", OPTIONS, sctp=True)
        self.created: dict[str, Any] = wire(self.transport.parameters())
        self.client = DtlsClient(self.created)

    def _heard(self, event: RouterEvent) -> None:
        if isinstance(event, IceStateChanged) and event.ice_state == "disconnected":
            self.gone_after_s = (self.clock.now_us() - self.began_us) / 1e6

    def connect(self, role: str) -> None:
        fingerprints = [Fingerprint(**one) for one in self.client.parameters["fingerprints"]]
        self.transport.connect(role, fingerprints)

    def check(self, password: str = "", **options: Any) -> bytes:
        ice = self.created["iceParameters"]
        return stun.binding_request(
            f"{ice['usernameFragment']}:x", password or ice["password"], priority=1, **options
        )

    def take(self, data: bytes, source: Address) -> None:
        assert self.wire.receive(0, *source, data, self.clock.now_us())
        self.received[source] += len(data)
        self.settle()

    def pass_s(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds / 0.25))):
            self.clock.pass_s(min(seconds, 0.25))
            self.wire.at(self.clock.now_us())
            self.wire.tick(self.clock.now_us())
            self.settle()

    def settle(self) -> None:
        """Let Python read what came up, and count what left."""
        self.wire.at(self.clock.now_us())
        self.plane._pump()
        self.clock.pass_s(0)
        left = [*self.wire.raw, *(((host, port), data) for _, host, port, data in self.wire.outbox())]
        self.wire.raw.clear()
        for address, data in left:
            self.sent[address] += len(data)
            self.answers.append(data)


def rtcp(kind: int) -> bytes:
    return struct.pack("!BBHII", 0x81, kind, 2, 5, 6) + bytes(14)


HELLO = DtlsClient(Server().created).start()
FOREIGN = [record.data for record in ForeignPeer("client").step()]
JUNK = [
    b"",
    b"\0",
    b"\x40\0\0\x04turn",
    b"\x00\x03" + stun.message(3, [])[2:],  # Allocate
    stun.message(1, []),
    stun.with_fingerprint(stun.message(1, [(stun.USERNAME, b"nobody:x")])),
    clear_record(HANDSHAKE, b"\x0b" + bytes(40), 0).data,
    clear_record(APPLICATION_DATA, b"x" * 40, 0).data,
    b"\x16\xfe\xfd" + bytes(1200),
    b"\x80\x60" + bytes(60),
    *(rtcp(kind) for kind in range(200, 208)),
    struct.pack("!HHIIBBHIIHHI", 5000, 5000, 0, 0, 1, 0, 20, 1, 65536, 1, 1, 1),
]


def of_a_stranger(server: Server) -> list[bytes]:
    """Return datagrams of one who may have read others' packets, and knows no password."""
    return [*JUNK, *HELLO, *FOREIGN, server.check("guessed", nominate=True), server.check("guessed")]


def of_a_client(server: Server) -> list[bytes]:
    """Return datagrams of one who knows the password, and sends from an address that is not its own."""
    return [
        server.check(nominate=True),
        server.check(nominate=True),
        server.check(),
        server.check(controlled=True),
        stun.binding_request(
            f"{server.created['iceParameters']['usernameFragment']}:",
            server.created["iceParameters"]["password"],
            priority=None,
        ),
        *HELLO,
        *of_a_stranger(server),
    ]


steps = st.lists(
    st.tuples(st.booleans(), st.integers(0, 60), st.sampled_from([0, 0, 0, 0.05, 1, 11, 40])), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(role=st.sampled_from(["", "client", "server", "auto"]), steps=steps)
def test_no_address_gets_more_than_its_owner_has_earned(
    role: str, steps: list[tuple[bool, int, float]]
) -> None:
    server = Server()
    if role:
        server.connect(role)
    server.take(server.check(nominate=True), VICTIM)
    for forged_by_client, kind, pause_s in steps:
        source = VICTIM if forged_by_client else STRANGER
        datagrams = (of_a_client if forged_by_client else of_a_stranger)(server)
        server.take(datagrams[kind % len(datagrams)], source)
        server.pass_s(pause_s)
        assert server.sent[STRANGER] == 0
        assert server.sent[VICTIM] <= LIMIT * server.received[VICTIM]
    server.transport.close()
    server.settle()
    assert server.sent[STRANGER] == 0
    assert server.sent[VICTIM] <= LIMIT * server.received[VICTIM]


def test_repetitions_to_one_who_fell_silent_end() -> None:
    server = Server()
    server.connect("client")
    server.take(server.check(nominate=True), VICTIM)
    for datagram in HELLO:
        server.take(datagram, VICTIM)
    server.pass_s(2)
    before = server.sent[VICTIM]
    server.pass_s(60)
    assert 600 < server.sent[VICTIM] == before <= LIMIT * server.received[VICTIM]  # a flight went


def test_a_flood_earns_only_what_its_budgets_pass() -> None:
    server = Server()
    server.connect("client")
    server.take(server.check(nominate=True), VICTIM)
    for _ in range(2000):
        server.take(server.check(extra=[(0x7000, bytes(1200))]), VICTIM)
        server.take(b"\x16\xfe\xfd" + bytes(1400), VICTIM)
    server.pass_s(1)
    assert server.received[VICTIM] > 5_000_000
    assert server.sent[VICTIM] < 25 * 100 + LIMIT * 2000


def test_the_answer_to_a_check_has_no_more_bytes_than_the_check() -> None:
    """Try the smallest checks that are answered, over IPv4 and IPv6."""
    for host in ("192.0.2.1", "2001:db8::1"):
        server = Server()
        ice = server.created["iceParameters"]
        name = f"{ice['usernameFragment']}:".encode()
        for attributes in ([], [(stun.PRIORITY, bytes(4))], [(stun.ICE_CONTROLLED, bytes(8))]):
            unsigned = stun.message(1, [(stun.USERNAME, name), *attributes])
            data = stun.with_fingerprint(stun.with_integrity(unsigned, ice["password"]))
            server.take(data, (host, 9))
        assert len(server.answers) == 3
        assert server.sent[(host, 9)] <= server.received[(host, 9)]


def test_the_honest_client_of_a_flooded_transport_connects() -> None:
    """Forged addresses flood a fragment that was read on the way."""
    server = Server()
    server.connect("client")
    home = ("198.51.100.7", 5004)
    datagrams = of_a_stranger(server)

    def flood() -> None:
        for number in range(400):
            server.take(datagrams[number % len(datagrams)], (f"10.0.{number % 250}.1", number + 1))

    flood()
    server.take(server.check(nominate=True), home)
    waiting = server.client.start()
    for _ in range(20):
        flood()
        server.answers.clear()
        for datagram in waiting:
            server.take(datagram, home)
        waiting = [back for data in server.answers if data[0] >= 20 for back in server.client.receive(data)]
        server.pass_s(0.05)
    assert server.transport.dtls_state == "connected"
    assert server.client.keys is not None
    assert set(server.sent) == {home}


@pytest.mark.parametrize("recorded", [False, True])
def test_a_client_that_has_gone_is_missed_though_its_address_is_flooded(recorded: bool) -> None:
    """RFC 7675: only its own new checks, or media with its keys, show that it is there."""
    server = Server()
    server.connect("client")
    home = ("198.51.100.7", 5004)
    seen = [server.check(nominate=True) for _ in range(20)]
    for check in seen:
        server.take(check, home)
    flood = seen if recorded else of_a_stranger(server)
    for _ in range(4 * 34):
        for number in range(60):
            server.take(flood[number % len(flood)], home)
        server.pass_s(0.25)
    server.pass_s(1)
    assert server.transport.ice_state == "disconnected"
    assert 20 <= server.gone_after_s <= 35
