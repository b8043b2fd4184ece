"""A declared test double of the media side: a worker that keeps books instead of moving packets.

It answers every pipe method the way a worker does, in order, and remembers what exists, so that a test can
ask at the end whether anything leaked. Answers can be held back, to see what happens meanwhile.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec

from mediad.errors import InvalidState, MediadError, Unavailable, WorkerDied
from mediad.pipe import requests
from mediad.pipe.events import RouterEvent
from mediad.pipe.limit_requests import LimitIncoming
from mediad.pipe.messages import Done, Handler, Message, ReplyT, Request
from mediad.pipe.scores import ConsumerScore
from mediad.pipe.throttle_requests import ThrottleTransport
from mediad.rooms.media_worker import Compose, EventHandler
from tests.support.bookkeeping_data import SCTP_PARAMETERS, DataBooks, find
from tests.support.bookkeeping_pipes import PipeBooks
from tests.support.bookkeeping_plain import PlainBooks
from tests.support.pipe_wire import event, wire

ICE_PARAMETERS = requests.IceParameters("u" * 16, "p" * 32, ice_lite=True)
TRANSPORT_CREATED = requests.TransportCreated(
    ICE_PARAMETERS, [], requests.ServerDtlsParameters("auto", [requests.DtlsFingerprint("sha-256", "AB:CD")])
)
TRANSPORT_PARAMETERS = wire(TRANSPORT_CREATED)
WITH_SCTP = msgspec.structs.replace(TRANSPORT_CREATED, sctp_parameters=SCTP_PARAMETERS)
SCORE = ConsumerScore(10, 10, [])
DEFAULT_SCORE = wire(SCORE)


class BookkeepingWorker:
    """A MediaWorker without media."""

    def __init__(self, worker_id: int = 0) -> None:
        self.worker_id = worker_id
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.routers: dict[str, dict[str, Any]] = {}
        self.transports: dict[str, dict[str, Any]] = {}
        self.producers: dict[str, dict[str, Any]] = {}
        self.consumers: dict[str, dict[str, Any]] = {}
        self.data = DataBooks(self)
        self.plain = PlainBooks(self)
        self.pipes = PipeBooks(self)
        self.flows: dict[str, dict[str, Any]] = {}
        """Transport id → what `router.stats` says of it."""
        self.failures: dict[str, MediadError] = {}
        """Method → what it fails with."""
        self.too_slow: set[str] = set()
        """Methods that are carried out and not answered in time."""
        self.consumer_room: int | None = None
        """The number of consumers it can hold; None is any number."""
        self.forgetful = False
        """True when the answers leave out the first of the consumers that were made."""
        self.dice: random.Random | None = None
        """Random numbers of turns of the event loop that answers take, so that they come out of order."""
        self.subscribers: dict[str, EventHandler] = {}
        self.dead = False
        self._answers = {handler.request: handler.answer for handler in self.handlers()}
        self._gates: dict[str, asyncio.Event] = {}
        self._waiting: set[asyncio.Future[None]] = set()

    # -- MediaWorker -----------------------------------------------------------------------------------

    async def request_for(
        self, router_id: str, kind: type[Request[ReplyT]], compose: Compose[ReplyT]
    ) -> ReplyT:
        """Carried out at once, as a pipe delivers in order; only the answer takes time."""
        if self.dead:
            raise WorkerDied("worker died")
        request = compose()
        if request is None:
            raise InvalidState("closed meanwhile")
        assert type(request) is kind
        self.requests.append((kind.row, wire(request)))
        outcome = await self._carry_out(request)
        await self._answer_time(kind.row)
        for _ in range(self.dice.randrange(5) if self.dice is not None else 0):
            await asyncio.sleep(0)
        if isinstance(outcome, MediadError):
            raise outcome
        assert isinstance(outcome, kind.reply())
        return outcome

    def subscribe(self, router_id: str, on_event: EventHandler) -> None:
        self.subscribers[router_id] = on_event

    def unsubscribe(self, router_id: str) -> None:
        self.subscribers.pop(router_id, None)

    # -- what a test does with it ----------------------------------------------------------------------

    def hold(self, method: str) -> None:
        """Answers to `method` wait until `release`."""
        self._gates[method] = asyncio.Event()

    def release(self, method: str) -> None:
        self._gates.pop(method).set()

    def emit(self, name: str, **data: Any) -> None:
        """An event to every room that is subscribed; rooms ignore what is not theirs."""
        for router_id, handler in list(self.subscribers.items()):
            told = event(name, **data)
            assert isinstance(told, RouterEvent)
            told.router_id = router_id
            handler(told)

    def die(self) -> None:
        """Every answer that is awaited becomes WorkerDied."""
        self.dead = True
        for future in self._waiting:
            if not future.done():
                future.set_exception(WorkerDied("worker died"))

    def called(self, method: str) -> list[dict[str, Any]]:
        """The data of every request of this method, in order."""
        return [data for name, data in self.requests if name == method]

    def is_empty(self) -> bool:
        on_routers = self.transports or self.producers or self.consumers or self.data
        return not (self.routers or on_routers or self.subscribers)

    # -- the books -------------------------------------------------------------------------------------

    async def _answer_time(self, method: str) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        gate = self._gates.get(method)
        opened = asyncio.ensure_future(gate.wait() if gate is not None else asyncio.sleep(0))
        try:
            await asyncio.wait([future, opened], return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                future.result()
        finally:
            opened.cancel()
            self._waiting.discard(future)

    async def _carry_out(self, request: Request[Any]) -> Message | MediadError:
        if request.row in self.failures:
            return self.failures[request.row]
        try:
            answer = await self._answers[type(request)](request)
            return Unavailable("no answer in time") if request.row in self.too_slow else answer
        except MediadError as error:
            return error

    def handlers(self) -> list[Handler]:
        """Return the handler of each request, as in a real worker."""
        return [
            requests.CreateRouter.answered_by(self._create_router),
            requests.CloseRouter.answered_by(self._close_router),
            requests.GetRouterStats.answered_by(self._router_stats),
            requests.CreateTransport.answered_by(self._create_transport),
            requests.ConnectTransport.answered_by(self._connect_transport),
            requests.RestartIce.answered_by(self._restart_ice),
            ThrottleTransport.answered_by(self._throttle_transport),
            LimitIncoming.answered_by(self._limit_incoming),
            requests.CloseTransport.answered_by(self._close_transport),
            requests.GetTransportStats.answered_by(self._transport_stats),
            requests.CreateProducer.answered_by(self._create_producer),
            requests.CloseProducer.answered_by(self._close_producer),
            requests.PauseProducer.answered_by(self._pause_producer),
            requests.ResumeProducer.answered_by(self._resume_producer),
            requests.GetProducerStats.answered_by(self._producer_stats),
            requests.CreateConsumers.answered_by(self._create_consumers),
            requests.ResumeConsumers.answered_by(self._resume_consumers),
            requests.CloseConsumer.answered_by(self._close_consumer),
            requests.PauseConsumer.answered_by(self._pause_consumer),
            requests.ResumeConsumer.answered_by(self._resume_consumer),
            requests.SetPreferredLayers.answered_by(self._set_preferred_layers),
            requests.SetPriority.answered_by(self._set_priority),
            requests.RequestKeyFrame.answered_by(self._request_key_frame),
            requests.GetConsumerStats.answered_by(self._consumer_stats),
            *self.plain.handlers(),
            *self.data.handlers(),
            *self.pipes.handlers(),
        ]

    def router(self, router_id: str) -> dict[str, Any]:
        return find(self.routers, "router", router_id)

    def transport(self, transport_id: str) -> dict[str, Any]:
        return find(self.transports, "transport", transport_id)

    def producer(self, producer_id: str) -> dict[str, Any]:
        return find(self.producers, "producer", producer_id)

    def consumer(self, consumer_id: str) -> dict[str, Any]:
        return find(self.consumers, "consumer", consumer_id)

    async def _create_router(self, request: requests.CreateRouter) -> Done:
        self.routers[request.router_id] = wire(request)
        return Done()

    async def _close_router(self, request: requests.CloseRouter) -> Done:
        self.router(request.router_id)
        for transport in [t for t in self.transports.values() if t["routerId"] == request.router_id]:
            self._drop_transport(transport["transportId"])
        self.data.drop_router(request.router_id)
        del self.routers[request.router_id]
        return Done()

    async def _router_stats(self, request: requests.GetRouterStats) -> requests.RouterStats:
        self.router(request.router_id)
        own = [t["transportId"] for t in self.transports.values() if t["routerId"] == request.router_id]
        return requests.RouterStats([{"transportId": id_, **self.flows.get(id_, {})} for id_ in own])

    async def _create_transport(self, request: requests.CreateTransport) -> requests.TransportCreated:
        self.router(request.router_id)
        self.transports[request.transport_id] = {**wire(request), "connected": False}
        return WITH_SCTP if request.enable_sctp else TRANSPORT_CREATED

    async def _connect_transport(self, request: requests.ConnectTransport) -> requests.TransportConnected:
        transport = self.transport(request.transport_id)
        if transport["connected"]:
            raise InvalidState("connect() already called")
        transport["connected"] = True
        return requests.TransportConnected("server")

    async def _restart_ice(self, request: requests.RestartIce) -> requests.IceRestarted:
        self.transport(request.transport_id)
        return requests.IceRestarted(requests.IceParameters("v" * 16, "p" * 32, ice_lite=True))

    async def _limit_incoming(self, request: LimitIncoming) -> Done:
        self.transport(request.transport_id)["limitBps"] = request.bitrate_bps
        return Done()

    async def _throttle_transport(self, request: ThrottleTransport) -> Done:
        self.transport(request.transport_id)
        return Done()

    async def _close_transport(self, request: requests.CloseTransport) -> Done:
        self.transport(request.transport_id)
        self._drop_transport(request.transport_id)
        return Done()

    def _drop_transport(self, transport_id: str) -> None:
        for producer in [p for p in self.producers.values() if p["transportId"] == transport_id]:
            self._drop_producer(producer["producerId"])
        for consumer in [c for c in self.consumers.values() if c["transportId"] == transport_id]:
            del self.consumers[consumer["consumerId"]]
        self.data.drop_transport(transport_id)
        del self.transports[transport_id]

    async def _transport_stats(self, request: requests.GetTransportStats) -> requests.Stats:
        self.transport(request.transport_id)
        return requests.Stats([{"type": "webrtc-transport", "transportId": request.transport_id}])

    async def _create_producer(self, request: requests.CreateProducer) -> Done:
        self.transport(request.transport_id)
        if request.producer_id in self.producers:
            raise InvalidState(f'a Producer with same producerId "{request.producer_id}" already exists')
        self.producers[request.producer_id] = {
            **wire(request),
            "paused": request.paused,
            "levels": request.levels,
        }
        return Done()

    async def _close_producer(self, request: requests.CloseProducer) -> Done:
        self.producer(request.producer_id)
        self._drop_producer(request.producer_id)
        return Done()

    def _drop_producer(self, producer_id: str) -> None:
        for consumer in [c for c in self.consumers.values() if c["producerId"] == producer_id]:
            del self.consumers[consumer["consumerId"]]
        del self.producers[producer_id]

    async def _pause_producer(self, request: requests.PauseProducer) -> Done:
        self.producer(request.producer_id)["paused"] = True
        return Done()

    async def _resume_producer(self, request: requests.ResumeProducer) -> Done:
        self.producer(request.producer_id)["paused"] = False
        return Done()

    async def _producer_stats(self, request: requests.GetProducerStats) -> requests.Stats:
        self.producer(request.producer_id)
        return requests.Stats([{"type": "inbound-rtp"}])

    async def _create_consumers(self, request: requests.CreateConsumers) -> requests.ConsumersCreated:
        made = [self._make_consumer(request, new) for new in request.consumers]
        return requests.ConsumersCreated(made[1:] if self.forgetful else made)

    def _make_consumer(
        self, request: requests.CreateConsumers, new: requests.NewConsumer
    ) -> requests.ConsumerMade:
        form = request.forms[new.form]
        try:
            if self.consumer_room is not None and len(self.consumers) >= self.consumer_room:
                raise Unavailable("this worker is full")
            self.transport(new.transport_id)
            self.producer(form.producer_id)
        except MediadError as error:
            return requests.ConsumerMade(code=error.code, reason=str(error))
        self.consumers[new.consumer_id] = {
            **wire(new),
            "producerId": form.producer_id,
            "rtpParameters": msgspec.to_builtins(form.rtp_parameters),
            "paused": request.paused,
            "ignoreDtx": request.ignore_dtx,
        }
        return requests.ConsumerMade(SCORE)

    async def _resume_consumers(self, request: requests.ResumeConsumers) -> requests.ConsumersResumed:
        for consumer_id in request.consumer_ids:
            if consumer_id in self.consumers:
                self.consumers[consumer_id]["paused"] = False
        missing = [id_ for id_ in request.consumer_ids if id_ not in self.consumers]
        return requests.ConsumersResumed(missing)

    async def _close_consumer(self, request: requests.CloseConsumer) -> Done:
        self.consumer(request.consumer_id)
        del self.consumers[request.consumer_id]
        return Done()

    async def _pause_consumer(self, request: requests.PauseConsumer) -> Done:
        self.consumer(request.consumer_id)["paused"] = True
        return Done()

    async def _resume_consumer(self, request: requests.ResumeConsumer) -> Done:
        self.consumer(request.consumer_id)["paused"] = False
        return Done()

    async def _set_preferred_layers(
        self, request: requests.SetPreferredLayers
    ) -> requests.PreferredLayersSet:
        self.consumer(request.consumer_id)["preferredLayers"] = wire(request)
        return requests.PreferredLayersSet(None)

    async def _set_priority(self, request: requests.SetPriority) -> Done:
        self.consumer(request.consumer_id)["priority"] = request.priority
        return Done()

    async def _request_key_frame(self, request: requests.RequestKeyFrame) -> Done:
        self.consumer(request.consumer_id)
        return Done()

    async def _consumer_stats(self, request: requests.GetConsumerStats) -> requests.Stats:
        self.consumer(request.consumer_id)
        return requests.Stats([{"type": "outbound-rtp"}, {"type": "inbound-rtp"}])
