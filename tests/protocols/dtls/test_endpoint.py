from __future__ import annotations

import random

import pytest

from mediad.errors import InvalidInput, InvalidState
from mediad.protocols.certificate import Fingerprint
from mediad.protocols.dtls.endpoint import (
    HANDSHAKE_TIMEOUT_US,
    DtlsEndpoint,
    KeysReady,
    StateChanged,
)
from mediad.protocols.dtls.flight import MTU_BYTES
from mediad.protocols.dtls.records import split_records
from mediad.protocols.srtp_keys import DTLS_PROFILES, SrtpProfile
from tests.support.dtls import (
    LEFT_CERTIFICATE,
    RIGHT_CERTIFICATE,
    ForeignPeer,
    Link,
    Role,
    Side,
    assert_keys_cross,
    connected_pair,
    pair,
    serve,
    server,
)

BOTH_ROLES = pytest.mark.parametrize("role", ["client", "server"])


@BOTH_ROLES
def test_handshake_gives_crossed_keys(role: Role) -> None:
    link = connected_pair(role)
    assert_keys_cross(link)
    assert link.left.states == link.right.states == ["connecting", "connected"]
    assert link.left.endpoint.role == role
    assert link.left.endpoint.get_timer() is link.right.endpoint.get_timer() is None
    assert link.left.endpoint.failure is None


@pytest.mark.parametrize("profile", DTLS_PROFILES, ids=lambda profile: profile.name)
@BOTH_ROLES
def test_each_profile_is_negotiated(role: Role, profile: SrtpProfile) -> None:
    left = DtlsEndpoint(LEFT_CERTIFICATE, [profile])
    right = DtlsEndpoint(RIGHT_CERTIFICATE)
    left.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
    right.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    left.start(role, 0)
    right.start("server" if role == "client" else "client", 0)
    link = Link(Side(left), Side(right))
    link.run(1_000_000)
    assert_keys_cross(link)
    assert link.left.keys is not None
    assert link.left.keys.profile == profile


def test_our_order_of_profiles_wins_over_the_clients() -> None:
    endpoint = server()
    peer = ForeignPeer("client", srtp=b"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM")
    serve(peer, endpoint, [item.data for item in peer.step()])
    assert peer.connection.get_selected_srtp_profile() == b"SRTP_AEAD_AES_128_GCM"


def test_keys_of_a_foreign_client_match() -> None:
    endpoint = server()
    peer = ForeignPeer("client")
    serve(peer, endpoint, [item.data for item in peer.step()])
    side = Side(endpoint)
    side.collect()
    assert side.keys is not None
    material = peer.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 56)
    assert side.keys.remote_key == material[0:16] + material[32:44]
    assert side.keys.local_key == material[16:32] + material[44:56]


def test_keys_are_out_before_the_last_flight() -> None:
    link = pair("client", introduce=False)
    link.run(50_000)
    client, late_server = link.left.endpoint, link.right.endpoint
    # The handshake is over for OpenSSL, but the client was not let know.
    assert (client.state, late_server.state) == ("connecting", "connecting")
    late_server.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    assert isinstance(late_server.next_event(), KeysReady)
    assert late_server.next_event() == StateChanged("connected")
    client.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
    link.run(1_000_000)
    assert client.state == "connected"


@BOTH_ROLES
def test_fingerprints_may_come_after_the_handshake(role: Role) -> None:
    link = pair(role, introduce=False)
    link.run(50_000)
    assert link.left.keys is link.right.keys is None
    link.left.endpoint.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
    link.right.endpoint.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    link.run(1_000_000)
    assert_keys_cross(link)


@BOTH_ROLES
@pytest.mark.parametrize("late", [False, True])
def test_wrong_fingerprint_fails_without_keys(role: Role, late: bool) -> None:
    link = pair(role, introduce=False)
    link.right.endpoint.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    if late:
        link.run(50_000)
    link.left.endpoint.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    link.run(1_000_000)
    assert link.left.states == ["connecting", "failed"]
    assert link.left.keys is None
    assert link.left.endpoint.failure == "the peer's certificate does not match its fingerprint"
    assert link.left.endpoint.get_timer() is None


@pytest.mark.parametrize(
    "fingerprints", [[], [Fingerprint("sha-257", "AA")], [Fingerprint("sha-256", "AA:BB")]]
)
def test_impossible_fingerprints_are_refused(fingerprints: list[Fingerprint]) -> None:
    with pytest.raises(InvalidInput):
        DtlsEndpoint(LEFT_CERTIFICATE).set_remote_fingerprints(fingerprints)


def test_a_peer_without_srtp_fails() -> None:
    endpoint = server()
    peer = ForeignPeer("client", srtp=None)
    serve(peer, endpoint, [item.data for item in peer.step()])
    assert (endpoint.state, endpoint.failure) == ("failed", "no SRTP profile in common")


def test_a_peer_without_certificate_never_connects() -> None:
    endpoint = server()
    peer = ForeignPeer("client", certificate=None)
    serve(peer, endpoint, [item.data for item in peer.step()])
    side = Side(endpoint)
    side.collect()
    assert side.keys is None
    assert not peer.finished


# The network


@pytest.mark.parametrize("seed", range(12))
@BOTH_ROLES
def test_a_bad_network_only_delays(role: Role, seed: int) -> None:
    link = pair(role)
    link.chaos, link.loss = random.Random(seed), 0.3
    link.run(HANDSHAKE_TIMEOUT_US - 1)
    assert_keys_cross(link)


@BOTH_ROLES
@pytest.mark.parametrize("lost", range(4))
def test_any_one_lost_flight_is_repeated(role: Role, lost: int) -> None:
    link = pair(role)
    sides = [link.left, link.right] if role == "client" else [link.right, link.left]
    for turn in range(lost):
        sender, receiver = sides[turn % 2], sides[1 - turn % 2]
        for datagram in sender.endpoint.datagrams_to_send():
            receiver.endpoint.receive_datagram(datagram, 0)
    assert sides[lost % 2].endpoint.datagrams_to_send() != []
    link.run(HANDSHAKE_TIMEOUT_US - 1)
    assert_keys_cross(link)


def numberless(datagrams: list[bytes]) -> list[tuple[int, bytes]]:
    records = [item for datagram in datagrams for item in split_records(datagram)]
    return [(item.epoch, item.payload) for item in records]


def test_repetitions_come_at_doubling_distance_up_to_two_seconds() -> None:
    client = DtlsEndpoint(LEFT_CERTIFICATE)
    client.start("client", 0)
    hello = client.datagrams_to_send()
    moments = []
    while (due := client.get_timer()) is not None and client.state == "connecting":
        client.handle_timer(due - 1)
        assert client.datagrams_to_send() == []
        client.handle_timer(due)
        if again := client.datagrams_to_send():
            moments.append(due // 1000)
            assert numberless(again) == numberless(hello)
            assert again != hello
    assert moments == [100, 300, 700, 1500, 3100, 5100, 7100, 9100]


def test_handshake_is_given_up_after_ten_seconds() -> None:
    client, waiting = Side(DtlsEndpoint(LEFT_CERTIFICATE)), Side(server())
    client.endpoint.start("client", 0)
    assert waiting.endpoint.get_timer() is None  # nobody has spoken to it yet
    for datagram in client.endpoint.datagrams_to_send():
        waiting.endpoint.receive_datagram(datagram, 5_000_000)
    for side, end in ((client, HANDSHAKE_TIMEOUT_US), (waiting, 5_000_000 + HANDSHAKE_TIMEOUT_US)):
        side.endpoint.handle_timer(end - 1)
        assert side.endpoint.state == "connecting"
        side.endpoint.handle_timer(end)
        side.collect()
        assert side.states == ["connecting", "failed"]
        assert side.endpoint.failure == "handshake timed out"
        assert side.endpoint.get_timer() is None


def test_no_datagram_exceeds_the_mtu(big_certificate_pair: Link) -> None:
    link = big_certificate_pair
    link.run(1_000_000)
    assert_keys_cross(link)
    assert max(link.sizes) <= MTU_BYTES
    assert sum(link.sizes) > 4 * MTU_BYTES


@pytest.mark.parametrize("seed", range(6))
def test_flights_of_many_datagrams_survive_a_bad_network(big_certificate_pair: Link, seed: int) -> None:
    link = big_certificate_pair
    link.chaos, link.loss = random.Random(seed), 0.2
    link.run(HANDSHAKE_TIMEOUT_US - 1)
    assert_keys_cross(link)


# Roles


def test_a_server_told_client_begins_again() -> None:
    endpoint = server()
    [overtaking] = ForeignPeer("client").step()
    endpoint.receive_datagram(overtaking.data, 0)
    assert endpoint.datagrams_to_send() != []
    endpoint.start("client", 1_000)
    assert endpoint.role == "client"
    right = DtlsEndpoint(RIGHT_CERTIFICATE)
    right.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    right.start("server", 1_000)
    link = Link(Side(endpoint), Side(right), now_us=1_000)
    link.run(1_000_000)
    assert_keys_cross(link)
    assert link.left.states == ["connecting", "connected"]


def test_starting_again_in_the_same_role_is_nothing() -> None:
    link = pair("client")
    hello = link.left.endpoint.datagrams_to_send()
    link.left.endpoint.start("client", 500)
    assert link.left.endpoint.datagrams_to_send() == []
    assert hello != []


def test_a_connection_does_not_change_its_mind() -> None:
    link = connected_pair()
    with pytest.raises(InvalidState, match="already connected"):
        link.left.endpoint.start("server", 0)
    with pytest.raises(InvalidState, match="already connected"):
        link.left.endpoint.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)


# Data and goodbye


@BOTH_ROLES
def test_messages_pass_both_ways(role: Role) -> None:
    link = connected_pair(role)
    largest = b"\x00" * link.left.endpoint.max_message_bytes
    link.left.endpoint.send_application_data(b"ping")
    link.left.endpoint.send_application_data(largest)
    link.right.endpoint.send_application_data(b"pong")
    link.run(2_000_000)
    assert link.right.received == [b"ping", largest]
    assert link.left.received == [b"pong"]
    assert max(link.sizes) <= MTU_BYTES
    assert len(largest) > 1100


@pytest.mark.parametrize("size", [0, MTU_BYTES])
def test_a_message_must_fit(size: int) -> None:
    with pytest.raises(InvalidInput):
        connected_pair().left.endpoint.send_application_data(bytes(size))


def test_messages_need_a_connection() -> None:
    endpoint = server()
    assert endpoint.max_message_bytes == 0
    with pytest.raises(InvalidState):
        endpoint.send_application_data(b"x")


def test_a_flood_of_undrained_messages_is_bounded() -> None:
    endpoint = connected_pair().left.endpoint
    for _ in range(300):
        endpoint.send_application_data(b"x")
    assert len(endpoint.datagrams_to_send()) == 256
    assert endpoint.dropped["outbox-full"] == 44


@BOTH_ROLES
def test_close_notify_closes_the_other_side(role: Role) -> None:
    link = connected_pair(role)
    link.left.endpoint.close(link.now_us)
    link.run(2_000_000)
    assert link.left.states == link.right.states == ["connecting", "connected", "closed"]
    assert link.right.endpoint.get_timer() is None


def test_a_foreign_peers_close_notify_is_answered() -> None:
    endpoint = server()
    peer = ForeignPeer("client")
    serve(peer, endpoint, [item.data for item in peer.step()])
    peer.connection.shutdown()
    endpoint.receive_datagram(peer.take(), 0)
    assert endpoint.state == "closed"
    for datagram in endpoint.datagrams_to_send():
        peer.connection.bio_write(datagram)
    assert peer.connection.shutdown() is True


def test_closing_early_or_twice_says_nothing() -> None:
    for endpoint in (DtlsEndpoint(LEFT_CERTIFICATE), server()):
        endpoint.close(0)
        endpoint.close(0)
        assert endpoint.datagrams_to_send() == []
        assert endpoint.state == "closed"
        endpoint.receive_datagram(ForeignPeer("client").step()[0].data, 0)
        assert endpoint.get_timer() is None


def test_repetitions_of_the_last_client_flight_are_answered_sparingly() -> None:
    link = pair("client")
    for sender, receiver in ((link.left, link.right), (link.right, link.left)):
        for datagram in sender.endpoint.datagrams_to_send():
            receiver.endpoint.receive_datagram(datagram, 0)
    flight = link.left.endpoint.datagrams_to_send()
    for datagram in flight:
        link.right.endpoint.receive_datagram(datagram, 0)
    assert link.right.endpoint.state == "connected"
    last = link.right.endpoint.datagrams_to_send()
    for now_us in (100_000, 100_001, 110_000, 119_999, 120_000):
        for datagram in flight:
            link.right.endpoint.receive_datagram(datagram, now_us)
    assert numberless(link.right.endpoint.datagrams_to_send()) == 2 * numberless(last)
