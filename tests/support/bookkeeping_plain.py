"""The books of a bookkeeping worker about plain transports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.messages import Handler
from mediad.pipe.transport_requests import (
    ConnectPlainTransport,
    CreatePlainTransport,
    PlainTransportConnected,
    PlainTransportCreated,
    TransportTuple,
)
from tests.support.pipe_wire import wire

if TYPE_CHECKING:
    from tests.support.bookkeeping_worker import BookkeepingWorker

FIRST_PORT = 41000


class PlainBooks:
    """Plain transports, which the worker keeps among its other transports; each has a port of its own."""

    def __init__(self, worker: BookkeepingWorker) -> None:
        self._worker = worker
        self._next_port = FIRST_PORT

    def handlers(self) -> list[Handler]:
        return [
            CreatePlainTransport.answered_by(self._create),
            ConnectPlainTransport.answered_by(self._connect),
        ]

    async def _create(self, request: CreatePlainTransport) -> PlainTransportCreated:
        self._worker.router(request.router_id)
        port, self._next_port = self._next_port, self._next_port + 2
        ip = "127.0.0.1" if request.local_only else "192.0.2.1"
        rtp = TransportTuple(ip, port)
        rtcp = None if request.rtcp_mux else TransportTuple(ip, port + 1)
        self._worker.transports[request.transport_id] = {
            **wire(request),
            "connected": False,
            "tuple": rtp,
            "rtcpTuple": rtcp,
        }
        return PlainTransportCreated(rtp, rtcp)

    async def _connect(self, request: ConnectPlainTransport) -> PlainTransportConnected:
        transport = self._worker.transport(request.transport_id)
        if transport["connected"]:
            raise InvalidState("connect() already called")
        if not transport.get("comedia") and (request.ip is None or request.port is None):
            raise InvalidInput("missing ip or port")
        transport["connected"] = True
        transport["remote"] = (request.ip, request.port)
        return PlainTransportConnected(transport["tuple"], transport["rtcpTuple"])
