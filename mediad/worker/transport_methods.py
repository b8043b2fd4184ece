"""TransportMethods: the handlers of requests about transports."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from mediad.errors import InvalidInput
from mediad.pipe import requests
from mediad.pipe.limit_requests import LimitIncoming
from mediad.pipe.messages import Done, Handler
from mediad.pipe.throttle_requests import ThrottleTransport
from mediad.pipe.transport_requests import (
    ConnectPipeTransport,
    ConnectPlainTransport,
    CreatePipeTransport,
    CreatePlainTransport,
    GetHeard,
    Heard,
    HeardOf,
    PipeTransportCreated,
    PlainTransportConnected,
    PlainTransportCreated,
)
from mediad.protocols.certificate import Fingerprint
from mediad.worker.objects import Objects
from mediad.worker.transports.pipe import PipeTransport
from mediad.worker.transports.plain import PlainTransport
from mediad.worker.transports.throttled import Network
from mediad.worker.transports.transport import Transport
from mediad.worker.transports.webrtc import WebRtcTransport

KindT = TypeVar("KindT", bound=Transport)


class TransportMethods:
    """The handlers of requests about transports, which act on the worker's objects."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def handlers(self) -> list[Handler]:
        """Return the handler of each request."""
        return [
            requests.CreateTransport.answered_by(self.create_transport),
            requests.ConnectTransport.answered_by(self.connect_transport),
            requests.RestartIce.answered_by(self.restart_ice),
            CreatePlainTransport.answered_by(self.create_plain_transport),
            ConnectPlainTransport.answered_by(self.connect_plain_transport),
            CreatePipeTransport.answered_by(self.create_pipe_transport),
            ConnectPipeTransport.answered_by(self.connect_pipe_transport),
            requests.GetTransportStats.answered_by(self.transport_stats),
            GetHeard.answered_by(self.heard),
            ThrottleTransport.answered_by(self.throttle_transport),
            LimitIncoming.answered_by(self.limit_incoming),
            requests.CloseTransport.answered_by(self.close_transport),
        ]

    # --- all kinds ----------------------------------------------------------------------------------------

    async def transport_stats(self, request: requests.GetTransportStats) -> requests.Stats:
        _, transport = self._objects.transport(request.transport_id)
        return requests.Stats(await transport.stats())

    async def heard(self, request: GetHeard) -> HeardOf:
        return HeardOf(await asyncio.gather(*map(self._heard_on, request.transport_ids)))

    async def _heard_on(self, transport_id: str) -> Heard:
        """Return the signs of life on a transport; it may be closed while its room asks about it."""
        if not self._objects.has(transport_id):
            return Heard()
        _, transport = self._objects.transport(transport_id)
        by_ice = isinstance(transport, WebRtcTransport) and transport.ice_state in ("connected", "completed")
        return Heard(await transport.received_bytes(), by_ice)

    async def throttle_transport(self, request: ThrottleTransport) -> Done:
        _, transport = self._objects.transport(request.transport_id)
        transport.throttle(None if request.throttle is None else Network.of(request.throttle))
        return Done()

    async def limit_incoming(self, request: LimitIncoming) -> Done:
        _, transport = self._objects.transport(request.transport_id)
        transport.limit_incoming(request.bitrate_bps or 0)
        return Done()

    async def close_transport(self, request: requests.CloseTransport) -> Done:
        self._objects.close_transport(*self._objects.transport(request.transport_id))
        return Done()

    def _find(self, kind: type[KindT], transport_id: str) -> KindT:
        """Return a transport of a kind. Raises NotFound, or InvalidInput for one of another kind."""
        _, transport = self._objects.transport(transport_id)
        if not isinstance(transport, kind):
            raise InvalidInput(f'transport with id "{transport_id}" is not a {kind.__name__}')
        return transport

    # --- WebRTC -------------------------------------------------------------------------------------------

    async def create_transport(self, request: requests.CreateTransport) -> requests.TransportCreated:
        router = self._objects.router(request.router_id)
        transport = router.create_transport(
            request.transport_id,
            self._objects.settings,
            force_tcp=request.force_tcp,
            sctp=request.enable_sctp,
        )
        self._objects.enter(transport.id, router)
        return transport.parameters()

    async def connect_transport(self, request: requests.ConnectTransport) -> requests.TransportConnected:
        parameters = request.dtls_parameters
        fingerprints = [Fingerprint(f.algorithm, f.value) for f in parameters.fingerprints]
        transport = self._find(WebRtcTransport, request.transport_id)
        return requests.TransportConnected(transport.connect(parameters.role, fingerprints))

    async def restart_ice(self, request: requests.RestartIce) -> requests.IceRestarted:
        return requests.IceRestarted(self._find(WebRtcTransport, request.transport_id).restart_ice())

    # --- plain transports and pipes -------------------------------------------------------------------------

    async def create_plain_transport(self, request: CreatePlainTransport) -> PlainTransportCreated:
        router = self._objects.router(request.router_id)
        transport = router.create_plain_transport(self._objects.settings, request)
        self._objects.enter(transport.id, router)
        return transport.parameters()

    async def connect_plain_transport(self, request: ConnectPlainTransport) -> PlainTransportConnected:
        return self._find(PlainTransport, request.transport_id).connect(request)

    async def create_pipe_transport(self, request: CreatePipeTransport) -> PipeTransportCreated:
        router = self._objects.router(request.router_id)
        transport = router.create_pipe_transport(self._objects.settings, request)
        self._objects.enter(transport.id, router)
        return transport.parameters()

    async def connect_pipe_transport(self, request: ConnectPipeTransport) -> Done:
        transport = self._find(PipeTransport, request.transport_id)
        transport.connect(request.ip, request.port, request.srtp_parameters)
        return Done()
