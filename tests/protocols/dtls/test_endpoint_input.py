"""Attacks and network faults on a DTLS endpoint: hellos in pieces, junk and forgery."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediad.protocols.dtls.endpoint import (
    DtlsEndpoint,
)
from mediad.protocols.dtls.flight import MTU_BYTES
from mediad.protocols.dtls.messages import Message
from mediad.protocols.dtls.records import ALERT
from tests.support.dtls import (
    LEFT_CERTIFICATE,
    ForeignPeer,
    Role,
    assert_keys_cross,
    connected_pair,
    pair,
    record,
    refragmented,
    serve,
    server,
)

LONG_NAMES = [bytes([65 + index]) * 200 for index in range(9)]


def test_a_hello_larger_than_one_datagram_is_served() -> None:
    """Chrome's hello with post-quantum key shares is such a one: the client itself cuts it at its MTU."""
    endpoint = server()
    peer = ForeignPeer("client", alpn=LONG_NAMES)
    hello = [item.data for item in peer.step()]
    assert len(hello) > 1
    serve(peer, endpoint, hello)
    assert peer.finished
    assert endpoint.state == "connected"


@pytest.mark.parametrize("size", [1, 13, 100, 500, 1000])
@pytest.mark.parametrize("alpn", [[], LONG_NAMES], ids=["short", "long"])
def test_a_hello_in_pieces_is_served(size: int, alpn: list[bytes]) -> None:
    endpoint = server()
    peer = ForeignPeer("client", alpn=alpn)
    serve(peer, endpoint, [item.data for item in refragmented(peer.step(), size)])
    assert peer.finished
    assert endpoint.state == "connected"


@pytest.mark.parametrize("seed", range(8))
def test_pieces_may_be_doubled_and_in_any_order(seed: int) -> None:
    weather = random.Random(seed)
    endpoint = server()
    peer = ForeignPeer("client", alpn=LONG_NAMES)
    pieces = [item.data for item in refragmented(peer.step(), 150)]
    pieces += weather.sample(pieces, 5)
    weather.shuffle(pieces)
    serve(peer, endpoint, pieces)
    assert peer.finished


def test_pieces_of_different_cuts_may_overlap() -> None:
    endpoint = server()
    peer = ForeignPeer("client", alpn=LONG_NAMES)
    hello = peer.step()
    first, second = refragmented(hello, 700), refragmented(hello, 400)
    serve(peer, endpoint, [item.data for item in (first[0], second[3], second[1], first[1], *second)])
    assert peer.finished


def test_all_pieces_in_one_datagram_are_served() -> None:
    endpoint = server()
    peer = ForeignPeer("client")
    serve(peer, endpoint, [b"".join(item.data for item in refragmented(peer.step(), 40))])
    assert peer.finished


# Junk and forgery


def test_nothing_is_accepted_before_the_start() -> None:
    endpoint = DtlsEndpoint(LEFT_CERTIFICATE)
    endpoint.receive_datagram(ForeignPeer("client").step()[0].data, 0)
    assert (endpoint.datagrams_to_send(), endpoint.state) == ([], "new")
    assert endpoint.dropped["not-running"] == 1


@pytest.mark.parametrize(
    ("ciphers", "srtp"), [(b"ECDHE+AES256", b"SRTP_AES128_CM_SHA1_32"), (b"DHE+AESGCM", None)]
)
def test_a_bad_hello_leaves_the_server_to_the_next(ciphers: bytes, srtp: bytes | None) -> None:
    endpoint = server()
    [bad] = ForeignPeer("client", ciphers=ciphers, srtp=srtp).step()
    endpoint.receive_datagram(bad.data, 0)
    endpoint.datagrams_to_send()
    peer = ForeignPeer("client")
    serve(peer, endpoint, [item.data for item in peer.step()])
    assert peer.finished
    assert endpoint.state == "connected"


def test_a_hello_with_nothing_in_common_gets_no_alert() -> None:
    endpoint = server()
    [bad] = ForeignPeer("client", ciphers=b"DHE+AESGCM", srtp=None).step()
    endpoint.receive_datagram(bad.data, 0)
    assert endpoint.datagrams_to_send() == []
    assert endpoint.dropped["handshake-error"] == 1


def test_a_forged_hello_does_not_keep_the_true_client_out() -> None:
    endpoint = server()
    [forged] = ForeignPeer("client").step()
    endpoint.receive_datagram(forged.data, 0)
    endpoint.datagrams_to_send()
    peer = ForeignPeer("client")
    serve(peer, endpoint, [item.data for item in peer.step()])
    assert peer.finished
    assert endpoint.dropped["superseded-hello"] == 1


def test_a_forged_piece_of_another_length_does_not_keep_the_true_client_out() -> None:
    endpoint = server()
    forged = refragmented(ForeignPeer("client", alpn=LONG_NAMES).step(), 300)
    endpoint.receive_datagram(forged[2].data, 0)
    peer = ForeignPeer("client")
    serve(peer, endpoint, [item.data for item in peer.step()])
    assert peer.finished


def test_a_clear_alert_does_not_end_a_handshake() -> None:
    link = pair("client")
    fatal = record(ALERT, 0, b"\x02\x28", 900).data
    for side in (link.left, link.right):
        side.endpoint.receive_datagram(fatal, 0)
        assert side.endpoint.dropped["clear-alert"] == 1
    link.run(1_000_000)
    assert_keys_cross(link)
    for side in (link.left, link.right):
        side.endpoint.receive_datagram(fatal, 0)
        assert side.endpoint.state == "connected"


def test_a_client_is_not_irritated_by_messages_that_nothing_proves() -> None:
    client = DtlsEndpoint(LEFT_CERTIFICATE)
    client.start("client", 0)
    client.datagrams_to_send()
    for _ in range(9):
        # A ServerHelloDone where a ServerHello belongs.
        client.receive_datagram(record(22, 0, bytes([14]) + bytes(11)).data, 0)
    assert (client.state, client.datagrams_to_send()) == ("connecting", [])


def test_a_server_that_asks_for_a_cookie_gets_it() -> None:
    """RFC 6347 section 4.2.1. Not at once: who asks may be a forger, and the true server's answer comes
    first.
    """
    client = DtlsEndpoint(LEFT_CERTIFICATE)
    client.start("client", 0)
    [first] = client.datagrams_to_send()
    cookie = bytes(range(8))
    asked = Message(3, 0, b"\xfe\xff\x08" + cookie)
    client.receive_datagram(asked.records(0)[0].data, 1000)
    assert client.datagrams_to_send() == []
    client.handle_timer(client.get_timer() or 0)
    [second] = client.datagrams_to_send()
    assert cookie in second
    assert cookie not in first
    assert second[17:19] == b"\0\1", "the second message of its side"


junk = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda kind, epoch, payload, number: record(kind, epoch, payload, number).data,
        st.integers(19, 25),
        st.integers(0, 2),
        st.binary(min_size=1, max_size=80),
        st.integers(0, 2**48 - 1),
    ),
)


@given(st.lists(junk, max_size=12), st.sampled_from(["client", "server"]))
@settings(max_examples=60)
def test_junk_raises_nothing_and_makes_no_keys(datagrams: list[bytes], role: Role) -> None:
    link = pair(role)
    side = link.left
    sent, received = 0, 0
    for datagram in datagrams:
        side.endpoint.receive_datagram(datagram, 0)
        side.collect()
        sent += sum(map(len, side.endpoint.datagrams_to_send()))
        received += len(datagram)
    assert side.keys is None
    assert sent == 0 if role == "server" else sent <= 4 * MTU_BYTES


@given(st.lists(junk, max_size=12), st.sampled_from(["client", "server"]))
@settings(max_examples=40)
def test_junk_does_not_disturb_a_connection(datagrams: list[bytes], role: Role) -> None:
    link = connected_pair(role)
    for datagram in datagrams:
        link.left.endpoint.receive_datagram(datagram, 2_000_000)
    assert link.left.endpoint.state == "connected"
    link.right.endpoint.send_application_data(b"still there")
    link.run(3_000_000)
    assert link.left.received == [b"still there"]
