"""Producer: one track that a client sends, with one stream for each of its encodings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from mediad.clock import Timer
from mediad.pipe.events import ProducerLayersWanted, ProducerScoreChanged
from mediad.pipe.scores import EncodingScore
from mediad.worker.context import RouterContext
from mediad.worker.media.plane import Kind
from mediad.worker.media.statistics import received_stream
from mediad.worker.policy.layer_demand import LayerDemand
from mediad.worker.policy.uplink_cap import Compliance, room_bps
from mediad.worker.tracks.producer_form import ProducerForm

_DOUBT_US = 1_500_000  # after this time the silence of a stream has been noticed
_BEST_SCORE = 10
_SETTLE_US = 1_500_000  # a stream that came back is measured too low during its first second


class ProducerTransport(Protocol):
    """The transport a producer is on, as the producer sees it."""

    def open(self) -> int:
        """Return the transport's handle on the media path."""

    def review_uplink(self) -> None:
        """Set the uplink cap anew: the tracks sent, or the demand for them, have changed."""


class AttachedConsumer(Protocol):
    """A consumer, as its producer sees it."""

    wanted_encoding: int  # the highest encoding that the sender must send for it; -1: none

    def producer_changed(self) -> None: ...
    def close(self) -> None: ...


class SpeakerWatch(Protocol):
    """The search for speakers among producers, as a producer sees it."""

    def heard(self, producer_id: str, packets: int, dbov_sum: int, loudness: bytes) -> None: ...
    def forget(self, producer_id: str) -> None: ...


@dataclass(slots=True)
class Stream:
    """The state of one encoding's stream since it was first seen."""

    ssrc: int
    score: int
    active: bool


class Producer:
    """A producer that opens itself on the media path.

    `speakers` is told its audio levels; without it, they are not measured.
    """

    def __init__(
        self,
        context: RouterContext,
        transport: ProducerTransport,
        producer_id: str,
        form: ProducerForm,
        *,
        paused: bool = False,
        speakers: SpeakerWatch | None = None,
    ) -> None:
        self.id = producer_id
        self.kind = form.kind
        self.paused = paused
        self.consumers: dict[str, AttachedConsumer] = {}
        self.ssrcs = form.ssrcs
        """The SSRCs that were signalled."""
        self._plane = context.plane
        self._emit = context.emit
        self._clock = context.clock
        self._transport = transport
        self._speakers = speakers
        self._closed = False
        self._mime_type = form.mime_type
        self._rids = [rid.decode() for _, _, rid in form.encodings]
        self._max_bitrates_bps = form.max_bitrates_bps
        encodings = len(form.encodings)
        self._streams: list[Stream | None] = [None] * encodings
        self._source_scores = [_BEST_SCORE] * encodings
        # of each encoding, the bitrate of every choice of layers in bit/s: [4 * spatial + temporal]
        self.bitrates: list[list[int]] = [[0] * 16 for _ in range(encodings)]
        self._settled_us = [0] * encodings
        self._peaks_bps = [0] * encodings  # of each encoding, all its layers
        self.peak_bps = 0
        self._demand = LayerDemand(encodings, self._clock.now_us())
        self._told_ceiling = self._demand.ceiling
        self._demand_timer: Timer | None = None
        self._compliance = Compliance(form.inactivity_us + _DOUBT_US)
        self.handle = self._open(form)
        self._expect_demand()

    def _open(self, form: ProducerForm) -> int:
        return self._plane.open_producer(
            self,
            self._transport.open(),
            video=form.kind == "video",
            mid=form.mid,
            paused=self.paused,
            codecs=form.codecs,
            encodings=form.encodings,
            extensions=form.extensions,
            nack=form.nack,
            pli=form.pli,
            fir=form.fir,
            transport_cc=form.transport_cc,
            remb=form.remb,
            inactivity_us=form.inactivity_us,
            levels=self._speakers is not None and form.kind == "audio",
            fec=form.fec,
        )

    @property
    def active(self) -> list[bool]:
        """A flag for each encoding, lowest quality first: True when it is being received."""
        return [stream is not None and stream.active for stream in self._streams]

    def is_silent(self, encoding: int) -> bool:
        """True when an encoding was received, and is not any more."""
        stream = self._streams[encoding]
        return stream is not None and not stream.active

    @property
    def obtainable(self) -> list[bool]:
        """A flag for each encoding: True when it is received, or would be if it were asked for.

        The bitrate of the latter is known from before.
        """
        now_us = self._clock.now_us()
        return [
            active
            or (bitrates[0] > 0 and (self._demand.sleeps(encoding) or self._demand.wakes(encoding, now_us)))
            for encoding, (active, bitrates) in enumerate(zip(self.active, self.bitrates, strict=True))
        ]

    def scores(self) -> list[int]:
        """Return the score of each encoding, lowest quality first; 0 for one that was not seen."""
        return [
            min(stream.score, source) if stream else 0
            for stream, source in zip(self._streams, self._source_scores, strict=True)
        ]

    def score_report(self) -> list[EncodingScore]:
        """Return the score of each encoding that was seen."""
        return [
            EncodingScore(encoding, stream.ssrc, score, self._rids[encoding])
            for encoding, (stream, score) in enumerate(zip(self._streams, self.scores(), strict=True))
            if stream is not None
        ]

    def set_source_score(self, report: Iterable[EncodingScore]) -> None:
        """Note how well the encodings come in where their sender is: in a pipe none gets better.

        The supervisor, who says so, is not told again; consumers are.
        """
        self._source_scores = [_BEST_SCORE] * len(self._streams)
        for told in report:
            if told.encoding_idx < len(self._streams):
                self._source_scores[told.encoding_idx] = told.score
        for consumer in self.consumers.values():
            consumer.producer_changed()

    def pause(self, paused: bool) -> None:
        if self.paused != paused:
            self.paused = paused
            self._plane.pause_producer(self.handle, paused)
            if paused and self._speakers is not None:
                self._speakers.forget(self.id)
            self._transport.review_uplink()
            for consumer in list(self.consumers.values()):
                consumer.producer_changed()

    def join(self, consumer_id: str, consumer: AttachedConsumer) -> None:
        self.consumers[consumer_id] = consumer
        self.demand_changed()

    def leave(self, consumer_id: str) -> None:
        self.consumers.pop(consumer_id, None)
        self.demand_changed()

    def close(self) -> None:
        self._closed = True
        if self._speakers is not None:
            self._speakers.forget(self.id)
        for consumer in list(self.consumers.values()):
            consumer.close()
        if self._demand_timer is not None:
            self._demand_timer.cancel()
        self._plane.close_producer(self.handle)

    async def stats(self) -> list[dict[str, Any]]:
        """Return mediasoup's inbound-rtp objects: one entry for each stream seen."""
        records = await self._plane.stats(Kind.KIND_PRODUCER, self.handle)
        return [self._stream_stats(record) for record in records]

    async def stream_stats(self, encoding: int) -> list[dict[str, Any]]:
        """Return the entry of one encoding for the statistics of consumers; [] when it was not seen."""
        records = await self._plane.stats(Kind.KIND_PRODUCER, self.handle)
        return [self._stream_stats(record) for record in records if record["encoding"] == encoding]

    def _stream_stats(self, record: dict[str, Any]) -> dict[str, Any]:
        rid = self._rids[record["encoding"]]
        return received_stream(record, self.kind, self._mime_type, rid, self._clock.now_us())

    # --- the demand of consumers --------------------------------------------------------------------------

    def demand_changed(self) -> None:
        """Tell the sender when the highest encoding that a consumer wants has changed."""
        if self._closed or len(self._streams) == 1:
            return
        lowest = next((encoding for encoding, active in enumerate(self.active) if active), 0)
        wanted = max((consumer.wanted_encoding for consumer in self.consumers.values()), default=-1)
        if self._demand.want(max(lowest, wanted), self._clock.now_us()):
            self._tell_ceiling()
        self._expect_demand()

    def wakes(self, encoding: int) -> bool:
        """True when the sender was asked for an encoding a moment ago and it has not come yet."""
        return not self.active[encoding] and self._demand.wakes(encoding, self._clock.now_us())

    @property
    def wanted_bps(self) -> int | None:
        """The bitrate to leave for the wanted encodings; None where the others may not be capped."""
        wanted = self._demand.ceiling + 1
        if not self._compliance.ignores or wanted == len(self._streams):
            return None
        if not all(self.active[:wanted]) or not all(self._peaks_bps[:wanted]):
            return None
        return sum(map(room_bps, self._peaks_bps[:wanted], self._max_bitrates_bps))

    def _tell_ceiling(self) -> None:
        ceiling = self._demand.ceiling
        self._emit(ProducerLayersWanted(self.id, ceiling))
        self._compliance.told(less=ceiling < self._told_ceiling, now_us=self._clock.now_us())
        self._told_ceiling = ceiling
        self._transport.review_uplink()

    def _expect_demand(self) -> None:
        if self._demand_timer is not None:
            self._demand_timer.cancel()
            self._demand_timer = None
        if self._closed or len(self._streams) == 1:
            return
        due = (self._demand.deadline_us(self._clock.now_us()), self._compliance.due_us)
        if (due_us := min((moment for moment in due if moment is not None), default=None)) is not None:
            self._demand_timer = self._clock.call_at(due_us, self._on_demand_due)

    def _on_demand_due(self) -> None:
        """Tell consumers of an encoding that sleeps from now on, or that was asked for and did not come."""
        self._demand_timer = None
        now_us = self._clock.now_us()
        self._compliance.look(excess=any(self.active[self._demand.ceiling + 1 :]), now_us=now_us)
        if self._demand.settle(now_us):
            self._tell_ceiling()
        self._transport.review_uplink()
        for consumer in list(self.consumers.values()):
            consumer.producer_changed()
        self._expect_demand()

    # --- from the media path ------------------------------------------------------------------------------

    def stream_changed(self, encoding: int, ssrc: int, score: int, active: bool) -> None:
        if active and not self.active[encoding]:
            self._settled_us[encoding] = self._clock.now_us() + _SETTLE_US
        if (
            not active
            and encoding <= self._demand.ceiling
            and self.wanted_bps is not None
            and not self.paused
        ):
            self._compliance.exempt()
        self._streams[encoding] = Stream(ssrc, score, active)
        self._emit(ProducerScoreChanged(self.id, self.score_report()))
        for consumer in self.consumers.values():
            consumer.producer_changed()
        self.demand_changed()
        self._transport.review_uplink()

    def bitrates_measured(self, encoding: int, bitrates: list[int]) -> None:
        """Keep the bitrate of each choice of layers, in bit/s, for the division of consumers' bandwidth."""
        if self._clock.now_us() < self._settled_us[encoding]:
            bitrates = [max(pair) for pair in zip(self.bitrates[encoding], bitrates, strict=True)]
        self.bitrates[encoding] = bitrates
        if max(bitrates) > self._peaks_bps[encoding]:
            self._peaks_bps[encoding] = max(bitrates)
            self.peak_bps = sum(self._peaks_bps)
            self._transport.review_uplink()

    def level_measured(self, packets: int, dbov_sum: int, loudness: bytes) -> None:
        if self._speakers is not None and not self.paused:
            self._speakers.heard(self.id, packets, dbov_sum, loudness)
