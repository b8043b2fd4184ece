"""Plain transports of a seat: connections of a client that speaks RTP alone, as ffmpeg and GStreamer do."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.transport_requests import (
    ConnectPlainTransport,
    CreatePlainTransport,
    CryptoSuite,
    SrtpParameters,
    TransportTuple,
)
from mediad.rooms.entities import Peer, PlainPath, Transport
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room
from mediad.rooms.transports import Transports


class AlreadyConnected(InvalidState):
    """Error: a plain transport is connected once, and that was before."""


@dataclass(frozen=True, slots=True)
class PlainTransport:
    """A plain transport as its client is told of it."""

    id: str
    tuple: TransportTuple
    rtcp_tuple: TransportTuple | None
    """The addresses of RTCP; None when it comes and goes with RTP."""
    srtp_parameters: SrtpParameters | None
    """The key by which the server encrypts; None when it does not."""


class PlainTransports:
    """The requests of one peer about its plain transports."""

    def __init__(self, room: Room, peer: Peer, transports: Transports) -> None:
        self._room = room
        self._peer = peer
        self._transports = transports

    async def create(
        self, *, rtcp_mux: bool, comedia: bool, srtp_crypto_suite: CryptoSuite | None = None
    ) -> Reply[PlainTransport]:
        """Make a plain transport, encrypted when a suite is given; the answer has its addresses.

        With `comedia` the first valid packet tells the client's address, else `connect` does. Raises Full
        when the worker has no port left, or the client's address has its share of them.
        """
        peer, branch = self._peer, self._peer.branch
        peer.require_open()
        self._transports.charge()
        transport = Transport(str(uuid4()), peer, branch, consuming=False)
        transport.claim = branch.stock.claim_plain(peer.holder, ports=1 if rtcp_mux else 2)
        creation = CreatePlainTransport(
            router_id=branch.router_id,
            transport_id=transport.id,
            rtcp_mux=rtcp_mux,
            comedia=comedia,
            srtp_crypto_suite=srtp_crypto_suite,
        )
        created = await self._transports.make(transport, creation)
        secure = created.srtp_parameters is not None
        transport.plain = PlainPath(comedia, created.tuple, created.rtcp_tuple, secure)
        self._room.books.enter_transport(transport)
        return Reply(PlainTransport(transport.id, created.tuple, created.rtcp_tuple, created.srtp_parameters))

    async def connect(
        self,
        transport_id: str,
        *,
        ip: str | None = None,
        port: int | None = None,
        rtcp_port: int | None = None,
        srtp_parameters: SrtpParameters | None = None,
    ) -> Reply[PlainTransport]:
        """Tell a plain transport where its client is, and how it encrypts; the answer is as of `create`.

        A comedia transport takes the key alone. The server's key is another one afterwards when the client's
        suite is. Raises InvalidInput for what does not fit the transport, Forbidden for an address that media
        must not be sent to, AlreadyConnected the second time.
        """
        transport = self._transports.find(transport_id)
        path = transport.plain
        if path is None:
            raise InvalidState(f'transport with id "{transport_id}" is not a PlainTransport')
        if path.connected:
            raise AlreadyConnected(f'transport with id "{transport_id}": connect() already called')
        _require_fitting_key(path, srtp_parameters)
        request = ConnectPlainTransport(transport.id, srtp_parameters=srtp_parameters)
        if not path.comedia:
            _require_fitting_ports(path, ip, port, rtcp_port)
            request.ip, request.port, request.rtcp_port = ip, port, rtcp_port
            request.ip = self._room.limits.plain_targets.require(ip or "")
        path.connected = True
        try:
            answer = await transport.branch.ask(request, about=transport)
        except BaseException:
            path.connected = False
            raise
        path.tuple, path.rtcp_tuple = answer.tuple, answer.rtcp_tuple
        transport.peer.log.debug("plain transport %s is connected", transport.id)
        return Reply(PlainTransport(transport.id, answer.tuple, answer.rtcp_tuple, answer.srtp_parameters))


def _require_fitting_key(path: PlainPath, key: SrtpParameters | None) -> None:
    if path.secure and key is None:
        raise InvalidInput("srtpParameters are missing: this transport was made with enableSrtp")
    if key is not None and not path.secure:
        raise InvalidInput("srtpParameters are for transports that were made with enableSrtp")


def _require_fitting_ports(path: PlainPath, ip: str | None, port: int | None, rtcp_port: int | None) -> None:
    for name, value in (("ip", ip), ("port", port)):
        if value is None:
            raise InvalidInput(f"{name} is missing: this transport was made without comedia")
    if rtcp_port is None and path.rtcp_tuple is not None:
        raise InvalidInput("rtcpPort is missing: this transport was made without rtcpMux")
    if rtcp_port is not None and path.rtcp_tuple is None:
        raise InvalidInput("rtcpPort is for transports that were made without rtcpMux")
