"""One transport's ICE agent and DTLS endpoint together, as a peer that knows its password meets them.

An input is a row of records: what it is and the time before it (one byte), length (two), bytes. Checks are
attributes that get a right header, integrity and fingerprint, so that changes reach what stands behind these;
datagrams of DTLS are taken as they are, or are the next ones of a real client.
"""

from __future__ import annotations

import struct

from mediad.protocols.dtls.endpoint import DtlsEndpoint, KeysReady
from mediad.protocols.dtls.flight import MTU_BYTES
from mediad.protocols.ice import IceLiteAgent, PathAdded, PathRemoved, PathSelected
from mediad.protocols.ice_paths import Path
from tests.fuzz.target import Target
from tests.support import stun
from tests.support.dtls import LEFT_CERTIFICATE, RIGHT_CERTIFICATE, ForeignPeer

CHECK, STRANGER, DTLS, CLIENT, RESTART, CLOSE = range(0, 6 * 32, 32)
STEP_US = 400_000
MAX_RECORDS = 60
PATHS = [Path(0, f"192.0.2.{n}", 4000) for n in range(10)]
PATHS += [Path(0, host, 4000) for host in ("::ffff:192.0.2.99", "2001:db8::1")]


def record(kind: int, body: bytes = b"", steps: int = 0) -> bytes:
    return struct.pack("!BH", kind | steps, len(body)) + body


def attributes(*some: tuple[int, bytes], path: int = 0) -> bytes:
    return bytes([path]) + b"".join(stun.attribute(*one) for one in some)


PLAIN = ((stun.PRIORITY, bytes(4)), (stun.ICE_CONTROLLING, bytes(8)))
NOMINATE = (*PLAIN, (stun.USE_CANDIDATE, b""))
RENOMINATE = (*PLAIN, (stun.NOMINATION_LEGACY, bytes([0, 0, 0, 5])))
CALL = record(CHECK, attributes(*NOMINATE))
BOTH = record(CHECK, attributes(*PLAIN, (stun.ICE_CONTROLLED, bytes(8))))
MANY = b"".join(record(CHECK, attributes(*PLAIN, path=n), steps=1) for n in range(12))
ALERT = b"\x15\xfe\xfd\0\1\0\0\0\0\0\1\0\2\1\0"
SEEDS = [
    CALL + record(CLIENT) * 6,
    record(CHECK, attributes(*PLAIN, (stun.NOMINATION, b"abc")))
    + record(CHECK, attributes(*NOMINATE, path=10)),
    record(CHECK, attributes((stun.USERNAME, b"no-colon"))) + record(CHECK, attributes(*PLAIN, path=11)),
    MANY + record(CHECK, bytes([3]), steps=31),
    CALL + record(CHECK, attributes(*RENOMINATE, path=1)) + record(CLIENT) * 6,
    BOTH + record(STRANGER, bytes(60)) * 3,
    CALL + record(RESTART) * 4 + CALL + record(CLOSE),
    record(DTLS, bytes([22, 254, 253]) + bytes(20)) + record(CLIENT) * 3 + record(DTLS, bytes(40), steps=31),
    record(CLIENT) * 6 + record(DTLS, ALERT) + record(CLOSE),
]


class Transport:
    """The two, and what they are held to."""

    def __init__(self) -> None:
        self.ice = IceLiteAgent(consent_timeout_us=30_000_000)
        self.dtls = DtlsEndpoint(LEFT_CERTIFICATE)
        self.dtls.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
        self.dtls.start("server", 0)
        self.client = ForeignPeer("client")
        self.known: set[Path] = set()
        self.now_us = 1_000_000

    def check(self, body: bytes) -> None:
        path = PATHS[(body[0] if body else 0) % len(PATHS)]
        parameters = self.ice.parameters
        named = stun.attribute(stun.USERNAME, f"{parameters.username_fragment}:theirs".encode())
        head = struct.pack("!HHI", 1, 0, stun.COOKIE) + stun.TRANSACTION
        content = named + body[1:900]
        head = head[:2] + struct.pack("!H", len(content)) + head[4:]
        self.receive(stun.with_fingerprint(stun.with_integrity(head + content, parameters.password)), path)

    def receive(self, data: bytes, path: Path) -> None:
        self.ice.receive_datagram(data, path, self.now_us)
        assert sum(len(reply) for reply, _ in self.ice.datagrams_to_send()) <= max(len(data), 120)
        self.listen()

    def listen(self) -> None:
        for event in iter(self.ice.next_event, None):
            if isinstance(event, PathAdded):
                self.known.add(event.path)
            elif isinstance(event, PathRemoved):
                self.known.remove(event.path)
            elif isinstance(event, PathSelected):
                assert event.path in self.known, "media is sent to an address that proved nothing"
        assert len(self.known) <= 8
        for told in iter(self.dtls.next_event, None):
            assert not isinstance(told, KeysReady) or self.client.finished, "keys without a handshake"

    def meet(self) -> None:
        """Have the real client say its next words, and hear the answers."""
        for item in self.client.step(self.dtls.datagrams_to_send()):
            self.dtls.receive_datagram(item.data, self.now_us)
        self.client.step(self.dtls.datagrams_to_send())
        self.listen()

    def pass_time(self, us: int) -> None:
        end = self.now_us + us
        for _ in range(64):
            due = min(
                (at for at in (self.ice.get_timer(), self.dtls.get_timer()) if at is not None),
                default=end + 1,
            )
            if due > end:
                break
            self.now_us = max(self.now_us, due)
            self.ice.handle_timer(self.now_us)
            self.dtls.handle_timer(self.now_us)
            assert all(len(datagram) <= MTU_BYTES for datagram in self.dtls.datagrams_to_send())
            self.listen()
        self.now_us = end


def one_input(data: bytes) -> None:
    it = Transport()
    for _ in range(MAX_RECORDS):
        if len(data) < 3:
            break
        head, length = struct.unpack("!BH", data[:3])
        body, data = data[3 : 3 + length], data[3 + length :]
        it.pass_time((head & 31) * STEP_US)
        kind = head & 0xE0
        if kind == CHECK:
            it.check(body)
        elif kind == STRANGER:
            it.receive(body, PATHS[-1])
        elif kind == DTLS:
            it.dtls.receive_datagram(body, it.now_us)
            assert sum(map(len, it.dtls.datagrams_to_send())) <= 8 * MTU_BYTES
            it.listen()
        elif kind == CLIENT:
            it.meet()
        elif kind == RESTART:
            it.ice.restart()
        elif kind == CLOSE:
            it.dtls.close(it.now_us)
            it.ice.close()
            it.listen()
    it.pass_time(60_000_000)
    assert not it.known, "a path outlived its consent"


OBJECTS = (
    "ice",
    "ice_paths",
    *(f"dtls/{name}" for name in ("endpoint", "flight", "judge", "attempt", "proof")),
)
TARGET = Target(
    "ice-dtls",
    SEEDS,
    lambda: one_input,
    ("protocols/stun.py",),
    objects=tuple(f"protocols/{name}.py" for name in OBJECTS),
)
