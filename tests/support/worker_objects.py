"""A worker's objects over a media loop that only records, and what they report."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from mediad._fastpath.door.events import StatsAnswered
from mediad.config.listen import ListenInfo, own_address
from mediad.config.settings import TransportOptions
from mediad.ortc.negotiation import consumer_parameters
from mediad.pipe.events import RouterEvent
from mediad.pipe.requests import TrackType
from mediad.pipe.rtp import RtpMapping, RtpParameters
from mediad.protocols.certificate import Certificate
from mediad.worker.context import RouterContext
from mediad.worker.data.sctp import Sctp
from mediad.worker.media.open_sockets import OnRefused
from mediad.worker.media.plane import Kind, MediaPlane
from mediad.worker.router import Router
from mediad.worker.speakers import VolumeOptions
from mediad.worker.tracks.consumer_form import ConsumerForm, ConsumerStream
from mediad.worker.tracks.producer import Producer
from mediad.worker.tracks.producer_form import ProducerForm
from mediad.worker.transports.candidates import Endpoint
from mediad.worker.transports.handshakes import Handshakes
from mediad.worker.transports.ports import SharedPort
from mediad.worker.transports.transport import Transport
from mediad.worker.transports.webrtc import WebRtcTransport
from tests.support import negotiation
from tests.support.fake_clock import FakeClock
from tests.support.loops import until
from tests.support.negotiation import accept, chrome_capabilities, chrome_opus, chrome_vp8
from tests.support.pipe_wire import wire
from tests.support.recording_loop import RecordingLoop, recorded_plane
from tests.support.worker_settings import worker_settings

CERTIFICATE = Certificate.generate(datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC))
OPTIONS: TransportOptions = worker_settings()
ENDPOINT = Endpoint(10000, (ListenInfo("203.0.113.7", ("203.0.113.7",)),), (0,))
EMPTY_STREAM = {
    "rtx_ssrc": 0,
    "packets_lost": 0,
    "playout_delay_ms": 0,
    "fraction_lost": 0,
    "jitter": 0,
    "packets_discarded": 0,
    "packets_retransmitted": 0,
    "packets_repaired": 0,
    "nack_count": 0,
    "nack_packet_count": 0,
    "pli_count": 0,
    "fir_count": 0,
    "score": 0,
    "rtt_us": 0,
    "rtx_packets_discarded": 0,
    "packet_count": 0,
    "byte_count": 0,
    "bitrate": 0,
    "spatial_count": 0,
    "temporal_count": 0,
    "layer_bitrates": [0] * 16,
}


def as_producer(
    wire: dict[str, Any] | None = None, kind: str = "video"
) -> tuple[RtpParameters, RtpMapping, dict[str, Any]]:
    """Return the parameters of an accepted producer for a worker, and the consumable ones that are kept."""
    wire = wire or (chrome_vp8() if kind == "video" else chrome_opus())
    accepted = accept(wire, kind=kind)
    return (
        msgspec.convert(accepted.rtp_parameters.to_wire(), RtpParameters),
        msgspec.convert(accepted.mapping.to_wire(), RtpMapping),
        {"type": accepted.type, "rtp_parameters": consumer_wire(accepted.consumable)},
    )


def as_consumer(type_: TrackType, parameters: RtpParameters) -> tuple[ConsumerForm, ConsumerStream]:
    """Return the worker's form of a consumer with these parameters."""
    encoding = parameters.encodings[0]
    rtx_ssrc = encoding.rtx.ssrc if encoding.rtx else 0
    return ConsumerForm.of(type_, parameters), ConsumerStream(encoding.ssrc, rtx_ssrc, parameters.mid)


def consumer_wire(consumable: Any) -> dict[str, Any]:
    """A Chrome client's parameters for a track."""
    given = chrome_capabilities(negotiation.router())
    return consumer_parameters(consumable, given, enable_rtx=True, ssrc=700_000_000, mid="0").to_wire()


class OnePort(SharedPort):
    """The ports of a worker that has one endpoint, whose sockets nobody opened."""

    def __init__(self, endpoint: Endpoint = ENDPOINT) -> None:
        self._endpoint = endpoint
        self.given_back: list[int] = []
        """The ports of transports that had their own."""

    def take_own(
        self, on_refused: OnRefused, *, local: bool = False, rtcp: bool = False
    ) -> tuple[Endpoint, ...]:
        info = own_address("127.0.0.1") if local else self._endpoint.listen_infos[0]
        return tuple(Endpoint(10002 + place, (info,), (2 + place,)) for place in range(1 + rtcp))

    def give_back(self, endpoint: Endpoint) -> None:
        if endpoint.port != self._endpoint.port:
            self.given_back.append(endpoint.port)


@dataclass
class Bench:
    """One router with whatever a test puts into it; `events` are all it told, without the router's id."""

    plane: MediaPlane
    loop: RecordingLoop
    router: Router
    clock: FakeClock
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def transport(
        self, transport_id: str = "t", *, force_tcp: bool = False, sctp: bool = False, **changes: Any
    ) -> WebRtcTransport:
        options = replace(OPTIONS, **changes)
        return self.router.create_transport(transport_id, options, force_tcp=force_tcp, sctp=sctp)

    def producer(
        self,
        transport: Transport,
        producer_id: str = "p",
        kind: str = "video",
        wire: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Producer:
        parameters, mapping, _ = as_producer(wire, kind)
        form = ProducerForm.of(kind, parameters, mapping)
        return self.router.create_producer(transport, producer_id, form, **changes)

    def consumer(
        self,
        transport: Transport,
        producer: Producer,
        consumer_id: str = "c",
        wire: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Any:
        _, _, consumer = as_producer(wire, producer.kind)
        parameters = msgspec.convert(consumer["rtp_parameters"], RtpParameters)
        form, stream = as_consumer(consumer["type"], parameters)
        return self.router.create_consumer(transport, consumer_id, producer, form, replace(stream, **changes))

    def told(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of one name so far."""
        return [data for told, data in self.events if told == name]


def bench(endpoint: Endpoint = ENDPOINT) -> Bench:
    clock = FakeClock()
    plane, loop = recorded_plane(clock)
    events: list[tuple[str, dict[str, Any]]] = []

    def emit(event: RouterEvent) -> None:
        data = wire(event)
        assert data.pop("routerId") == "r"
        events.append((event.row, data))

    context = RouterContext(plane, emit, clock, OnePort(endpoint), Sctp(clock), Handshakes(clock))
    router = Router(context, "r", CERTIFICATE, VolumeOptions(800_000, -80), lambda object_id: None)
    return Bench(plane, loop, router, clock, events)


async def answered(
    made: Bench,
    question: Coroutine[Any, Any, Any],
    records: list[dict[str, Any]],
    about: tuple[Kind, int] | None = None,
) -> Any:
    """The answer to `question` when the media path answers `records`; `about`: whom it must be asked of."""
    made.plane.start()
    try:
        task = asyncio.create_task(question)
        await until(lambda: made.loop.named("request_stats"))
        request_id, *asked = made.loop.named("request_stats")[0].args
        assert about in (None, tuple(asked))
        made.loop.tell(StatsAnswered(request_id, records))
        return await task
    finally:
        made.plane.stop()
