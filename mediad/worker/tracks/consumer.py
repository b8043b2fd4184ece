"""Consumer: one producer's track on its way to one client."""

from __future__ import annotations

from typing import Any, Protocol

from mediad.pipe.events import ConsumerLayersChanged, ConsumerScoreChanged
from mediad.pipe.scores import ConsumerScore, Layers
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.context import RouterContext
from mediad.worker.media.plane import Kind
from mediad.worker.media.statistics import sent_stream
from mediad.worker.policy.allocation import Step
from mediad.worker.policy.bandwidth import Bandwidth
from mediad.worker.tracks.consumer_form import ConsumerForm, ConsumerStream, first_numbers
from mediad.worker.tracks.following import FOLLOWINGS
from mediad.worker.tracks.producer import Producer


class ConsumerTransport(Protocol):
    """The transport a consumer is on, as the consumer sees it."""

    @property
    def bandwidth(self) -> Bandwidth: ...

    def open(self) -> int:
        """Return the transport's handle on the media path."""


class Consumer:
    """A consumer that opens itself on the media path, paused or not."""

    def __init__(
        self,
        context: RouterContext,
        transport: ConsumerTransport,
        consumer_id: str,
        producer: Producer,
        form: ConsumerForm,
        stream: ConsumerStream,
    ) -> None:
        self.id = consumer_id
        self.producer = producer
        self.paused = stream.paused
        self.wanted_encoding = -1
        """The highest encoding that the sender must send for this consumer; -1: none."""
        self._plane = context.plane
        self._emit = context.emit
        self._clock = context.clock
        self._bandwidth = transport.bandwidth
        self._following = FOLLOWINGS[form.type](producer, form)
        self._priority = 1
        self._score = 10
        self._told_score: ConsumerScore | None = None
        self._sent_layers: Layers | None = None
        self._told_layers: Layers | None = None
        self._mime_type = form.mime_type
        self._has_rtx = stream.rtx_ssrc != 0
        self.handle = self._open(transport.open(), form, stream)
        self._bandwidth.join(self)
        self._claim_changed()

    def _open(self, transport_handle: int, form: ConsumerForm, stream: ConsumerStream) -> int:
        target = self._following.target
        return self._plane.open_consumer(
            self,
            transport_handle,
            self.producer.handle,
            video=self.producer.kind == "video",
            ssrc=stream.ssrc,
            rtx_ssrc=stream.rtx_ssrc,
            codecs=form.codecs,
            clock_rate=form.clock_rate,
            mid=stream.mid.encode(),
            cname=form.cname,
            extensions=form.extensions,
            nack=form.nack,
            ignore_dtx=stream.ignore_dtx,
            paused=stream.paused,
            target=target.encoding,
            target_layers=(target.spatial, target.temporal),
            **first_numbers(),
        )

    @property
    def priority(self) -> int:
        return self._priority

    @priority.setter
    def priority(self, priority: int) -> None:
        self._priority = priority
        self._claim_changed()

    def set_keys(self, profile: SrtpProfile, local_key: bytes) -> None:
        """Start sending packets: the transport's handshake has ended."""
        self._plane.set_consumer_keys(self.handle, profile, local_key, rtx=self._has_rtx)

    def pause(self, paused: bool) -> None:
        if self.paused != paused:
            self.paused = paused
            self._plane.pause_consumer(self.handle, paused)
            self._claim_changed()
            self._tell_demand()
            self._tell_layers()

    def set_preferred_layers(self, spatial_layer: int, temporal_layer: int | None) -> Layers | None:
        """Set the preferred layers and return them, limited to those that exist; None: the track has none."""
        preferred = self._following.prefer(spatial_layer, temporal_layer)
        if preferred is not None:
            self._claim_changed()
        return preferred

    def request_key_frame(self) -> None:
        """Ask the sender for a key frame; for audio do nothing, as in mediasoup."""
        if self.producer.kind == "video":
            self._plane.request_key_frame(self.handle)

    def score(self) -> ConsumerScore:
        scores = self.producer.scores()
        current = self._following.current
        forwarded = current if current >= 0 else self._following.wanted_encoding()
        return ConsumerScore(self._score, scores[forwarded], scores)

    def close(self) -> None:
        self.producer.leave(self.id)
        self._bandwidth.leave(self, self._clock.now_us())
        self._plane.close_consumer(self.handle)

    async def stats(self) -> list[dict[str, Any]]:
        """Return the outbound-rtp entry, then the inbound-rtp entry of the stream it comes from."""
        records = await self._plane.stats(Kind.KIND_CONSUMER, self.handle)
        entries = [
            sent_stream(record, self.producer.kind, self._mime_type, self._clock.now_us())
            | self.layer_stats()
            for record in records
        ]
        if records and records[0]["encoding"] >= 0:
            entries += await self.producer.stream_stats(records[0]["encoding"])
        return entries

    # --- from producer and media path ---------------------------------------------------------------------

    def producer_changed(self) -> None:
        self._claim_changed(patient=True)
        self._tell_layers()
        self._tell_score()

    def score_changed(self, score: int) -> None:
        self._score = score
        self._tell_score()

    def layers_changed(self, encoding: int, temporal_layer: int, spatial_layer: int) -> None:
        """Note the encoding that is being sent; -1: none.

        `temporal_layer` and `spatial_layer` are those within the encoding, 255 where its packets name none.
        """
        self._following.current = encoding
        self._tell_demand()
        self._sent_layers = None
        if encoding >= 0:
            self._sent_layers = self._following.sent_layers(temporal_layer, spatial_layer)
        self._tell_layers()

    def _tell_layers(self) -> None:
        """Tell the layers that are sent: none in a pause, and none while their sender is silent."""
        if self._held_up:
            self._sent_layers = None
        layers = None if self._following.is_silent() else self._sent_layers
        if layers != self._told_layers:
            self._told_layers = layers
            self._emit(ConsumerLayersChanged(self.id, layers))

    @property
    def _held_up(self) -> bool:
        """True when it or its producer is paused."""
        return self.paused or self.producer.paused

    # --- bandwidth ----------------------------------------------------------------------------------------

    def ladder(self) -> tuple[Step, ...] | None:
        """Return the steps to choose from, by the layers sent and wanted; None where there is no choice."""
        if self.producer.kind != "video" or self._held_up:
            return None
        return self._following.ladder()

    def reserved_bps(self) -> int:
        """Return the bitrate that it needs in any case, in bit/s."""
        return 0 if self._held_up else self._following.reserved_bps()

    def allot(self, step: Step | None, *, limited: bool) -> None:
        """Send the layers of a step (None: nothing fits); `limited`: too little bandwidth for the best."""
        before = self._following.target
        target = self._following.allot(step, limited=limited)
        if target != before:
            self._plane.set_target(self.handle, *target)
        self._tell_demand()

    def _tell_demand(self) -> None:
        wanted = -1 if self.paused else self._following.demand()
        if wanted != self.wanted_encoding:
            self.wanted_encoding = wanted
            self.producer.demand_changed()

    def _claim_changed(self, *, patient: bool = False) -> None:
        if self.ladder() is None:
            self.allot(None, limited=False)
        self._bandwidth.claim_changed(self, self._clock.now_us(), patient=patient)

    def layer_stats(self) -> dict[str, Any]:
        """Return the current, target, preferred and best layers, and why the preferred ones are not sent."""
        return self._following.stats(self._told_layers, paused=self._held_up)

    def _tell_score(self) -> None:
        score = self.score()
        if score != self._told_score:
            self._told_score = score
            self._emit(ConsumerScoreChanged(self.id, score))
