"""The client of a WebRtcTransport over a recording media loop: its addresses, its checks, its handshake."""

from __future__ import annotations

from mediad.protocols.certificate import Fingerprint
from mediad.protocols.ice_paths import Path
from mediad.worker.transports.webrtc import WebRtcTransport
from tests.support.media_peer import DtlsClient, check_for
from tests.support.pipe_wire import wire
from tests.support.worker_objects import Bench

HERE, THERE = Path(0, "198.51.100.7", 5004), Path(0, "198.51.100.7", 5006)


def sent(made: Bench, path: Path = HERE) -> list[bytes]:
    """The datagrams that left towards a path."""
    calls = made.loop.named("send_raw")
    return [
        data for socket, data, *rest in (call.args for call in calls) if (socket, *rest) == tuple_of(path)
    ]


def tuple_of(path: Path) -> tuple[int, str, int, str]:
    return path.socket, path.host, path.port, path.local


def connect(transport: WebRtcTransport, client: DtlsClient) -> str:
    parameters = client.parameters
    return transport.connect(parameters["role"], [Fingerprint(**f) for f in parameters["fingerprints"]])


def converse(made: Bench, transport: WebRtcTransport, client: DtlsClient, opening: list[bytes]) -> None:
    """Carry datagrams both ways until both sides are silent."""
    for data in opening:
        transport.dtls_received(HERE, data)
    seen = 0
    while len(made.loop.named("send_raw")) > seen:
        calls = made.loop.named("send_raw")[seen:]
        seen += len(calls)
        for data in (call.args[1] for call in calls if call.args[1][0] >= 20):
            for answer in client.receive(data):
                transport.dtls_received(HERE, answer)


def states(made: Bench) -> list[str]:
    """ICE and DTLS states in the order they were told."""
    return [data.get("iceState") or data["dtlsState"] for name, data in made.events if "State" in name]


def ready(made: Bench, role: str = "client", *, sctp: bool = False) -> tuple[WebRtcTransport, DtlsClient]:
    """A transport with a path, and the client behind it."""
    transport = made.transport(sctp=sctp)
    client = DtlsClient(wire(transport.parameters()), role=role)
    transport.stun_received(HERE, check_for(wire(transport.parameters())))
    return transport, client
