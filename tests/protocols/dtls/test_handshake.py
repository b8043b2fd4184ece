"""Every kind of forged record at every step of a handshake and after it, in both roles: disturbed, but never
ended.

The forger knows the peer's address and what handshakes look like, and reads nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mediad.protocols.dtls import judge
from mediad.protocols.dtls.endpoint import DtlsEndpoint
from mediad.protocols.dtls.messages import Message
from mediad.protocols.dtls.records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    Fragment,
    fragments_of,
    handshake_record,
    split_records,
)
from tests.support.dtls import RIGHT_CERTIFICATE, ForeignPeer, Link, Role, pair, record

HIGHEST = 2**48 - 1
CLIENT_TYPES = {0: 1, 1: 11, 2: 16, 3: 15}
SERVER_TYPES = {0: 2, 1: 11, 2: 12, 3: 13, 4: 14}


def honest_shapes(role: Role) -> dict[int, tuple[int, int]]:
    """(type, length) of each clear message of the peer of somebody in this role, by its number."""
    link, found = pair(role), dict[int, tuple[int, int]]()
    for _ in range(4):
        for sender, receiver in ((link.left, link.right), (link.right, link.left)):
            for data in sender.endpoint.datagrams_to_send():
                receiver.endpoint.receive_datagram(data, 0)
                for item in split_records(data) if sender is link.right else []:
                    if item.content_type == HANDSHAKE and item.epoch == 0:
                        for piece in fragments_of(item) or []:
                            found[piece.message_sequence] = (piece.message_type, piece.message_length)
    return found


SHAPES = {role: honest_shapes(role) for role in ("client", "server")}


def whole(message_type: int, sequence: int, body: bytes) -> bytes:
    return b"".join(item.data for item in Message(message_type, sequence, body).records(HIGHEST))


def piece(message_type: int, sequence: int, length: int, offset: int, body: bytes) -> bytes:
    return handshake_record(Fragment(message_type, length, sequence, offset, body), HIGHEST).data


def declared(role: Role) -> Iterator[bytes]:
    """26 bytes that promise much."""
    for sequence in range(8):
        for length in (2, 4000, 32_700, 2**24 - 1):
            yield piece(11, sequence, length, 0, b"x")


def same_shape(role: Role) -> Iterator[bytes]:
    for sequence, (message_type, length) in SHAPES[role].items():
        if length:
            yield whole(message_type, sequence, os.urandom(length))


def same_shape_in_part(role: Role) -> Iterator[bytes]:
    for sequence, (message_type, length) in SHAPES[role].items():
        if length > 2:
            yield piece(message_type, sequence, length, 0, b"x")
            yield piece(message_type, sequence, length, length // 2, b"y")
            yield piece(message_type, sequence, length, length - 1, b"z")


def other_messages(role: Role) -> Iterator[bytes]:
    """Whatever type, at whatever place: a hello request, an end of flight, a ticket, a Finished in clear."""
    for message_type in (0, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 24, 255):
        for sequence in range(6):
            if message_type != SHAPES[role].get(sequence, (None,))[0]:
                yield whole(message_type, sequence, os.urandom(40))


def empty_messages(role: Role) -> Iterator[bytes]:
    for message_type in (0, 11, 13, 14, 16):
        for sequence in range(6):
            if (message_type, sequence) != (14, 4):
                yield whole(message_type, sequence, b"")


def alerts(role: Role) -> Iterator[bytes]:
    for level in (1, 2):
        for description in (0, 10, 20, 40, 51, 80, 90):
            yield record(ALERT, 0, bytes([level, description]), HIGHEST).data


def cipher_changes(role: Role) -> Iterator[bytes]:
    for payload in (b"\x01", b"\x02", b"\x01\x01"):
        for number in (0, 1, 5, HIGHEST):
            yield record(CHANGE_CIPHER_SPEC, 0, payload, number).data


def sealed(role: Role) -> Iterator[bytes]:
    for number in (*range(16), HIGHEST):
        for content_type in (HANDSHAKE, ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC):
            yield record(content_type, 1, os.urandom(60), number).data


def sealed_and_tiny(role: Role) -> Iterator[bytes]:
    for number in range(16):
        yield record(APPLICATION_DATA, 1, b"x", number).data
        yield record(HANDSHAKE, 1, b"x", number).data


def other_epochs(role: Role) -> Iterator[bytes]:
    for epoch in (2, 3, 0xFFFF):
        for content_type in (HANDSHAKE, ALERT, APPLICATION_DATA):
            yield record(content_type, epoch, os.urandom(60), 0).data


def large(role: Role) -> Iterator[bytes]:
    yield record(HANDSHAKE, 1, os.urandom(1400), 0).data
    yield record(APPLICATION_DATA, 1, os.urandom(15_000), 0).data
    for sequence in range(6):
        yield piece(11, sequence, 30_000, 0, os.urandom(1200))


def hellos(role: Role) -> Iterator[bytes]:
    """Return hellos of another client: not before the true one, whom an answer to these would confuse."""
    for _ in range(3):
        yield from (item.data for item in ForeignPeer("client").step())


def cookies(role: Role) -> Iterator[bytes]:
    yield whole(3, 0, b"\xfe\xff\x08" + os.urandom(8))
    yield whole(3, 0, b"\xfe\xfd\x00")


def schemes(role: Role) -> Iterator[bytes]:
    """Return flights that are signed in a way that nobody knows, and could not be judged."""
    der = RIGHT_CERTIFICATE.x509.public_bytes(Encoding.DER)
    certificate = (len(der) + 3).to_bytes(3, "big") + len(der).to_bytes(3, "big") + der
    for scheme in (0xFE01, 0x0808, 0x0403):
        signed = scheme.to_bytes(2, "big") + (70).to_bytes(2, "big") + os.urandom(70)
        yield whole(11, 1, certificate)
        if role == "server":
            yield whole(16, 2, b"\x41" + os.urandom(65))
            yield whole(15, 3, signed)
        else:
            yield whole(2, 0, b"\xfe\xfd" + os.urandom(32) + b"\0\xc0\x2b\0")
            yield whole(12, 2, b"\x03\x00\x17\x41" + os.urandom(65) + signed)
            yield whole(14, 3, b"")


Forgery = Callable[[Role], Iterator[bytes]]
KINDS: list[Forgery] = [
    *(declared, same_shape, same_shape_in_part, other_messages, empty_messages, alerts),
    *(cipher_changes, sealed, sealed_and_tiny, other_epochs, large, cookies, schemes),
]


def attacked(role: Role, forgery: Forgery, step: int) -> Link:
    """Give every forged datagram to the victim, on the left, before the honest ones of one step."""
    link = pair(role)
    for now in range(12):
        if now == step:
            for data in forgery(role):
                link.left.endpoint.receive_datagram(data, link.now_us)
                link.left.collect()
        for sender, receiver in ((link.right, link.left), (link.left, link.right)):
            sender.collect()
            for data in sender.endpoint.datagrams_to_send():
                receiver.endpoint.receive_datagram(data, link.now_us)
                receiver.collect()
        link.now_us += 1000
    link.run(10_000_000)
    return link


def assert_connected(link: Link) -> None:
    for side in (link.left, link.right):
        assert side.endpoint.state == "connected", (side.endpoint.failure, dict(link.left.endpoint.dropped))
    assert link.left.keys is not None
    assert link.right.keys is not None
    assert link.left.keys.local_key == link.right.keys.remote_key


@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("forgery", KINDS)
@pytest.mark.parametrize("role", ["server", "client"])
def test_no_forged_record_ends_a_handshake_or_a_connection(role: Role, forgery: Forgery, step: int) -> None:
    assert_connected(attacked(role, forgery, step))


@pytest.mark.parametrize("step", range(1, 6))
def test_no_other_hello_ends_a_handshake_that_is_under_way(step: int) -> None:
    assert_connected(attacked("server", hellos, step))


@pytest.mark.parametrize("role", ["server", "client"])
def test_forgeries_of_all_kinds_at_every_step_are_survived(role: Role) -> None:
    link = pair(role)
    for _ in range(12):
        for forgery in KINDS:
            if forgery not in (other_messages, cookies):
                for data in forgery(role):
                    link.left.endpoint.receive_datagram(data, link.now_us)
        for sender, receiver in ((link.right, link.left), (link.left, link.right)):
            sender.collect()
            for data in sender.endpoint.datagrams_to_send():
                receiver.endpoint.receive_datagram(data, link.now_us)
                receiver.collect()
        link.now_us += 1000
    link.run(10_000_000)
    assert_connected(link)


def test_what_forgers_make_us_hold_is_bounded() -> None:
    link = pair("server")
    endpoint: DtlsEndpoint = link.left.endpoint
    for number in range(2000):
        endpoint.receive_datagram(piece(11, number % 8, 8_000, number % 6 * 1200, os.urandom(1200)), 0)
        endpoint.receive_datagram(record(HANDSHAKE, 1, os.urandom(490), number).data, 0)
        endpoint.receive_datagram(record(APPLICATION_DATA, 1, os.urandom(1400), number).data, 0)
    assert endpoint._handshake is not None
    assert endpoint._handshake.held_bytes <= 20 * 1024
    assert (endpoint.dropped["sealed-too-early"], endpoint.dropped["impossible-record"]) == (1992, 2000)
    link.run(10_000_000)
    assert_connected(link)


def test_hellos_of_many_clients_are_answered_a_few_at_a_time() -> None:
    link = pair("server")
    for _ in range(10):
        for item in ForeignPeer("client").step():
            link.left.endpoint.receive_datagram(item.data, 0)
    assert link.left.endpoint.dropped["too-many-hellos"] == 6
    for item in ForeignPeer("client").step():
        link.left.endpoint.receive_datagram(item.data, 2_000_000)
    assert link.left.endpoint.dropped["too-many-hellos"] == 6


def test_signatures_for_one_datagram_are_few_however_many_hellos_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[bytes] = []

    def is_proven(transcript: bytes, certificate: bytes, verification: bytes) -> bool:
        tried.append(verification)
        return False

    monkeypatch.setattr(judge, "is_client_proven", is_proven)
    link = pair("server")
    endpoint = link.left.endpoint
    for _ in range(4):
        for item in ForeignPeer("client").step():
            endpoint.receive_datagram(item.data, 0)
    der = RIGHT_CERTIFICATE.x509.public_bytes(Encoding.DER)
    most = 0
    for number in range(40):
        chain = der + bytes([number])
        body = (len(chain) + 3).to_bytes(3, "big") + len(chain).to_bytes(3, "big") + chain
        for data in (whole(11, 1, body), whole(16, 2, os.urandom(66)), whole(15, 3, os.urandom(74))):
            tried.clear()
            endpoint.receive_datagram(data, 0)
            most = max(most, len(tried))
    assert 0 < most <= judge.MAX_TRIES


def test_pieces_of_one_datagram_are_few() -> None:
    link = pair("server")
    endpoint = link.left.endpoint
    crumb = whole(11, 1, b"x")[13:]
    endpoint.receive_datagram(record(HANDSHAKE, 0, crumb * 100, 1).data, 0)
    assert endpoint.dropped["too-many-fragments"] == 1
    endpoint.receive_datagram(b"".join(record(HANDSHAKE, 0, crumb, n).data for n in range(50)), 0)
    assert endpoint.dropped["too-many-fragments"] == 1 + 50 - 32
    link.run(10_000_000)
    assert_connected(link)
