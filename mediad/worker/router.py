"""Router: one room's transports, producers and consumers, and the order in which they close.

closed        closes with it
consumer      nothing
producer      its consumers
transport     its consumers and producers (and so their consumers)
router        its transports

Data channels close with their transports too (`mediad.worker.data.router_data`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from mediad.config.settings import TransportOptions
from mediad.errors import InvalidInput, InvalidState, MediadError
from mediad.pipe.events import RouterEvent
from mediad.pipe.rtp import Encoding
from mediad.pipe.transport_requests import CreatePipeTransport, CreatePlainTransport
from mediad.protocols.certificate import Certificate
from mediad.worker.context import RouterContext
from mediad.worker.data.router_data import RouterData
from mediad.worker.media.open_sockets import OnRefused
from mediad.worker.speakers import Speakers, VolumeOptions
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.consumer_form import ConsumerForm, ConsumerStream
from mediad.worker.tracks.pipe_consumer import AnyConsumer, PipeConsumer
from mediad.worker.tracks.producer import Producer
from mediad.worker.tracks.producer_form import ProducerForm
from mediad.worker.transports.candidates import Endpoint
from mediad.worker.transports.first_checks import FirstChecks
from mediad.worker.transports.pipe import PipeTransport
from mediad.worker.transports.plain import PlainTransport
from mediad.worker.transports.transport import Transport
from mediad.worker.transports.webrtc import WebRtcTransport

KindT = TypeVar("KindT", bound=Transport)


class Router:
    """One room's objects on this worker; their events get the router's id."""

    def __init__(
        self,
        context: RouterContext,
        router_id: str,
        certificate: Certificate,
        volume_options: VolumeOptions,
        forget: Callable[[str], None],
    ) -> None:
        """Make an empty router; `forget` is called with the id of each data channel that has ended."""
        self.id = router_id
        self.transports: dict[str, Transport] = {}
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, AnyConsumer] = {}
        self.closing = False
        """True when it is being closed: nothing new is made on it."""
        self._transport_of: dict[str, Transport] = {}  # of producers and consumers, by their id
        self._certificate = certificate
        self._emit_event = context.emit
        self._ports = context.ports
        self._context = replace(context, emit=self._emit)
        self.data = RouterData(self._context, forget)
        self._first_checks = FirstChecks(context.clock)
        self.speakers = Speakers(context.clock, self._emit, volume_options)

    def create_transport(
        self,
        transport_id: str,
        options: TransportOptions,
        *,
        force_tcp: bool = False,
        sctp: bool = False,
    ) -> WebRtcTransport:
        """Make a WebRtcTransport; `force_tcp`: its client is told of TCP alone, `sctp`: with data channels.

        Raises InvalidState for an id that is taken, InvalidInput for `force_tcp` where there is no TCP, Full
        when there is no room.
        """

        def make(endpoints: tuple[Endpoint, ...]) -> WebRtcTransport:
            return WebRtcTransport(
                self._context,
                transport_id,
                options,
                self._certificate,
                endpoints[0],
                self._first_checks,
                force_tcp=force_tcp,
                sctp=sctp,
            )

        return self._create(transport_id, lambda on_refused: (self._ports.take(on_refused),), make)

    def create_plain_transport(self, options: TransportOptions, form: CreatePlainTransport) -> PlainTransport:
        """Make a PlainTransport with ports of its own. Raises as `create_transport` does."""

        def take(on_refused: OnRefused) -> tuple[Endpoint, ...]:
            return self._ports.take_own(on_refused, local=form.local_only, rtcp=not form.rtcp_mux)

        def make(endpoints: tuple[Endpoint, ...]) -> PlainTransport:
            return PlainTransport(
                self._context,
                form.transport_id,
                options,
                endpoints,
                comedia=form.comedia,
                suite=form.srtp_crypto_suite,
            )

        return self._create(form.transport_id, take, make)

    def create_pipe_transport(self, options: TransportOptions, form: CreatePipeTransport) -> PipeTransport:
        """Make one end of a pipe, on 127.0.0.1. Raises as `create_transport` does."""

        def make(endpoints: tuple[Endpoint, ...]) -> PipeTransport:
            return PipeTransport(
                self._context,
                form.transport_id,
                options,
                endpoints[0],
                rtx=form.enable_rtx,
                srtp=form.enable_srtp,
                sctp=form.enable_sctp,
            )

        return self._create(form.transport_id, partial(self._ports.take_own, local=True), make)

    def _create(
        self,
        transport_id: str,
        take: Callable[[OnRefused], tuple[Endpoint, ...]],
        make: Callable[[tuple[Endpoint, ...]], KindT],
    ) -> KindT:
        """Make a transport on the endpoints that `take` returns, and give them back if that fails."""
        if transport_id in self.transports:
            raise InvalidState(f'a transport with id "{transport_id}" already exists')
        endpoints = take(lambda what: self._port_refused(transport_id, what))
        try:
            transport = make(endpoints)
        except MediadError:
            for endpoint in endpoints:
                self._ports.give_back(endpoint)
            raise
        self.transports[transport_id] = transport
        return transport

    def _port_refused(self, transport_id: str, what: str) -> None:
        if (transport := self.transports.get(transport_id)) is not None:
            transport.refused(what)

    def create_producer(
        self,
        transport: Transport,
        producer_id: str,
        form: ProducerForm,
        *,
        paused: bool = False,
        levels: bool = False,
    ) -> Producer:
        """Make a producer; `levels`: it counts when speakers are looked for.

        Raises InvalidState for an id that is taken, InvalidInput for a track the media path cannot receive.
        """
        if producer_id in self.producers:
            raise InvalidState(f'a Producer with same producerId "{producer_id}" already exists')
        claimed = {ssrc for other in transport.producers.values() for ssrc in other.ssrcs}
        for ssrc in (ssrc for row in form.encodings for ssrc in row[:2] if ssrc in claimed):
            raise InvalidInput(f"ssrc {ssrc} is sent by another producer of this transport")
        speakers = self.speakers if levels else None
        producer = Producer(self._context, transport, producer_id, form, paused=paused, speakers=speakers)
        self.producers[producer_id] = transport.producers[producer_id] = producer
        self._transport_of[producer_id] = transport
        transport.review_uplink()
        return producer

    def create_consumer(
        self,
        transport: Transport,
        consumer_id: str,
        producer: Producer,
        form: ConsumerForm,
        stream: ConsumerStream,
    ) -> Consumer:
        """Make a consumer. Raises InvalidState for an id that is taken."""
        self._require_new_consumer(consumer_id)
        consumer = Consumer(self._context, transport, consumer_id, producer, form, stream)
        self._enter_consumer(consumer, transport)
        return consumer

    def create_pipe_consumer(
        self,
        transport: Transport,
        consumer_id: str,
        producer: Producer,
        form: ConsumerForm,
        encodings: tuple[Encoding, ...],
    ) -> PipeConsumer:
        """Make a pipe consumer.

        Raises InvalidState for an id that is taken, InvalidInput for other encodings than the producer's.
        """
        self._require_new_consumer(consumer_id)
        consumer = PipeConsumer(self._context, transport, consumer_id, producer, form, encodings)
        self._enter_consumer(consumer, transport)
        return consumer

    def _require_new_consumer(self, consumer_id: str) -> None:
        if consumer_id in self.consumers:
            raise InvalidState(f'a consumer with id "{consumer_id}" already exists')

    def _enter_consumer(self, consumer: AnyConsumer, transport: Transport) -> None:
        self.consumers[consumer.id] = consumer
        consumer.producer.join(consumer.id, consumer)
        self._transport_of[consumer.id] = transport
        transport.add_consumer(consumer)

    def close_consumer(self, consumer: AnyConsumer) -> None:
        del self.consumers[consumer.id]
        del self._transport_of.pop(consumer.id).consumers[consumer.id]
        consumer.close()

    def close_producer(self, producer: Producer) -> None:
        for consumer_id in list(producer.consumers):
            self.close_consumer(self.consumers[consumer_id])
        del self.producers[producer.id]
        transport = self._transport_of.pop(producer.id)
        del transport.producers[producer.id]
        transport.review_uplink()
        producer.close()

    def close_transport(self, transport: Transport) -> None:
        for consumer in list(transport.consumers.values()):
            self.close_consumer(consumer)
        for producer in list(transport.producers.values()):
            self.close_producer(producer)
        del self.transports[transport.id]
        transport.close()
        for endpoint in transport.endpoints:
            self._ports.give_back(endpoint)

    def close(self) -> None:
        for transport in list(self.transports.values()):
            self.close_transport(transport)
        self.data.close()
        self._first_checks.stop()
        self.speakers.stop()

    def _emit(self, event: RouterEvent) -> None:
        event.router_id = self.id
        self._emit_event(event)
