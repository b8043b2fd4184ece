"""Consumer: one producer's track on its way to one client."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.media.plane import Kind, MediaPlane
from mediad.worker.media.statistics import sent_stream
from mediad.worker.policy.allocation import RATED_LAYERS, Step, ladder, target_encoding
from mediad.worker.policy.bandwidth import Bandwidth
from mediad.worker.tracks.consumer_form import ConsumerForm, ConsumerStream
from mediad.worker.tracks.producer import Producer

Emit = Callable[[str, dict[str, Any]], None]

# low, because libsrtp guesses the roll-over counter of a stream wrong that begins near 65535
_FIRST_SEQUENCE_NUMBERS = range(1000, 32768)
_ALL_LAYERS = 255  # of time, as the media path says it


class Consumer:
    """Opens itself on the media path, paused or not."""

    def __init__(
        self,
        plane: MediaPlane,
        transport_handle: int,
        consumer_id: str,
        producer: Producer,
        form: ConsumerForm,
        stream: ConsumerStream,
        *,
        paused: bool,
        ignore_dtx: bool,
        preferred_layers: tuple[int, int | None] | None,
        emit: Emit,
        bandwidth: Bandwidth,
        now_us: Callable[[], int],
    ) -> None:
        self.id = consumer_id
        self.producer = producer
        self.paused = paused
        self._plane = plane
        self._emit = emit
        self._type = form.type
        self._score = 10
        self._priority = 1
        self._current = -1
        self._sent_layers: dict[str, int] | None = None
        self._current_layers: dict[str, int] | None = None  # as its client was told
        self._allotted: Step | None = None
        self._limited = False
        self._bandwidth = bandwidth
        self._now_us = now_us
        self._told_score: dict[str, Any] = {}
        self.wanted_encoding = -1
        self._mime_type = form.mime_type
        self._has_rtx = stream.rtx_ssrc != 0
        self._top_spatial = max(form.spatial_layers, len(producer.active)) - 1
        self._top_temporal = form.temporal_layers - 1
        self._preferred = self._clamped(*(preferred_layers or (self._top_spatial, None)))
        self._target = self._best()
        self.handle = plane.open_consumer(
            self,
            transport_handle,
            producer.handle,
            video=producer.kind == "video",
            ssrc=stream.ssrc,
            rtx_ssrc=stream.rtx_ssrc,
            codecs=form.codecs,
            clock_rate=form.clock_rate,
            mid=stream.mid.encode(),
            cname=form.cname,
            extensions=form.extensions,
            nack=form.nack,
            ignore_dtx=ignore_dtx,
            paused=paused,
            target=self._target[0],
            target_layers=(self._target[2], self._target[1]),
            first_sequence_number=secrets.choice(_FIRST_SEQUENCE_NUMBERS),
            first_timestamp=secrets.randbits(32),
            first_rtx_sequence_number=secrets.choice(_FIRST_SEQUENCE_NUMBERS),
        )
        bandwidth.join(self)
        self._claim_changed()

    @property
    def priority(self) -> int:
        return self._priority

    @priority.setter
    def priority(self, priority: int) -> None:
        self._priority = priority
        self._claim_changed()

    def set_keys(self, profile: SrtpProfile, local_key: bytes) -> None:
        """The transport's handshake is done: packets may leave."""
        self._plane.set_consumer_keys(self.handle, profile, local_key, rtx=self._has_rtx)

    def pause(self, paused: bool) -> None:
        if self.paused != paused:
            self.paused = paused
            self._plane.pause_consumer(self.handle, paused)
            self._claim_changed()
            self._tell_demand()
            self._tell_layers()

    def set_preferred_layers(self, spatial_layer: int, temporal_layer: int | None) -> dict[str, int] | None:
        """What was wanted, clamped to what exists; None where layers mean nothing."""
        if self._type == "simple":
            return None
        self._preferred = self._clamped(spatial_layer, temporal_layer)
        self._claim_changed()
        spatial, temporal = self._preferred
        return {"spatialLayer": spatial, "temporalLayer": temporal}

    def request_key_frame(self) -> None:
        """Nothing for audio, as in the reference server."""
        if self.producer.kind == "video":
            self._plane.request_key_frame(self.handle)

    def score(self) -> dict[str, Any]:
        scores = self.producer.scores()
        forwarded = self._current if self._current >= 0 else self._wanted_encoding()
        return {"score": self._score, "producerScore": scores[forwarded], "producerScores": scores}

    def close(self) -> None:
        self.producer.leave(self.id)
        self._bandwidth.leave(self, self._now_us())
        self._plane.close_consumer(self.handle)

    async def stats(self) -> list[dict[str, Any]]:
        """The outbound-rtp entry, then the inbound-rtp entry of the stream it comes from."""
        records = await self._plane.stats(Kind.KIND_CONSUMER, self.handle)
        entries = [
            sent_stream(record, self.producer.kind, self._mime_type) | self.layer_stats()
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
        """`temporal_layer` and `spatial_layer` within the encoding; 255 where it does not tell of any."""
        self._current = encoding
        self._tell_demand()
        self._sent_layers = None
        if encoding >= 0:
            spatial = encoding if self._type == "simulcast" else min(spatial_layer, self._top_spatial)
            self._sent_layers = {
                "spatialLayer": spatial,
                "temporalLayer": min(temporal_layer, self._top_temporal),
            }
        self._tell_layers()

    def _tell_layers(self) -> None:
        """Those that are being sent, if any is: not in a pause, nor while its sender is silent."""
        if self.paused or self.producer.paused:
            self._sent_layers = None
        layers = self._sent_layers
        if self._type == "simulcast" and self._current >= 0 and self.producer.is_silent(self._current):
            layers = None
        if self._type != "simple" and layers != self._current_layers:
            self._current_layers = layers
            self._emit("consumer.layers", {"consumerId": self.id, "layers": layers})

    # --- bandwidth ----------------------------------------------------------------------------------------

    def ladder(self) -> tuple[Step, ...] | None:
        """What may be chosen for it, by what is sent and wanted; None where there is no choice."""
        if self.producer.kind != "video" or self._type == "simple" or self.paused or self.producer.paused:
            return None
        preferred, temporal = self._preferred
        bitrates = self.producer.bitrates
        if self._type == "simulcast":
            lowest_rows = [rates[:RATED_LAYERS] for rates in bitrates]
            obtainable = self.producer.obtainable
            best = target_encoding(obtainable, preferred)
            return ladder(lowest_rows, [i for i in range(best) if obtainable[i]] + [best], temporal)
        rows = [bitrates[0][at : at + RATED_LAYERS] for at in range(0, RATED_LAYERS**2, RATED_LAYERS)]
        return ladder(rows, range(min(preferred, RATED_LAYERS - 1) + 1), temporal)

    def reserved_bps(self) -> int:
        """What it takes in any case: it has one layer, and a lower one than that is no picture."""
        if self.paused or self.producer.paused or self._type in ("simulcast", "svc"):
            return 0
        return sum(rates[0] for rates in self.producer.bitrates)

    def allot(self, step: Step | None, *, limited: bool) -> None:
        self._allotted, self._limited = step, limited
        if not limited:
            self._aim(self._best())
        elif step is None:
            self._aim((-1, _ALL_LAYERS, _ALL_LAYERS))
        elif self._type == "simulcast":
            self._aim(self._within(step))
        else:
            self._aim((0, step.temporal, step.spatial))
        self._tell_demand()

    def _tell_demand(self) -> None:
        """What it is sent counts, too, until something else is."""
        wanted = self._top_spatial
        if self._type == "simulcast":
            wanted = max(self._allotted_encoding(), self._target[0])
            if self._current >= 0 and self.producer.active[self._current]:
                wanted = max(wanted, self._current)
        if self.paused:
            wanted = -1
        if wanted != self.wanted_encoding:
            self.wanted_encoding = wanted
            self.producer.demand_changed()

    def _allotted_encoding(self) -> int:
        if not self._limited:
            return self._preferred[0]
        return self._allotted.spatial if self._allotted is not None else 0

    def _within(self, step: Step) -> tuple[int, int, int]:
        """What is sent already of what was allotted: the encoding may be asleep."""
        encoding = target_encoding(self.producer.active, step.spatial)
        return encoding, step.temporal if encoding == step.spatial else self._best()[1], _ALL_LAYERS

    def _claim_changed(self, *, patient: bool = False) -> None:
        if self.ladder() is None:
            self.allot(None, limited=False)
        self._bandwidth.claim_changed(self, self._now_us(), patient=patient)

    def _best(self) -> tuple[int, int, int]:
        """Encoding, temporal and spatial layer as wanted, whatever it costs."""
        spatial, temporal = self._preferred
        top = temporal == self._top_temporal
        within = _ALL_LAYERS if self._type == "simulcast" or spatial == self._top_spatial else spatial
        return self._wanted_encoding(), _ALL_LAYERS if top else temporal, within

    def _aim(self, target: tuple[int, int, int]) -> None:
        if target != self._target:
            self._target = target
            self._plane.set_target(self.handle, *target)

    def layer_stats(self) -> dict[str, Any]:
        """Which layers are sent, aimed at, wanted and there to be had, and why not those that are wanted."""
        if self._type not in ("simulcast", "svc"):
            return {}
        encoding, temporal, within = self._target
        spatial = encoding if self._type == "simulcast" else within
        target = {
            "spatialLayer": min(spatial, self._top_spatial),
            "temporalLayer": min(temporal, self._top_temporal),
        }
        return {
            "currentLayers": self._current_layers,
            "targetLayers": target if encoding >= 0 else None,
            "preferredLayers": {"spatialLayer": self._preferred[0], "temporalLayer": self._preferred[1]},
            "bestLayers": {"spatialLayer": self._top_spatial, "temporalLayer": self._top_temporal},
            "layersReason": self._reason(),
        }

    def _reason(self) -> str:
        """Why not what is preferred, or that it is: "preferred".

        paused, bandwidth, waking (its sender was told a moment ago), notSent, waiting (for a key frame)
        """
        if self.paused or self.producer.paused:
            return "paused"
        wanted = self._allotted_encoding()
        if self._type == "simulcast" and self._target[0] < wanted and self.producer.wakes(wanted):
            return "waking"
        if self._limited:
            return "bandwidth"
        if self._type == "simulcast" and self._target[0] != self._preferred[0]:
            return "notSent"
        if self._type == "simulcast" and self._current != self._target[0]:
            return "waiting"
        if self._type == "svc" and self._current_layers is not None:
            spatial = self._preferred[0]
            if self._current_layers["spatialLayer"] < spatial:
                return "waiting" if self.producer.bitrates[0][RATED_LAYERS * spatial] else "notSent"
        return "preferred"

    def _clamped(self, spatial_layer: int, temporal_layer: int | None) -> tuple[int, int]:
        """Wishes for layers, brought down to what exists; no wish for a temporal one is one for all."""
        temporal = self._top_temporal if temporal_layer is None else temporal_layer
        return min(spatial_layer, self._top_spatial), min(temporal, self._top_temporal)

    def _wanted_encoding(self) -> int:
        return target_encoding(self.producer.active, self._preferred[0])

    def _tell_score(self) -> None:
        score = self.score()
        if score != self._told_score:
            self._told_score = score
            self._emit("consumer.score", {"consumerId": self.id, "score": score})
