"""Two DTLS endpoints, the link between them, and flights taken apart and put together differently."""

from __future__ import annotations

import contextlib
import datetime
import random
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from OpenSSL import SSL

from mediad.protocols.certificate import Certificate
from mediad.protocols.dtls.endpoint import ApplicationData, DtlsEndpoint, DtlsEvent, KeysReady, StateChanged
from mediad.protocols.dtls.records import (
    HANDSHAKE,
    Fragment,
    Record,
    fragments_of,
    handshake_record,
    renumbered,
    split_records,
)

Role = Literal["client", "server"]
NOW = datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC)
LEFT_CERTIFICATE, RIGHT_CERTIFICATE = Certificate.generate(NOW), Certificate.generate(NOW)


@dataclass
class Side:
    """One endpoint and everything it reported."""

    endpoint: DtlsEndpoint
    events: list[DtlsEvent] = field(default_factory=list)

    def collect(self) -> None:
        self.events += iter(self.endpoint.next_event, None)

    @property
    def keys(self) -> KeysReady | None:
        return next((event for event in self.events if isinstance(event, KeysReady)), None)

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, StateChanged)]

    @property
    def received(self) -> list[bytes]:
        return [event.data for event in self.events if isinstance(event, ApplicationData)]


@dataclass
class Link:
    """Carries datagrams between two sides in steps of a millisecond of made-up time.

    With a `chaos` source each datagram may be lost, doubled or overtaken, as `loss` says.
    """

    left: Side
    right: Side
    chaos: random.Random | None = None
    loss: float = 0.0
    now_us: int = 0
    sizes: list[int] = field(default_factory=list)

    def run(self, until_us: int) -> None:
        """Deliver and fire timers until nothing is due before `until_us`."""
        while True:
            while self._carry():
                self.now_us += 1_000
            timers = [side.endpoint.get_timer() for side in (self.left, self.right)]
            due = [timer for timer in timers if timer is not None]
            if not due or min(due) > until_us:
                return
            self.now_us = max(self.now_us, min(due))
            for side in (self.left, self.right):
                timer = side.endpoint.get_timer()
                if timer is not None and timer <= self.now_us:
                    side.endpoint.handle_timer(self.now_us)
                    side.collect()

    def _carry(self) -> bool:
        moved = False
        for sender, receiver in ((self.left, self.right), (self.right, self.left)):
            sender.collect()
            for datagram in self._through_the_weather(sender.endpoint.datagrams_to_send()):
                moved = True
                receiver.endpoint.receive_datagram(datagram, self.now_us)
                receiver.collect()
        return moved

    def _through_the_weather(self, datagrams: list[bytes]) -> list[bytes]:
        self.sizes += map(len, datagrams)
        if self.chaos is None:
            return datagrams
        kept = [datagram for datagram in datagrams if self.chaos.random() >= self.loss]
        kept += [datagram for datagram in kept if self.chaos.random() < self.loss]
        self.chaos.shuffle(kept)
        return kept


def pair(left_role: Role = "client", *, introduce: bool = True) -> Link:
    """Two started endpoints, left in `left_role`; with `introduce` they know each other's fingerprints."""
    left, right = DtlsEndpoint(LEFT_CERTIFICATE), DtlsEndpoint(RIGHT_CERTIFICATE)
    if introduce:
        left.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
        right.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    left.start(left_role, 0)
    right.start("server" if left_role == "client" else "client", 0)
    return Link(Side(left), Side(right))


def connected_pair(left_role: Role = "client") -> Link:
    link = pair(left_role)
    link.run(1_000_000)
    assert link.left.endpoint.state == link.right.endpoint.state == "connected"
    return link


class ForeignPeer:
    """A bare OpenSSL connection with none of our code around it; offers SRTP unless told otherwise."""

    def __init__(
        self,
        role: Role,
        *,
        srtp: bytes | None = b"SRTP_AEAD_AES_128_GCM",
        ciphers: bytes = b"ECDHE+AESGCM",
        alpn: Iterable[bytes] = (),
        certificate: Certificate | None = RIGHT_CERTIFICATE,
    ) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_cipher_list(ciphers)
        if srtp is not None:
            context.set_tlsext_use_srtp(srtp)
        if certificate is not None:
            context.use_certificate(certificate.x509)
            context.use_privatekey(certificate.private_key)
        self.connection = SSL.Connection(context, None)
        self.connection.set_ciphertext_mtu(1200)
        if names := list(alpn):
            self.connection.set_alpn_protos(names)
        self.finished = False
        if role == "client":
            self.connection.set_connect_state()
        else:
            self.connection.set_accept_state()

    def step(self, datagrams: Iterable[bytes] = ()) -> list[Record]:
        """Take in datagrams; give the records it then writes."""
        for datagram in datagrams:
            self.connection.bio_write(datagram)
            self._work()
        self._work()
        return split_records(self.take())

    def read(self, datagrams: Iterable[bytes]) -> list[Record]:
        """Take in datagrams after the handshake; give the records it then writes."""
        for datagram in datagrams:
            self.connection.bio_write(datagram)
            with contextlib.suppress(SSL.WantReadError):
                self.connection.recv(65_536)
        return split_records(self.take())

    def take(self) -> bytes:
        chunks = []
        while True:
            try:
                chunks.append(self.connection.bio_read(65_536))
            except SSL.WantReadError:
                return b"".join(chunks)

    def _work(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            self.connection.do_handshake()
            self.finished = True


def record(content_type: int, epoch: int, payload: bytes, sequence_number: int = 0) -> Record:
    number = sequence_number.to_bytes(6, "big")
    head = struct.pack("!BHH6sH", content_type, 0xFEFD, epoch, number, len(payload))
    return Record(content_type, epoch, head + payload)


def refragmented(records: Iterable[Record], size: int) -> list[Record]:
    """The same clear handshake messages in fragments of at most `size` bytes, one to a record."""
    out: list[Record] = []
    for original in records:
        if original.content_type != HANDSHAKE or original.epoch > 0:
            out.append(renumbered(original, len(out)) if original.epoch == 0 else original)
            continue
        for whole in fragments_of(original) or []:
            for start in range(0, max(len(whole.body), 1), size):
                piece = Fragment(
                    whole.message_type,
                    whole.message_length,
                    whole.message_sequence,
                    whole.offset + start,
                    whole.body[start : start + size],
                )
                out.append(handshake_record(piece, len(out)))
    return out


def assert_keys_cross(link: Link) -> None:
    left, right = link.left.keys, link.right.keys
    assert left is not None
    assert right is not None
    assert left.profile == right.profile
    assert (left.local_key, left.remote_key) == (right.remote_key, right.local_key)
    assert left.local_key != left.remote_key
    assert len(left.local_key) == left.profile.master_length


def serve(peer: ForeignPeer, endpoint: DtlsEndpoint, hello: list[bytes]) -> None:
    """Finish a handshake in which the foreign client's first flight is `hello`.

    Its later clear records are numbered from 10 000, behind however many records the hello was cut into.
    """
    incoming, number = hello, 10_000
    for _ in range(4):
        for datagram in incoming:
            endpoint.receive_datagram(datagram, 0)
        incoming = []
        for item in peer.step(endpoint.datagrams_to_send()):
            incoming.append(item.data if item.epoch else renumbered(item, number).data)
            number += 1


def server(*, introduced: bool = True) -> DtlsEndpoint:
    """A server waiting for a ForeignPeer, whose certificate is the right one."""
    endpoint = DtlsEndpoint(LEFT_CERTIFICATE)
    if introduced:
        endpoint.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
    endpoint.start("server", 0)
    return endpoint
