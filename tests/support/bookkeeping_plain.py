"""The books of a bookkeeping worker about plain transports and pipes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.messages import Done, Handler
from mediad.pipe.transport_requests import (
    ConnectPipeTransport,
    ConnectPlainTransport,
    CreatePipeTransport,
    CreatePlainTransport,
    CryptoSuite,
    GetHeard,
    Heard,
    HeardOf,
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

KEYS: dict[str, int] = {
    "AEAD_AES_256_GCM": 44,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
"""The bytes of key and salt, by suite."""


class PlainBooks:
    """Plain transports and pipes, which the worker keeps among its others; each has a port of its own."""

    def __init__(self, worker: BookkeepingWorker) -> None:
        self.heard: dict[str, Heard] = {}
        """Transport id → its client's signs of life."""
        self._worker = worker
        self._next_port = FIRST_PORT

    def handlers(self) -> list[Handler]:
        return [
            CreatePlainTransport.answered_by(self._create),
            ConnectPlainTransport.answered_by(self._connect),
            CreatePipeTransport.answered_by(self._create_pipe),
            ConnectPipeTransport.answered_by(self._connect_pipe),
            GetHeard.answered_by(self._heard),
        ]

    async def _create(self, request: CreatePlainTransport) -> PlainTransportCreated:
        self._worker.router(request.router_id)
        port = self._take_port()
        ip = "127.0.0.1" if request.local_only else "192.0.2.1"
        rtp = TransportTuple(ip, port)
        rtcp = None if request.rtcp_mux else TransportTuple(ip, port + 1)
        key = _key(request.srtp_crypto_suite)
        self._worker.transports[request.transport_id] = {
            **wire(request),
            "connected": False,
            "tuple": rtp,
            "rtcpTuple": rtcp,
            "key": key,
        }
        return PlainTransportCreated(rtp, rtcp, key)

    async def _connect(self, request: ConnectPlainTransport) -> PlainTransportConnected:
        transport = self._unconnected(request.transport_id)
        key, theirs = transport["key"], request.srtp_parameters
        if theirs is not None and len(base64.b64decode(theirs.key_base64)) != KEYS[theirs.crypto_suite]:
            raise InvalidInput(f"a key of {theirs.crypto_suite} has {KEYS[theirs.crypto_suite]} bytes")
        if not transport.get("comedia") and (request.ip is None or request.port is None):
            raise InvalidInput("missing ip or port")
        transport["connected"] = True
        transport["remote"] = (request.ip, request.port)
        if theirs is not None and theirs.crypto_suite != key.crypto_suite:
            key = _key(theirs.crypto_suite)
        replace = msgspec.structs.replace
        rtp = replace(transport["tuple"], remote_ip=request.ip, remote_port=request.port)
        rtcp = transport["rtcpTuple"]
        if rtcp is not None:
            rtcp = replace(rtcp, remote_ip=request.ip, remote_port=request.rtcp_port)
        return PlainTransportConnected(rtp, rtcp, key)

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

    async def _heard(self, request: GetHeard) -> HeardOf:
        return HeardOf([self.heard.get(id_, Heard()) for id_ in request.transport_ids])

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
    return None if suite is None else SrtpParameters(suite, base64.b64encode(bytes(KEYS[suite])).decode())
