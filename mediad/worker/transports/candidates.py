"""Addresses and credentials as clients are told them, under mediasoup's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediad.pipe.requests import DtlsFingerprint, IceCandidate, IceParameters, ServerDtlsParameters
from mediad.protocols import ice
from mediad.protocols.certificate import Certificate
from mediad.protocols.ice_paths import Path

_TYPE_PREFERENCE, _LOCAL_PREFERENCE = 64, 10_000
_UDP_PRIORITY = (_TYPE_PREFERENCE << 24) + (_LOCAL_PREFERENCE << 8) + 255
"""The priority of a candidate of component 1 (RFC 8445 section 5.1.2.1)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the worker's shared UDP port, as clients are told it."""

    host: str
    port: int

    def candidates(self) -> list[IceCandidate]:
        """Return the ICE candidates."""
        return [
            IceCandidate(
                foundation="udpcandidate",
                priority=_UDP_PRIORITY,
                ip=self.host,
                address=self.host,
                protocol="udp",
                port=self.port,
                type="host",
            )
        ]

    def tuple_with(self, path: Path) -> dict[str, Any]:
        """Return both ends of a path, for statistics."""
        return {
            "localIp": self.host,
            "localAddress": self.host,
            "localPort": self.port,
            "remoteIp": path.host,
            "remotePort": path.port,
            "protocol": "udp",
        }


def ice_parameters(parameters: ice.IceParameters) -> IceParameters:
    """Return the credentials that a client's connectivity checks must carry."""
    return IceParameters(parameters.username_fragment, parameters.password, ice_lite=True)


def dtls_parameters(certificate: Certificate) -> ServerDtlsParameters:
    """Return the fingerprints by which a client recognizes this server; the client chooses the role."""
    fingerprints = [DtlsFingerprint(one.algorithm, one.value) for one in certificate.fingerprints]
    return ServerDtlsParameters("auto", fingerprints)
