"""PipeConsumer: one producer's track on its way to the same room's router on another worker."""

from __future__ import annotations

from typing import Any

from mediad.errors import InvalidInput
from mediad.pipe.rtp import Encoding
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.context import RouterContext
from mediad.worker.media.plane import Kind
from mediad.worker.media.statistics import sent_stream
from mediad.worker.tracks.consumer import Consumer, ConsumerTransport
from mediad.worker.tracks.consumer_form import ConsumerForm, first_numbers
from mediad.worker.tracks.producer import Producer


class PipeConsumer:
    """One consumer on the media path for each encoding, which is sent all of it.

    The producer at the other end is made first, or the key frame that each stream begins with finds nobody.
    There the layers are chosen, as bandwidth allows, for each receiver; here only what nobody there wants is
    left out. In the beginning everything is wanted: so the first picture comes, and the better ones after
    it, without a question from there to here.
    """

    def __init__(
        self,
        context: RouterContext,
        transport: ConsumerTransport,
        consumer_id: str,
        producer: Producer,
        form: ConsumerForm,
        encodings: tuple[Encoding, ...],
    ) -> None:
        """Open the streams. Raises InvalidInput unless there is one for each encoding of the producer."""
        if len(encodings) != len(producer.active):
            raise InvalidInput(
                f"{len(encodings)} encodings for a producer of {len(producer.active)}: a pipe takes them all"
            )
        self.id = consumer_id
        self.producer = producer
        self.wanted_encoding = len(encodings) - 1
        """The highest encoding that the sender must send for the other end; -1: none."""
        self._plane = context.plane
        self._clock = context.clock
        self._mime_type = form.mime_type
        self._has_rtx = [encoding.rtx is not None for encoding in encodings]
        self._paused = [self._holds(number) for number in range(len(encodings))]
        self._handles: list[int] = []
        try:
            for number, encoding in enumerate(encodings):
                self._handles.append(self._open(transport.open(), form, number, encoding))
        except BaseException:
            self._close_streams()
            raise

    def _open(self, transport_handle: int, form: ConsumerForm, number: int, encoding: Encoding) -> int:
        return self._plane.open_consumer(
            self,
            transport_handle,
            self.producer.handle,
            video=self.producer.kind == "video",
            ssrc=encoding.ssrc,
            rtx_ssrc=encoding.rtx.ssrc if encoding.rtx is not None else 0,
            codecs=form.codecs,
            clock_rate=form.clock_rate,
            mid=b"",
            cname=form.cname,
            extensions=form.extensions,
            nack=form.nack,
            ignore_dtx=False,
            paused=self._paused[number],
            target=number,
            whole=True,
            **first_numbers(),
        )

    @property
    def paused(self) -> bool:
        """True when nothing is wanted."""
        return self.wanted_encoding < 0

    def set_keys(self, profile: SrtpProfile, local_key: bytes) -> None:
        """Start sending encrypted packets."""
        for handle, rtx in zip(self._handles, self._has_rtx, strict=True):
            self._plane.set_consumer_keys(handle, profile, local_key, rtx=rtx)

    def want(self, encoding: int | None) -> None:
        """Send this encoding and those below it, or nothing. What is sent again begins with a key frame."""
        wanted = -1 if encoding is None else min(encoding, len(self._handles) - 1)
        if wanted != self.wanted_encoding:
            self.wanted_encoding = wanted
            self.producer.demand_changed()
            self._review()

    def producer_changed(self) -> None:
        self._review()

    def _review(self) -> None:
        for number, handle in enumerate(self._handles):
            paused = self._holds(number)
            if paused != self._paused[number]:
                self._paused[number] = paused
                self._plane.pause_consumer(handle, paused)

    def _holds(self, encoding: int) -> bool:
        """True when an encoding is not sent.

        One that has fallen silent waits for its return: otherwise the sender, who does not send it, would be
        asked for a key frame of it each second, and give one of all the others.
        """
        return encoding > self.wanted_encoding or self.producer.is_silent(encoding)

    def close(self) -> None:
        self.producer.leave(self.id)
        self._close_streams()

    def _close_streams(self) -> None:
        for handle in self._handles:
            self._plane.close_consumer(handle)

    async def stats(self) -> list[dict[str, Any]]:
        """Return an outbound-rtp entry for each encoding, lowest quality first."""
        return [
            sent_stream(record, self.producer.kind, self._mime_type, self._clock.now_us())
            for handle in self._handles
            for record in await self._plane.stats(Kind.KIND_CONSUMER, handle)
        ]

    # --- from the media path ------------------------------------------------------------------------------
    # Scores and layers are those of the receivers at the other end, who have consumers of their own.

    def score_changed(self, score: int) -> None:
        """Ignore how well packets get through the pipe: the producer at the other end tells."""

    def layers_changed(self, encoding: int, temporal_layer: int, spatial_layer: int) -> None:
        """Ignore which layers are sent: all that come."""


AnyConsumer = Consumer | PipeConsumer
"""A consumer of a client's, or of a pipe's."""
