"""Consumer: one producer's track on its way to one client."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from mediad.ortc.scalability import parse_scalability_mode
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.allocation import target_encoding
from mediad.worker.parameters import RtpParameters
from mediad.worker.plane import Kind, MediaPlane
from mediad.worker.producer import Producer
from mediad.worker.statistics import sent_stream

Emit = Callable[[str, dict[str, Any]], None]

# low, because libsrtp guesses the roll-over counter of a stream wrong that begins near 65535
_FIRST_SEQUENCE_NUMBERS = range(1000, 32768)
_ALL_LAYERS = 255  # of time, as the media path says it


class Consumer:
    """Opens itself on the media path, paused or not; `type_` decides whether its client hears of layers."""

    def __init__(
        self,
        plane: MediaPlane,
        transport_handle: int,
        consumer_id: str,
        producer: Producer,
        type_: str,
        parameters: RtpParameters,
        *,
        paused: bool,
        ignore_dtx: bool,
        preferred_layers: tuple[int, int | None] | None,
        emit: Emit,
    ) -> None:
        self.id = consumer_id
        self.producer = producer
        self.paused = paused
        self.priority = 1
        self._plane = plane
        self._emit = emit
        self._type = type_
        self._score = 10
        self._current = -1
        self._told_score: dict[str, Any] = {}
        encoding, codec = parameters.encodings[0], parameters.first_codec()
        self._mime_type = codec.mime_type
        self._has_rtx = encoding.rtx is not None
        mode = parse_scalability_mode(encoding.scalability_mode)
        self._top_spatial = max(mode.spatial_layers, len(producer.active)) - 1
        self._top_temporal = mode.temporal_layers - 1
        self._preferred = self._clamped(*(preferred_layers or (self._top_spatial, None)))
        self.handle = plane.open_consumer(
            self,
            transport_handle,
            producer.handle,
            video=producer.kind == "video",
            ssrc=encoding.ssrc,
            rtx_ssrc=encoding.rtx.ssrc if encoding.rtx else 0,
            codecs=[(c.payload_type, parameters.rtx_of(c.payload_type)) for c in parameters.media_codecs()],
            clock_rate=codec.clock_rate,
            mid=parameters.mid.encode(),
            cname=parameters.rtcp.cname.encode()[:64],
            extensions=parameters.extension_ids(),
            nack=parameters.feedback("nack"),
            ignore_dtx=ignore_dtx,
            paused=paused,
            target=self._wanted_encoding(),
            first_sequence_number=secrets.choice(_FIRST_SEQUENCE_NUMBERS),
            first_timestamp=secrets.randbits(32),
            first_rtx_sequence_number=secrets.choice(_FIRST_SEQUENCE_NUMBERS),
        )

    def set_keys(self, profile: SrtpProfile, local_key: bytes) -> None:
        """The transport's handshake is done: packets may leave."""
        self._plane.set_consumer_keys(self.handle, profile, local_key, rtx=self._has_rtx)

    def pause(self, paused: bool) -> None:
        if self.paused != paused:
            self.paused = paused
            self._plane.pause_consumer(self.handle, paused)

    def set_preferred_layers(self, spatial_layer: int, temporal_layer: int | None) -> dict[str, int] | None:
        """What was wanted, clamped to what exists; None where layers mean nothing."""
        if self._type == "simple":
            return None
        self._preferred = self._clamped(spatial_layer, temporal_layer)
        self._retarget()
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
        self.producer.consumers.pop(self.id, None)
        self._plane.close_consumer(self.handle)

    async def stats(self) -> list[dict[str, Any]]:
        """The outbound-rtp entry, then the inbound-rtp entry of the stream it comes from."""
        records = await self._plane.stats(Kind.KIND_CONSUMER, self.handle)
        entries = [sent_stream(record, self.producer.kind, self._mime_type) for record in records]
        if records and records[0]["encoding"] >= 0:
            entries += await self.producer.stream_stats(records[0]["encoding"])
        return entries

    # --- from producer and media path ---------------------------------------------------------------------

    def producer_changed(self) -> None:
        self._retarget()
        self._tell_score()

    def score_changed(self, score: int) -> None:
        self._score = score
        self._tell_score()

    def layers_changed(self, encoding: int, temporal_layer: int) -> None:
        self._current = encoding
        if self._type == "simple":
            return
        layers = None
        if encoding >= 0:
            # inside an encoding nothing is left out, unless the media path says so
            spatial = encoding if self._type == "simulcast" else self._top_spatial
            temporal = self._top_temporal if temporal_layer == _ALL_LAYERS else temporal_layer
            layers = {"spatialLayer": spatial, "temporalLayer": temporal}
        self._emit("consumer.layers", {"consumerId": self.id, "layers": layers})

    def _clamped(self, spatial_layer: int, temporal_layer: int | None) -> tuple[int, int]:
        """Wishes for layers, brought down to what exists; no wish for a temporal one is one for all."""
        temporal = self._top_temporal if temporal_layer is None else temporal_layer
        return min(spatial_layer, self._top_spatial), min(temporal, self._top_temporal)

    def _wanted_encoding(self) -> int:
        return target_encoding(self.producer.active, self._preferred[0])

    def _retarget(self) -> None:
        temporal = self._preferred[1]
        everything = temporal == self._top_temporal
        self._plane.set_target(self.handle, self._wanted_encoding(), _ALL_LAYERS if everything else temporal)

    def _tell_score(self) -> None:
        score = self.score()
        if score != self._told_score:
            self._told_score = score
            self._emit("consumer.score", {"consumerId": self.id, "score": score})
