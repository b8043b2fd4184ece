"""DTLS datagrams to an endpoint that waits, one that calls and one that is connected."""

from __future__ import annotations

from mediad.protocols.dtls.endpoint import DtlsEndpoint, KeysReady
from mediad.protocols.dtls.flight import MTU_BYTES
from tests.fuzz.target import Take, Target
from tests.support.dtls import LEFT_CERTIFICATE, ForeignPeer, connected_pair, pair, refragmented


def seeds() -> list[bytes]:
    hello = ForeignPeer("client", alpn=[b"a" * 250] * 6).step()
    link = pair("client")
    flights = []
    for sender, receiver in 2 * [(link.left, link.right), (link.right, link.left)]:
        flights.append(sender.endpoint.datagrams_to_send())
        for datagram in flights[-1]:
            receiver.endpoint.receive_datagram(datagram, 0)
    found = [datagram for flight in flights for datagram in flight]
    return found + [item.data for item in hello] + [item.data for item in refragmented(hello, 100)]


def make() -> Take:
    waiting, connected = DtlsEndpoint(LEFT_CERTIFICATE), connected_pair("server").left.endpoint
    waiting.start("server", 0)

    def take(data: bytes) -> None:
        calling = DtlsEndpoint(LEFT_CERTIFICATE)
        calling.start("client", 0)
        for endpoint in (waiting, calling, connected):
            endpoint.receive_datagram(data, 0)
            assert all(len(datagram) <= MTU_BYTES for datagram in endpoint.datagrams_to_send())
            assert not any(isinstance(event, KeysReady) for event in iter(endpoint.next_event, None))
        assert connected.state == "connected"

    return take


NAMES = ("handshake", "messages", "records")
TARGET = Target("dtls", seeds(), make, tuple(f"protocols/dtls/{name}.py" for name in NAMES))
