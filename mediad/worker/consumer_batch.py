"""Many consumers made by one request: their common parameters are read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mediad.errors import InvalidInput, MediadError
from mediad.pipe.requests import ConsumerMade, ConsumersCreated, CreateConsumers, Form, NewConsumer
from mediad.worker.router import Router
from mediad.worker.slices import Maker, Slices
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.consumer_form import ConsumerForm, ConsumerStream
from mediad.worker.tracks.producer import Producer
from mediad.worker.transports.transport import Transport


class ConsumerMaker:
    """The maker of consumers, which makes them in slices."""

    def __init__(
        self,
        slices: Slices,
        find_transport: Callable[[str], tuple[Router, Transport]],
        find_producer: Callable[[str], tuple[Router, Producer]],
        enter: Callable[[Router, Consumer], None],
    ) -> None:
        """Make a maker; the finders raise NotFound."""
        self._slices = slices
        self._find_transport = find_transport
        self._find_producer = find_producer
        self._enter = enter

    async def make(self, message: CreateConsumers) -> ConsumersCreated:
        """Make the consumers; return for each its score, or the code and reason why it was not made."""
        forms: list[ConsumerForm | MediadError] = [_read(form) for form in message.forms]

        def make_one(new: NewConsumer) -> ConsumerMade:
            return ConsumerMade(self._make(message, forms, new).score())

        maker = Maker(message.row, lambda new: new.consumer_id, make_one, partial(ConsumerMade, None))
        return ConsumersCreated(await self._slices.make(maker, message.consumers))

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
