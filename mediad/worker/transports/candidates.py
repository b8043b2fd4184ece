"""Addresses and credentials as clients are told them, under mediasoup's names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mediad.config.listen import ListenInfo
from mediad.pipe.requests import DtlsFingerprint, IceCandidate, IceParameters, ServerDtlsParameters
from mediad.pipe.transport_requests import TransportTuple
from mediad.protocols import ice
from mediad.protocols.certificate import Certificate
from mediad.protocols.ice_paths import Path

_TYPE_PREFERENCE, _LOCAL_PREFERENCE, _LISTEN_STEP, _ANNOUNCED_STEP = 64, 10_000, 100, 1_000


def priority(place: int, further: int = 0) -> int:
    """Return the priority of a host candidate of component 1 (RFC 8445 section 5.1.2.1), as in mediasoup.

    `place`: of its listen address in the order of `listen_ip`, from 0, those of TCP behind those of UDP; the
    operator's order is the local preference, for both families. `further`: how many addresses are announced
    for it before this one.
    """
    preference = _LOCAL_PREFERENCE - _LISTEN_STEP * place
    return (_TYPE_PREFERENCE << 24) + (preference << 8) + 255 - _ANNOUNCED_STEP * further


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port on each listen address, of UDP and maybe of TCP, and the addresses that clients are told."""

    port: int
    listen_infos: tuple[ListenInfo, ...]
    sockets: tuple[int, ...]
    """The media loop's number of the UDP socket on each listen address."""
    listeners: tuple[int, ...] = ()
    """The media loop's number of the listening TCP socket on each; none: there is no TCP."""

    def candidates(self, *, force_tcp: bool = False) -> list[IceCandidate]:
        """Return the ICE candidates, in the order of the listen addresses; `force_tcp`: those of TCP alone.

        Those of one listen address have one foundation, since they have one base (RFC 8445 section 5.1.1.3).
        All of TCP come after all of UDP, which media prefers.
        """
        udp = [] if force_tcp else list(self._candidates("udp", 0))
        tcp = self._candidates("tcp", len(self.listen_infos), "passive") if self.listeners else ()
        return [*udp, *tcp]

    def _candidates(
        self, protocol: Literal["udp", "tcp"], first_place: int, tcp_type: Literal["passive"] | None = None
    ) -> Iterator[IceCandidate]:
        for place, info in enumerate(self.listen_infos):
            for further, host in enumerate(info.announced):
                yield IceCandidate(
                    foundation=f"{protocol}candidate{place or ''}",
                    priority=priority(first_place + place, further),
                    ip=host,
                    address=host,
                    protocol=protocol,
                    port=self.port,
                    type="host",
                    tcp_type=tcp_type,
                )

    def receives(self, path: Path) -> bool:
        """True when a path leads to one of these sockets."""
        return path.lent_socket in (self.sockets if path.protocol == "udp" else self.listeners)

    def tuple_with(self, path: Path | None) -> TransportTuple:
        """Return both ends of a path; None: that of this side, for nothing is known of the other."""
        if path is None:
            return TransportTuple(self.listen_infos[0].announced[0], self.port)
        local = self._local_address(path)
        return TransportTuple(local, self.port, path.protocol, path.host, path.port)

    def _local_address(self, path: Path) -> str:
        """Return the announced address that a path leads to.

        It is the one its packets arrive at, if that is announced. Behind a NAT they arrive at another, and
        which was called is not known: the best of the client's family then.
        """
        lent = self.sockets if path.protocol == "udp" else self.listeners
        announced = self.listen_infos[lent.index(path.lent_socket)].announced
        if path.local in announced:
            return path.local
        alike = (host for host in announced if (":" in host) is (":" in path.host))
        return next(alike, announced[0])


def tuple_stats(ends: TransportTuple) -> dict[str, Any]:
    """Return both ends of a path, for statistics; those on the other side only where they are known."""
    stats = {"localIp": ends.local_address, "localAddress": ends.local_address, "localPort": ends.local_port}
    if ends.remote_ip is not None:
        stats |= {"remoteIp": ends.remote_ip, "remotePort": ends.remote_port}
    return stats | {"protocol": ends.protocol}


def ice_parameters(parameters: ice.IceParameters) -> IceParameters:
    """Return the credentials that a client's connectivity checks must carry."""
    return IceParameters(parameters.username_fragment, parameters.password, ice_lite=True)


def dtls_parameters(certificate: Certificate) -> ServerDtlsParameters:
    """Return the fingerprints by which a client recognizes this server; the client chooses the role."""
    fingerprints = [DtlsFingerprint(one.algorithm, one.value) for one in certificate.fingerprints]
    return ServerDtlsParameters("auto", fingerprints)
