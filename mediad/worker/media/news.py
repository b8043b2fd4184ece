"""News: what the media thread reports, and the way of each event to the object it is about."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from mediad._fastpath.loop import EventKind, Kind
from mediad.protocols.ice_paths import Path
from mediad.worker.media.objects import Objects
from mediad.worker.media.questions import Questions, Records

logger = logging.getLogger(__name__)


class TransportObserver(Protocol):
    """The calls a transport gets."""

    def stun_received(self, path: Path, data: bytes, selected_heard_us: int = 0) -> None: ...
    def path_proven(self, path: Path) -> None: ...
    def path_reported(self, path: Path, heard_us: int, dropped_us: int) -> None: ...
    def refused(self, what: str) -> None: ...
    def dtls_received(self, path: Path, data: bytes) -> None: ...
    def bandwidth_estimated(self, available_bps: int, delivered_bps: int, queue_us: int) -> None: ...


class ProducerObserver(Protocol):
    """The calls a producer gets."""

    def stream_changed(self, encoding: int, ssrc: int, score: int, active: bool) -> None: ...
    def level_measured(self, dbov: int) -> None: ...
    def bitrates_measured(self, encoding: int, bitrates: list[int]) -> None: ...


class ConsumerObserver(Protocol):
    """The calls a consumer gets."""

    def score_changed(self, score: int) -> None: ...
    def layers_changed(self, encoding: int, temporal_layer: int, spatial_layer: int) -> None: ...


class News:
    """The table of events. News of what is closed already is dropped.

    `end` ends the media thread: without its sockets there is nothing left for it to do.
    """

    def __init__(
        self,
        transports: Objects[TransportObserver],
        producers: Objects[ProducerObserver],
        consumers: Objects[ConsumerObserver],
        questions: Questions,
        end: Callable[[], None],
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
        self._end = end
        self._handlers: dict[EventKind, Callable[..., None]] = {
            EventKind.EVENT_STUN: self._on_stun,
            EventKind.EVENT_DTLS: self._on_dtls,
            EventKind.EVENT_CLOSED: self.closed,
            EventKind.EVENT_STREAM: self._on_stream,
            EventKind.EVENT_CONSUMER_SCORE: self._on_consumer_score,
            EventKind.EVENT_LAYERS: self._on_layers,
            EventKind.EVENT_LEVEL: self._on_level,
            EventKind.EVENT_STATS: self._on_stats,
            EventKind.EVENT_ESTIMATE: self._on_estimate,
            EventKind.EVENT_BITRATES: self._on_bitrates,
            EventKind.EVENT_PATH: self._on_path,
            EventKind.EVENT_REFUSED: self.refused,
        }

    def tell(self, events: Iterable[tuple[Any, ...]]) -> None:
        """Call the objects these events are about, in their order."""
        for kind, *values in events:
            try:
                self._handlers[kind](*values)
            except Exception:  # one object's bug must not swallow the news of the others
                logger.exception("%s was not handled", kind.name)

    # --- commands that failed, objects that ended -----------------------------------------------------------

    def refused(self, kind: int, handle: int, command: str, reason: str) -> None:
        """Tell the transport a refused command was for: it cannot keep what it promised.

        Of what is closed nobody is told.
        """
        what = f"the media thread could not {command.replace('_', ' ')}: {reason}"
        if Kind(kind) is Kind.KIND_SOCKET:
            logger.error("%s; this worker ends", what)
            self._end()
        elif observer := self._transports.get(self._objects[Kind(kind)].transport_of(handle)):
            observer.refused(what)

    def closed(self, kind: int, handle: int) -> None:
        """Take back what an object had: the media thread is done with it."""
        if (objects := self._objects.get(Kind(kind))) is not None:
            objects.closed(handle)

    # --- transports -----------------------------------------------------------------------------------------

    def _on_stun(
        self,
        socket_: int,
        host: str,
        port: int,
        data: bytes,
        handle: int,
        local: str,
        selected_heard_us: int,
    ) -> None:
        if observer := self._transports.get(handle):
            observer.stun_received(Path(socket_, host, port, local), data, selected_heard_us)

    def _on_dtls(
        self, socket_: int, host: str, port: int, data: bytes, handle: int, local: str, _heard_us: int
    ) -> None:
        if observer := self._transports.get(handle):
            observer.dtls_received(Path(socket_, host, port, local), data)

    def _on_path(
        self,
        handle: int,
        socket_: int,
        host: str,
        port: int,
        local: str,
        heard_us: int,
        dropped_us: int,
        asked: bool,
    ) -> None:
        if (observer := self._transports.get(handle)) is None:
            return
        path = Path(socket_, host, port, local)
        if asked:
            observer.path_reported(path, heard_us, dropped_us)
        else:
            observer.path_proven(path)

    def _on_estimate(self, handle: int, available_bps: int, delivered_bps: int, queue_us: int) -> None:
        if observer := self._transports.get(handle):
            observer.bandwidth_estimated(available_bps, delivered_bps, queue_us)

    # --- producers and consumers ----------------------------------------------------------------------------

    def _on_stream(self, handle: int, encoding: int, ssrc: int, score: int, active: bool) -> None:
        if observer := self._producers.get(handle):
            observer.stream_changed(encoding, ssrc, score, active)

    def _on_level(self, handle: int, dbov: int) -> None:
        if observer := self._producers.get(handle):
            observer.level_measured(dbov)

    def _on_bitrates(self, handle: int, encoding: int, bitrates: list[int]) -> None:
        if observer := self._producers.get(handle):
            observer.bitrates_measured(encoding, bitrates)

    def _on_consumer_score(self, handle: int, score: int) -> None:
        if observer := self._consumers.get(handle):
            observer.score_changed(score)

    def _on_layers(self, handle: int, encoding: int, temporal_layer: int, spatial_layer: int) -> None:
        if observer := self._consumers.get(handle):
            observer.layers_changed(encoding, temporal_layer, spatial_layer)

    def _on_stats(self, number: int, records: Records) -> None:
        self._questions.answer(number, records)
