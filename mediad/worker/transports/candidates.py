"""Addresses and credentials as clients are told of them, in mediasoup's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediad.protocols.certificate import Certificate
from mediad.protocols.ice import IceParameters
from mediad.protocols.ice_paths import Path

_TYPE_PREFERENCE, _LOCAL_PREFERENCE = 64, 10_000
_UDP_PRIORITY = (_TYPE_PREFERENCE << 24) + (_LOCAL_PREFERENCE << 8) + 255
"""RFC 8445 section 5.1.2.1, for component 1."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the worker's shared UDP port, as clients are told."""

    host: str
    port: int

    def candidates(self) -> list[dict[str, Any]]:
        """Return the ICE candidates: `ip` is for older clients, `address` for newer ones."""
        return [
            {
                "foundation": "udpcandidate",
                "priority": _UDP_PRIORITY,
                "ip": self.host,
                "address": self.host,
                "protocol": "udp",
                "port": self.port,
                "type": "host",
            }
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


def ice_parameters(parameters: IceParameters) -> dict[str, Any]:
    """Return the credentials a client's checks must carry."""
    return {
        "usernameFragment": parameters.username_fragment,
        "password": parameters.password,
        "iceLite": True,
    }


def dtls_parameters(certificate: Certificate) -> dict[str, Any]:
    """Return the fingerprints by which a client knows this server; the roles are the client's choice."""
    return {
        "role": "auto",
        "fingerprints": [
            {"algorithm": fingerprint.algorithm, "value": fingerprint.value}
            for fingerprint in certificate.fingerprints
        ],
    }
