"""News: the events of the media thread, each passed to the object it is about."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from mediad._fastpath.door.events import (
    AddressLearned,
    BandwidthEstimated,
    BitratesMeasured,
    Closed,
    CommandRefused,
    ConsumerScore,
    DtlsReceived,
    Event,
    LayersChanged,
    LevelMeasured,
    PathLost,
    PathReported,
    SctpReceived,
    StatsAnswered,
    StreamChanged,
    StunReceived,
)
from mediad._fastpath.door.media_loop import Kind
from mediad.protocols.ice_paths import Path
from mediad.worker.media.objects import Objects
from mediad.worker.media.open_sockets import OpenSockets
from mediad.worker.media.questions import Questions

logger = logging.getLogger(__name__)


class TransportObserver(Protocol):
    """The calls that a transport gets for events of the media thread."""

    def stun_received(self, path: Path, data: bytes, selected_heard_us: int = 0) -> None: ...
    def path_proven(self, path: Path) -> None: ...
    def path_reported(self, path: Path, heard_us: int, dropped_us: int) -> None: ...
    def path_lost(self, path: Path) -> None: ...
    def refused(self, what: str) -> None: ...
    def dtls_received(self, path: Path, data: bytes) -> None: ...
    def sctp_received(self, path: Path, data: bytes) -> None: ...
    def address_learned(self, path: Path, rtcp: bool) -> None: ...
    def bandwidth_estimated(self, available_bps: int, delivered_bps: int, queue_us: int) -> None: ...


class ProducerObserver(Protocol):
    """The calls that a producer gets for events of the media thread."""

    def stream_changed(self, encoding: int, ssrc: int, score: int, active: bool) -> None: ...
    def level_measured(self, packets: int, dbov_sum: int, loudness: bytes) -> None: ...
    def bitrates_measured(self, encoding: int, bitrates: list[int]) -> None: ...


class ConsumerObserver(Protocol):
    """The calls that a consumer gets for events of the media thread."""

    def score_changed(self, score: int) -> None: ...
    def layers_changed(self, encoding: int, temporal_layer: int, spatial_layer: int) -> None: ...


class News:
    """The handlers of events. Events about objects that are closed already are dropped."""

    def __init__(
        self,
        transports: Objects[TransportObserver],
        producers: Objects[ProducerObserver],
        consumers: Objects[ConsumerObserver],
        questions: Questions,
        sockets: OpenSockets,
    ) -> None:
        self._transports = transports.observers
        self._producers = producers.observers
        self._consumers = consumers.observers
        self._objects: dict[Kind, Objects[Any]] = {
            Kind.KIND_TRANSPORT: transports,
            Kind.KIND_PRODUCER: producers,
            Kind.KIND_CONSUMER: consumers,
        }
        self._questions = questions
        self._sockets = sockets
        self._handlers: dict[type[Event], Callable[[Any], None]] = {
            StunReceived: self._on_stun,
            DtlsReceived: self._on_dtls,
            SctpReceived: self._on_sctp,
            AddressLearned: self._on_learned,
            Closed: self.closed,
            StreamChanged: self._on_stream,
            ConsumerScore: self._on_consumer_score,
            LayersChanged: self._on_layers,
            LevelMeasured: self._on_level,
            StatsAnswered: self._on_stats,
            BandwidthEstimated: self._on_estimate,
            BitratesMeasured: self._on_bitrates,
            PathReported: self._on_path,
            PathLost: self._on_lost_path,
            CommandRefused: self.refused,
        }

    def tell(self, events: Iterable[Event]) -> None:
        """Call the objects these events are about, in their order."""
        for event in events:
            try:
                self._handlers[type(event)](event)
            except Exception:  # one object's bug must not cost the others their events
                logger.exception("%s was not handled and is lost: a bug in mediad", type(event).__name__)

    # --- commands that failed, objects that ended -----------------------------------------------------------

    def refused(self, event: CommandRefused) -> None:
        """Tell the transport, or the owner of the socket, of a refused command that it cannot do without.

        A command for an object that is closed is ignored.
        """
        what = f"the media thread could not {event.command.replace('_', ' ')}: {event.reason}"
        if event.kind == Kind.KIND_SOCKET:
            self._sockets.refused(event.handle, what)
        elif observer := self._transports.get(self._objects[Kind(event.kind)].transport_of(event.handle)):
            observer.refused(what)

    def closed(self, event: Closed) -> None:
        """Take back a socket, or the handle and sessions of an object, that the media thread has closed."""
        if event.kind == Kind.KIND_SOCKET:
            self._sockets.closed(event.handle)
        elif (objects := self._objects.get(Kind(event.kind))) is not None:
            objects.closed(event.handle)

    # --- transports -----------------------------------------------------------------------------------------

    def _on_stun(self, event: StunReceived) -> None:
        if observer := self._transports.get(event.transport):
            observer.stun_received(_path(event), event.data, event.selected_heard_us)

    def _on_dtls(self, event: DtlsReceived) -> None:
        if observer := self._transports.get(event.transport):
            observer.dtls_received(_path(event), event.data)

    def _on_sctp(self, event: SctpReceived) -> None:
        if observer := self._transports.get(event.transport):
            observer.sctp_received(_path(event), event.data)

    def _on_learned(self, event: AddressLearned) -> None:
        if observer := self._transports.get(event.transport):
            observer.address_learned(_path(event), event.rtcp)

    def _on_path(self, event: PathReported) -> None:
        if (observer := self._transports.get(event.transport)) is None:
            return
        if event.asked:
            observer.path_reported(_path(event), event.heard_us, event.dropped_us)
        else:
            observer.path_proven(_path(event))

    def _on_lost_path(self, event: PathLost) -> None:
        if observer := self._transports.get(event.transport):
            observer.path_lost(_path(event))

    def _on_estimate(self, event: BandwidthEstimated) -> None:
        if observer := self._transports.get(event.transport):
            observer.bandwidth_estimated(event.available_bps, event.delivered_bps, event.queue_us)

    # --- producers and consumers ----------------------------------------------------------------------------

    def _on_stream(self, event: StreamChanged) -> None:
        if observer := self._producers.get(event.producer):
            observer.stream_changed(event.encoding, event.ssrc, event.score, event.active)

    def _on_level(self, event: LevelMeasured) -> None:
        if observer := self._producers.get(event.producer):
            observer.level_measured(event.packets, event.dbov_sum, event.loudness)

    def _on_bitrates(self, event: BitratesMeasured) -> None:
        if observer := self._producers.get(event.producer):
            observer.bitrates_measured(event.encoding, event.bitrates)

    def _on_consumer_score(self, event: ConsumerScore) -> None:
        if observer := self._consumers.get(event.consumer):
            observer.score_changed(event.score)

    def _on_layers(self, event: LayersChanged) -> None:
        if observer := self._consumers.get(event.consumer):
            observer.layers_changed(event.encoding, event.temporal_layer, event.spatial_layer)

    def _on_stats(self, event: StatsAnswered) -> None:
        self._questions.answer(event.request_id, event.records)


def _path(
    event: StunReceived | DtlsReceived | SctpReceived | AddressLearned | PathReported | PathLost,
) -> Path:
    return Path(event.socket, event.host, event.port, event.local)
