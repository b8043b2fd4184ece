"""ICE and DTLS together against another implementation, over real sockets."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcicetransport import RTCIceCandidate, RTCIceParameters

from mediad.protocols.certificate import Fingerprint
from mediad.protocols.dtls.endpoint import DtlsEndpoint
from mediad.protocols.ice import IceLiteAgent
from mediad.protocols.ice_paths import Path
from mediad.protocols.srtp_keys import EXPORTER_LABEL, split_keying_material
from tests.support.dtls import LEFT_CERTIFICATE, Side


class Server(asyncio.DatagramProtocol):
    """The smallest shell around both cores: one socket, one peer."""

    def __init__(self) -> None:
        self.ice = IceLiteAgent(consent_timeout_us=20_000_000)
        self.side = Side(DtlsEndpoint(LEFT_CERTIFICATE))
        self.transport: Any = None
        self.has_keys, self.is_closed = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        path = Path(0, *address)
        if data[0] < 4:
            self.ice.receive_datagram(data, path, self.now_us())
        elif path == self.ice.selected:
            self.side.endpoint.receive_datagram(data, self.now_us())
        self.flush()

    def flush(self) -> None:
        for reply, path in self.ice.datagrams_to_send():
            self.transport.sendto(reply, (path.host, path.port))
        self.side.collect()
        if self.side.keys is not None:
            self.has_keys.set()
        if self.side.endpoint.state == "closed":
            self.is_closed.set()
        for datagram in self.side.endpoint.datagrams_to_send():
            assert self.ice.selected is not None
            self.transport.sendto(datagram, (self.ice.selected.host, self.ice.selected.port))

    def now_us(self) -> int:
        return int(asyncio.get_running_loop().time() * 1_000_000)


async def call(role: Literal["client", "server"]) -> tuple[Server, RTCDtlsTransport]:
    """Connect; we play `role` in DTLS."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    certificate = RTCCertificate.generateCertificate()
    server.side.endpoint.set_remote_fingerprints(
        [Fingerprint(item.algorithm, item.value) for item in certificate.getFingerprints()]
    )
    gatherer = RTCIceGatherer(iceServers=[])
    await gatherer.gather()
    ice = RTCIceTransport(gatherer)
    ice._role_set = True
    ice._connection.ice_controlling = True
    port = transport.get_extra_info("sockname")[1]
    await ice.addRemoteCandidate(RTCIceCandidate(1, "1", "127.0.0.1", port, 1, "udp", "host"))
    await ice.addRemoteCandidate(None)
    ours = server.ice.parameters
    await ice.start(RTCIceParameters(ours.username_fragment, ours.password, iceLite=True))
    server.side.endpoint.start(role, server.now_us())
    server.flush()
    dtls = RTCDtlsTransport(ice, [certificate])
    dtls._set_role("client" if role == "server" else "server")
    fingerprint = LEFT_CERTIFICATE.fingerprints[-1]
    parameters = RTCDtlsParameters([RTCDtlsFingerprint(fingerprint.algorithm, fingerprint.value)], role)
    await dtls.start(parameters)
    return server, dtls


@pytest.mark.parametrize("role", ["client", "server"])
def test_aiortc_connects_and_has_the_same_keys(role: Literal["client", "server"]) -> None:
    async def main() -> None:
        server, dtls = await call(role)
        assert server.ice.state == "completed"
        await server.has_keys.wait()
        keys = server.side.keys
        assert keys is not None
        assert dtls.state == server.side.endpoint.state == "connected"
        assert dtls._ssl is not None
        material = dtls._ssl.export_keying_material(EXPORTER_LABEL, keys.profile.exported_length)
        assert split_keying_material(keys.profile, material, role) == (keys.local_key, keys.remote_key)
        await dtls.stop()
        await server.is_closed.wait()
        await dtls.transport.stop()
        server.transport.close()

    asyncio.run(asyncio.wait_for(main(), 20))
