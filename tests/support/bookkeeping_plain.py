"""The books of a bookkeeping worker about plain transports and pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.messages import Done, Handler
from mediad.pipe.transport_requests import (
    ConnectPipeTransport,
    ConnectPlainTransport,
    CreatePipeTransport,
    CreatePlainTransport,
    CryptoSuite,
    PipeTransportCreated,
    PlainTransportConnected,
    PlainTransportCreated,
    SrtpParameters,
    TransportTuple,
)
from tests.support.pipe_wire import wire

if TYPE_CHECKING:
    from tests.support.bookkeeping_worker import BookkeepingWorker

FIRST_PORT = 41000


class PlainBooks:
    """Plain transports and pipes, which the worker keeps among its others; each has a port of its own."""

    def __init__(self, worker: BookkeepingWorker) -> None:
        self._worker = worker
        self._next_port = FIRST_PORT

    def handlers(self) -> list[Handler]:
        return [
            CreatePlainTransport.answered_by(self._create),
            ConnectPlainTransport.answered_by(self._connect),
            CreatePipeTransport.answered_by(self._create_pipe),
            ConnectPipeTransport.answered_by(self._connect_pipe),
        ]

    async def _create(self, request: CreatePlainTransport) -> PlainTransportCreated:
        self._worker.router(request.router_id)
        port = self._take_port()
        ip = "127.0.0.1" if request.local_only else "192.0.2.1"
        rtp = TransportTuple(ip, port)
        rtcp = None if request.rtcp_mux else TransportTuple(ip, port + 1)
        self._worker.transports[request.transport_id] = {
            **wire(request),
            "connected": False,
            "tuple": rtp,
            "rtcpTuple": rtcp,
        }
        return PlainTransportCreated(rtp, rtcp, _key(request.srtp_crypto_suite))

    async def _connect(self, request: ConnectPlainTransport) -> PlainTransportConnected:
        transport = self._unconnected(request.transport_id)
        if not transport.get("comedia") and (request.ip is None or request.port is None):
            raise InvalidInput("missing ip or port")
        transport["connected"] = True
        transport["remote"] = (request.ip, request.port)
        theirs = request.srtp_parameters
        key = None if theirs is None else _key(theirs.crypto_suite)
        return PlainTransportConnected(transport["tuple"], transport["rtcpTuple"], key)

    async def _create_pipe(self, request: CreatePipeTransport) -> PipeTransportCreated:
        self._worker.router(request.router_id)
        self._worker.transports[request.transport_id] = {**wire(request), "connected": False}
        key = _key("AEAD_AES_256_GCM") if request.enable_srtp else None
        return PipeTransportCreated("127.0.0.1", self._take_port(), key)

    async def _connect_pipe(self, request: ConnectPipeTransport) -> Done:
        transport = self._unconnected(request.transport_id)
        transport["connected"] = True
        transport["remote"] = (request.ip, request.port)
        return Done()

    def _unconnected(self, transport_id: str) -> dict[str, Any]:
        transport = self._worker.transport(transport_id)
        if transport["connected"]:
            raise InvalidState("connect() already called")
        return transport

    def _take_port(self) -> int:
        """Return an even port; the next one is for RTCP."""
        port, self._next_port = self._next_port, self._next_port + 2
        return port


def _key(suite: CryptoSuite | None) -> SrtpParameters | None:
    return None if suite is None else SrtpParameters(suite, "QUJD")
