"""Many consumers made by one request: their common parameters are read once, and other work comes between."""

from __future__ import annotations

import logging
from collections.abc import Callable

from mediad.clock import Clock
from mediad.errors import InvalidInput, InvalidState, MediadError
from mediad.pipe.requests import ConsumerMade, ConsumersCreated, CreateConsumers, Form, NewConsumer
from mediad.turns import Turns
from mediad.worker.router import Router
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.consumer_form import ConsumerForm, ConsumerStream
from mediad.worker.tracks.producer import Producer
from mediad.worker.transports.webrtc import WebRtcTransport

SLICE_US = 3_000
"""The longest time that other work on the event loop (ICE checks, pings, other rooms) waits."""

logger = logging.getLogger(__name__)


class ConsumerMaker:
    """The maker of consumers: it makes them slice by slice, each slice in a turn of its own."""

    def __init__(
        self,
        turns: Turns,
        find_transport: Callable[[str], tuple[Router, WebRtcTransport]],
        find_producer: Callable[[str], tuple[Router, Producer]],
        enter: Callable[[Router, Consumer], None],
        clock: Clock,
    ) -> None:
        """Make a maker; the finders raise NotFound."""
        self._clock = clock
        self._turns = turns
        self._find_transport = find_transport
        self._find_producer = find_producer
        self._enter = enter
        self._awaited: set[str] = set()
        """Ids of consumers that are to be made."""

    async def make(self, message: CreateConsumers) -> ConsumersCreated:
        """Make the consumers; return for each its score, or the code and reason why it was not made."""
        forms: list[ConsumerForm | MediadError] = [_read(form) for form in message.forms]
        self._awaited.update(new.consumer_id for new in message.consumers)
        answers = []
        end_us = 0
        for new in message.consumers:
            if self._clock.now_us() >= end_us:
                await self._turns.take()
                end_us = self._clock.now_us() + SLICE_US
            answers.append(self._answer(message, forms, new))
        return ConsumersCreated(answers)

    def call_off(self, consumer_id: str) -> bool:
        """Cancel making a consumer; return False when it is not waiting to be made."""
        if consumer_id not in self._awaited:
            return False
        self._awaited.discard(consumer_id)
        return True

    def _answer(
        self, message: CreateConsumers, forms: list[ConsumerForm | MediadError], new: NewConsumer
    ) -> ConsumerMade:
        try:
            if not self.call_off(new.consumer_id):
                raise InvalidState("it was closed before it was made")
            return ConsumerMade(self._make(message, forms, new).score())
        except MediadError as error:
            return ConsumerMade(code=error.code, reason=str(error))
        except Exception as error:  # a bug costs one consumer, not those that came with it
            logger.exception(
                "consumer %s was not made, its track is missing: a bug in mediad", new.consumer_id
            )
            reason = f"{type(error).__name__} in {message.row}"
            return ConsumerMade(code=MediadError.code, reason=reason)

    def _make(
        self, message: CreateConsumers, forms: list[ConsumerForm | MediadError], new: NewConsumer
    ) -> Consumer:
        if not 0 <= new.form < len(forms):
            raise InvalidInput(f"there is no form {new.form}")
        form = forms[new.form]
        if isinstance(form, MediadError):
            raise form
        router, transport = self._find_transport(new.transport_id)
        producer_router, producer = self._find_producer(message.forms[new.form].producer_id)
        if producer_router is not router:
            raise InvalidInput("the producer is in another router")
        consumer = router.create_consumer(
            transport,
            new.consumer_id,
            producer,
            form,
            ConsumerStream(new.ssrc, new.rtx_ssrc, new.mid, message.paused, message.ignore_dtx),
        )
        self._enter(router, consumer)
        return consumer


def _read(form: Form) -> ConsumerForm | MediadError:
    """Return the form, or, for each consumer of this form, the error that is wrong with it."""
    try:
        return ConsumerForm.of(form.type, form.rtp_parameters)
    except MediadError as error:
        return error
