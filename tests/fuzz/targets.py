"""Targets of fuzzing: every function that reads bytes from outside the process."""

from __future__ import annotations

from collections.abc import Callable

from aioice import stun

from mediad.errors import EnvelopeError
from mediad.protocols import envelope
from mediad.protocols.dtls.endpoint import DtlsEndpoint, KeysReady
from mediad.protocols.dtls.flight import MTU_BYTES
from mediad.protocols.ice import IceLiteAgent
from mediad.protocols.ice_paths import Path
from tests.fuzz import (
    fuzz_dialects,
    fuzz_engine,
    fuzz_framing,
    fuzz_own_sockets,
    fuzz_payload,
    fuzz_rtcp,
    fuzz_rtp,
    fuzz_sctp,
    fuzz_socketio,
    fuzz_stun_native,
)
from tests.fuzz.runner import Target
from tests.support.dtls import LEFT_CERTIFICATE, ForeignPeer, connected_pair, pair, refragmented


def envelope_target() -> Target:
    messages: list[envelope.Message] = [
        envelope.Request(7, "transport.create", {"routerId": "r", "transportId": "t", "forceTcp": False}),
        envelope.Response(7, True, {"iceParameters": {"usernameFragment": "abcd"}}),
        envelope.Response(8, False, {"code": "not-found", "reason": 'transport with id "X" not found'}),
        envelope.Event("producer.score", {"producerId": "p", "score": [{"encodingIdx": 0, "score": 10}]}),
    ]
    frames = [envelope.encode(message) for message in messages]

    def make() -> Callable[[bytes], object]:
        return lambda data: envelope.Decoder().feed(data)

    return Target("envelope", [*frames, b"".join(frames)], make, (EnvelopeError,))


def ice_target() -> Target:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, transaction_id=bytes(12))
    request.attributes["USERNAME"] = "ours:theirs"
    request.attributes["PRIORITY"] = 1853824767
    request.attributes["ICE-CONTROLLING"] = 81985529216486895
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(b"password")
    indication = stun.Message(stun.Method.BINDING, stun.Class.INDICATION, transaction_id=bytes(12))

    def make() -> Callable[[bytes], object]:
        agent = IceLiteAgent(consent_timeout_us=20_000_000)
        path = Path(0, "192.0.2.1", 4000)

        def take(data: bytes) -> None:
            agent.receive_datagram(data, path, 1_000_000)
            while agent.next_event():
                raise AssertionError("an event without an authentic request")
            agent.datagrams_to_send()

        return take

    return Target("ice", [bytes(request), bytes(indication)], make)


def dtls_target() -> Target:
    hello = ForeignPeer("client", alpn=[b"a" * 250] * 6).step()
    link = pair("client")
    flights = []
    for sender, receiver in 2 * [(link.left, link.right), (link.right, link.left)]:
        flights.append(sender.endpoint.datagrams_to_send())
        for datagram in flights[-1]:
            receiver.endpoint.receive_datagram(datagram, 0)
    seeds = [datagram for flight in flights for datagram in flight]
    seeds += [item.data for item in hello] + [item.data for item in refragmented(hello, 100)]

    def make() -> Callable[[bytes], object]:
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

    return Target("dtls", seeds, make)


TARGETS = [
    envelope_target(),
    ice_target(),
    dtls_target(),
    Target("rtp", fuzz_rtp.SEEDS, lambda: fuzz_rtp.one_input),
    Target("rtcp", fuzz_rtcp.SEEDS, lambda: fuzz_rtcp.one_input),
    Target("payload", fuzz_payload.SEEDS, lambda: fuzz_payload.one_input),
    Target("stun-native", fuzz_stun_native.SEEDS, lambda: fuzz_stun_native.one_input),
    Target("dialects", fuzz_dialects.SEEDS, fuzz_dialects.make),
    Target("sctp", fuzz_sctp.SEEDS, lambda: fuzz_sctp.one_input),
    Target("framing", fuzz_framing.SEEDS, lambda: fuzz_framing.one_input),
    Target("socketio", fuzz_socketio.SEEDS, fuzz_socketio.make),
    Target("engine", fuzz_engine.SEEDS, lambda: fuzz_engine.one_input),
    Target("own-sockets", fuzz_own_sockets.SEEDS, lambda: fuzz_own_sockets.one_input),
]
