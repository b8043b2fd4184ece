"""What the supervisor may ask of a worker: a table of method → (handler, schema), and what they act on."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, Literal

import msgspec
import psutil

from mediad import logs
from mediad.clock import LoopClock
from mediad.config.settings import WorkerSettings
from mediad.errors import InvalidInput, InvalidState, NotFound
from mediad.heap import HeapKeeper, trim_heap
from mediad.metering.loop_lag import LoopLag
from mediad.protocols.certificate import Certificate, Fingerprint
from mediad.sockets import bind_udp
from mediad.turns import Turns
from mediad.worker.context import Emit, RouterContext
from mediad.worker.media.parameters import RtpMapping, RtpParameters
from mediad.worker.media.plane import MediaPlane
from mediad.worker.router import Router
from mediad.worker.sampling import Sampler
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.consumer_batch import ConsumerMaker, CreateConsumers
from mediad.worker.tracks.producer import Producer
from mediad.worker.tracks.producer_form import ProducerForm
from mediad.worker.transports.candidates import Endpoint
from mediad.worker.transports.webrtc import WebRtcTransport

Reply = dict[str, Any]
LogLevel = Literal["debug", "info", "warning", "error", "none"]


class _Message(msgspec.Struct, rename="camel"):
    """Unknown fields are ignored: an older worker may be asked by a newer supervisor."""


class Nothing(_Message):
    pass


class Configure(_Message):
    """The settings that may change while a worker runs, all of them; `WorkerSettings.live` writes it."""

    announced_ip: str | None
    max_incoming_bitrate_bps: int
    initial_outgoing_bitrate_bps: int
    ice_consent_timeout_s: int
    log_level: LogLevel


class RouterId(_Message):
    router_id: str


class CreateTransport(_Message):
    router_id: str
    transport_id: str
    force_tcp: bool = False


class TransportId(_Message):
    transport_id: str


class DtlsFingerprint(_Message):
    algorithm: str
    value: str


class DtlsParameters(_Message):
    fingerprints: list[DtlsFingerprint]
    role: Literal["auto", "client", "server"] = "auto"


class ConnectTransport(_Message):
    transport_id: str
    dtls_parameters: DtlsParameters


class CreateProducer(_Message):
    transport_id: str
    producer_id: str
    kind: Literal["audio", "video"]
    rtp_parameters: RtpParameters
    rtp_mapping: RtpMapping
    paused: bool = False
    levels: bool = False


class ProducerId(_Message):
    producer_id: str


Layer = Annotated[int, msgspec.Meta(ge=0)]


class ConsumerId(_Message):
    consumer_id: str


class ConsumerIds(_Message):
    consumer_ids: list[str]


class PreferredLayers(_Message):
    consumer_id: str
    spatial_layer: Layer
    temporal_layer: Layer | None = None


class Priority(_Message):
    consumer_id: str
    priority: int


class WorkerServer:
    """One worker's objects. `start` binds the shared port and starts the media thread."""

    def __init__(self, settings: WorkerSettings, emit: Emit) -> None:
        self._settings = settings
        clock = LoopClock()
        self._plane = MediaPlane(clock)
        self._context = RouterContext(self._plane, emit, clock)
        self._certificate = Certificate.generate(datetime.datetime.now(datetime.UTC))
        self._endpoint = Endpoint(settings.candidate_ip, settings.rtc_first_port)
        self._routers: dict[str, Router] = {}
        self._router_of: dict[str, Router] = {}  # by the id of a transport, producer or consumer
        self._turns = Turns()
        self._maker = ConsumerMaker(self._turns, self._transport, self._producer, self._enter_consumer, clock)
        self._udp_buffer_bytes = 0
        self._lag = LoopLag(clock)
        self._sampler = Sampler(self._transports, clock)
        self._heap = HeapKeeper(trim_heap, clock=clock)
        self._refused: Counter[str] = Counter()  # by closed transports' ICE and DTLS

    async def start(self) -> None:
        """Raises PortError or ConfigError when the port cannot be had."""
        sock = bind_udp(
            self._settings.listen_ip, self._settings.rtc_first_port, self._settings.udp_buffer_bytes
        )
        # the kernel counts its own overhead in, and says twice what it was asked for; socket(7)
        self._udp_buffer_bytes = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        self._plane.start()
        self._plane.add_socket(sock)
        self._lag.start()
        self._heap.start()
        self._sampler.start()

    async def handle(self, method: str, data: dict[str, Any]) -> Reply:
        """Raises MediadError with a text for people when the request cannot be met."""
        row = METHODS.get(method)
        if row is None:
            raise NotFound(f'unknown method "{method}"')
        handler, schema = row
        try:
            message = msgspec.convert(data, schema)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"{method}: {error}") from None
        return await handler(self, message)

    def close(self) -> None:
        """Close every transport with a goodbye, then end the media thread."""
        for router in list(self._routers.values()):
            router.close()
        self._lag.stop()
        self._sampler.stop()
        self._heap.stop()
        self._plane.stop()

    # --- worker and routers -------------------------------------------------------------------------------

    async def ping(self, message: Nothing) -> Reply:
        """Answered by the media thread: a worker that forwards nothing is not well."""
        if not self._plane.alive:
            raise InvalidState("the media thread has ended")
        await self._plane.turn()
        return {}

    async def trim(self, message: Nothing) -> Reply:
        """Give back memory that nothing uses."""
        trim_heap()
        return {}

    async def configure(self, message: Configure) -> Reply:
        """New settings: for new transports, so that nobody is dropped, and at once for the log."""
        self._settings = dataclasses.replace(self._settings, **msgspec.structs.asdict(message))
        self._endpoint = Endpoint(self._settings.candidate_ip, self._settings.rtc_first_port)
        for router in self._routers.values():
            router.endpoint = self._endpoint
        logs.set_level(message.log_level)
        return {}

    async def worker_stats(self, message: Nothing) -> Reply:
        counters = self._plane.counters()
        refused, ice, dtls = Counter(self._refused), Counter[str](), Counter[str]()
        for transport in self._transports():
            refused.update(transport.dropped())
            ice[transport.ice_state] += 1
            dtls[transport.dtls_state] += 1
        dropped = {name.removeprefix("drop_"): n for name, n in counters.items() if name.startswith("drop_")}
        return {
            "rssBytes": psutil.Process().memory_info().rss,
            "dropped": dropped | refused,
            "counters": {name: n for name, n in counters.items() if not name.startswith("drop_")},
            "packetSlots": self._plane.packet_slots(),
            "udpGso": self._plane.udp_gso,
            "udpGro": self._plane.udp_gro,
            "udpBufferBytes": self._udp_buffer_bytes,
            "parked": self.parked,
            "iceStates": dict(ice),
            "dtlsStates": dict(dtls),
            "loopLag": self._lag.report(),
            "links": self._sampler.report(),
            "log": logs.counts(),
            **self._plane.counts(),
        }

    @property
    def parked(self) -> int:
        """Transports without a place on the media path; `transports` counts those that have one."""
        return sum(transport.parked for transport in self._transports())

    def _transports(self) -> Iterator[WebRtcTransport]:
        for router in self._routers.values():
            yield from router.transports.values()

    async def create_router(self, message: RouterId) -> Reply:
        if message.router_id in self._routers:
            raise InvalidState(f'a router with id "{message.router_id}" already exists')
        self._routers[message.router_id] = Router(
            self._context, message.router_id, self._certificate, self._endpoint
        )
        return {}

    async def router_stats(self, message: RouterId) -> Reply:
        """All its transports at once: asked one by one, a busy node is mostly asking."""
        transports = list(self._router(message.router_id).transports.values())
        stats = await asyncio.gather(*(transport.stats() for transport in transports))
        return {"transports": [entry for entries in stats for entry in entries]}

    async def close_router(self, message: RouterId) -> Reply:
        """Transport by transport: a large room takes long to close, and is nobody's any more."""
        router = self._router(message.router_id)
        router.closing = True
        for transport in list(router.transports.values()):
            await self._turns.take()
            if transport.id in router.transports:
                self._forget_transport(router, transport)
        router.close()
        del self._routers[message.router_id]
        return {}

    def _router(self, router_id: str) -> Router:
        router = self._routers.get(router_id)
        if router is None or router.closing:
            raise NotFound(f'router with id "{router_id}" not found')
        return router

    # --- transports ---------------------------------------------------------------------------------------

    async def create_transport(self, message: CreateTransport) -> Reply:
        if message.force_tcp:
            raise InvalidInput("forceTcp: this server offers no TCP candidates, leave it out")
        router = self._router(message.router_id)
        transport = router.create_transport(message.transport_id, self._settings)
        self._router_of[transport.id] = router
        return transport.parameters()

    async def connect_transport(self, message: ConnectTransport) -> Reply:
        parameters = message.dtls_parameters
        fingerprints = [Fingerprint(f.algorithm, f.value) for f in parameters.fingerprints]
        _, transport = self._transport(message.transport_id)
        return {"dtlsLocalRole": transport.connect(parameters.role, fingerprints)}

    async def restart_ice(self, message: TransportId) -> Reply:
        _, transport = self._transport(message.transport_id)
        return {"iceParameters": transport.restart_ice()}

    async def transport_stats(self, message: TransportId) -> Reply:
        _, transport = self._transport(message.transport_id)
        return {"stats": await transport.stats()}

    async def close_transport(self, message: TransportId) -> Reply:
        self._forget_transport(*self._transport(message.transport_id))
        return {}

    def _transport(self, transport_id: str) -> tuple[Router, WebRtcTransport]:
        router = self._router_of.get(transport_id)
        if router is None or transport_id not in router.transports:
            raise NotFound(f'transport with id "{transport_id}" not found')
        return router, router.transports[transport_id]

    def _forget_transport(self, router: Router, transport: WebRtcTransport) -> None:
        for producer in transport.producers.values():
            self._forget_ids(producer.id, *producer.consumers)
        self._forget_ids(transport.id, *transport.consumers)
        self._refused.update(transport.dropped())
        router.close_transport(transport)

    def _forget_ids(self, *ids: str) -> None:
        for object_id in ids:
            self._router_of.pop(object_id, None)

    # --- producers ----------------------------------------------------------------------------------------

    async def create_producer(self, message: CreateProducer) -> Reply:
        router, transport = self._transport(message.transport_id)
        router.create_producer(
            transport,
            message.producer_id,
            ProducerForm.of(message.kind, message.rtp_parameters, message.rtp_mapping),
            paused=message.paused,
            levels=message.levels,
        )
        self._router_of[message.producer_id] = router
        return {}

    async def pause_producer(self, message: ProducerId) -> Reply:
        self._producer(message.producer_id)[1].pause(True)
        return {}

    async def resume_producer(self, message: ProducerId) -> Reply:
        self._producer(message.producer_id)[1].pause(False)
        return {}

    async def close_producer(self, message: ProducerId) -> Reply:
        router, producer = self._producer(message.producer_id)
        self._forget_ids(producer.id, *producer.consumers)
        router.close_producer(producer)
        return {}

    async def producer_stats(self, message: ProducerId) -> Reply:
        return {"stats": await self._producer(message.producer_id)[1].stats()}

    def _producer(self, producer_id: str) -> tuple[Router, Producer]:
        router = self._router_of.get(producer_id)
        if router is None or producer_id not in router.producers:
            raise NotFound(f'producer with id "{producer_id}" not found')
        return router, router.producers[producer_id]

    # --- consumers ----------------------------------------------------------------------------------------

    async def create_consumers(self, message: CreateConsumers) -> Reply:
        return {"consumers": await self._maker.make(message)}

    async def resume_consumers(self, message: ConsumerIds) -> Reply:
        """In one go: what is asked later of one of them must not be overtaken."""
        missing = []
        for consumer_id in message.consumer_ids:
            try:
                self._consumer(consumer_id)[1].pause(False)
            except NotFound:
                missing.append(consumer_id)
        return {"missing": missing}

    async def pause_consumer(self, message: ConsumerId) -> Reply:
        self._consumer(message.consumer_id)[1].pause(True)
        return {}

    async def resume_consumer(self, message: ConsumerId) -> Reply:
        self._consumer(message.consumer_id)[1].pause(False)
        return {}

    async def set_preferred_layers(self, message: PreferredLayers) -> Reply:
        _, consumer = self._consumer(message.consumer_id)
        return {
            "preferredLayers": consumer.set_preferred_layers(message.spatial_layer, message.temporal_layer)
        }

    async def set_priority(self, message: Priority) -> Reply:
        if not 1 <= message.priority <= 255:
            raise InvalidInput(f"priority is {message.priority}, expected 1..255")
        self._consumer(message.consumer_id)[1].priority = message.priority
        return {}

    async def request_key_frame(self, message: ConsumerId) -> Reply:
        self._consumer(message.consumer_id)[1].request_key_frame()
        return {}

    async def close_consumer(self, message: ConsumerId) -> Reply:
        if self._maker.call_off(message.consumer_id):
            return {}
        router, consumer = self._consumer(message.consumer_id)
        self._forget_ids(consumer.id)
        router.close_consumer(consumer)
        return {}

    async def consumer_stats(self, message: ConsumerId) -> Reply:
        return {"stats": await self._consumer(message.consumer_id)[1].stats()}

    def _enter_consumer(self, router: Router, consumer: Consumer) -> None:
        self._router_of[consumer.id] = router

    def _consumer(self, consumer_id: str) -> tuple[Router, Consumer]:
        router = self._router_of.get(consumer_id)
        if router is None or consumer_id not in router.consumers:
            raise NotFound(f'consumer with id "{consumer_id}" not found')
        return router, router.consumers[consumer_id]


Method = Callable[[WorkerServer, Any], Awaitable[Reply]]

METHODS: dict[str, tuple[Method, type[msgspec.Struct]]] = {
    "worker.ping": (WorkerServer.ping, Nothing),
    "worker.stats": (WorkerServer.worker_stats, Nothing),
    "worker.trim": (WorkerServer.trim, Nothing),
    "worker.configure": (WorkerServer.configure, Configure),
    "router.create": (WorkerServer.create_router, RouterId),
    "router.stats": (WorkerServer.router_stats, RouterId),
    "router.close": (WorkerServer.close_router, RouterId),
    "transport.create": (WorkerServer.create_transport, CreateTransport),
    "transport.connect": (WorkerServer.connect_transport, ConnectTransport),
    "transport.restartIce": (WorkerServer.restart_ice, TransportId),
    "transport.stats": (WorkerServer.transport_stats, TransportId),
    "transport.close": (WorkerServer.close_transport, TransportId),
    "producer.create": (WorkerServer.create_producer, CreateProducer),
    "producer.pause": (WorkerServer.pause_producer, ProducerId),
    "producer.resume": (WorkerServer.resume_producer, ProducerId),
    "producer.close": (WorkerServer.close_producer, ProducerId),
    "producer.stats": (WorkerServer.producer_stats, ProducerId),
    "consumers.create": (WorkerServer.create_consumers, CreateConsumers),
    "consumers.resume": (WorkerServer.resume_consumers, ConsumerIds),
    "consumer.pause": (WorkerServer.pause_consumer, ConsumerId),
    "consumer.resume": (WorkerServer.resume_consumer, ConsumerId),
    "consumer.setPreferredLayers": (WorkerServer.set_preferred_layers, PreferredLayers),
    "consumer.setPriority": (WorkerServer.set_priority, Priority),
    "consumer.requestKeyFrame": (WorkerServer.request_key_frame, ConsumerId),
    "consumer.close": (WorkerServer.close_consumer, ConsumerId),
    "consumer.stats": (WorkerServer.consumer_stats, ConsumerId),
}
