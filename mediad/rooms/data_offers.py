"""Offering data channels: made on the worker many at once, then offered to the clients.

Unlike tracks they are not paused meanwhile. A message that is sent between the making and the client's answer
can arrive before the client has opened the channel, and is lost then.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from mediad.errors import (
    EnvelopeError,
    Forbidden,
    InvalidState,
    MediadError,
    Unavailable,
    WorkerDied,
    from_code,
)
from mediad.ortc.sctp import SctpStreamParameters
from mediad.pipe import data_requests as pipe
from mediad.pipe.data_requests import CloseDataConsumer, CreateDataConsumers, NewDataConsumer
from mediad.rooms.branch import Branch, by_branch
from mediad.rooms.entities import DataConsumer, DataProducer, Peer, Transport
from mediad.rooms.listener import DataConsumerOffer
from mediad.rooms.room import Room


async def make(room: Room, pairs: Sequence[tuple[Peer, DataProducer]]) -> None:
    """Make data consumers for these pairs and offer them; those that wait for a pipe hold up no others."""
    consumers = [_enter(room, peer, producer) for peer, producer in pairs]
    for branch, here in by_branch(consumer for consumer in consumers if consumer is not None):
        near: list[DataConsumer] = []
        far: dict[DataProducer, list[DataConsumer]] = {}
        for consumer in here:
            is_here = room.pipes.has(consumer.producer, branch)
            (near if is_here else far.setdefault(consumer.producer, [])).append(consumer)
        for producer, waiting in far.items():
            room.background.run(_make_piped(room, branch, producer, waiting))
        if near:
            await _make(room, branch, near)


async def _make_piped(
    room: Room, branch: Branch, producer: DataProducer, consumers: list[DataConsumer]
) -> None:
    try:
        await room.pipes.reach(producer, branch)
    except MediadError as error:
        for consumer in consumers:
            _fail(room, consumer, error, answered=True)
    else:
        await _make(room, branch, consumers)


def _enter(room: Room, peer: Peer, producer: DataProducer) -> DataConsumer | None:
    """Return a new data consumer; None when the peer cannot have it, or the worker has no room now."""
    transport = peer.receiving_transport()
    has, most = peer.data_consumer_count(), room.limits.data_consumers_per_peer
    what = f"data producer {producer.id} is not offered"
    if peer.closed or producer.closed or not peer.grants.subscribe:
        pass  # while the tracks of its batch were made
    elif transport is None or not transport.sctp:
        peer.log.warning("%s: the client has no transport for consumers any more", what)
    elif has >= most:
        peer.log.warning("%s: the client has %d data consumers, and %d is the limit", what, has, most)
    else:
        consumer = DataConsumer(str(uuid4()), producer, transport)
        try:
            room.books.enter_data_consumer(consumer)
            return consumer
        except Unavailable as error:
            room.offers.put_off((peer, producer), error)
    room.offers.queue.done(peer)
    return None


async def consume(room: Room, producer: DataProducer, transport: Transport) -> DataConsumerOffer:
    """Make a data consumer that its client has asked for, and return what the client has to know of it.

    Raises Full when the worker has no room for it, the worker's error when it cannot make it, InvalidState
    when the peer has too many, or either end has closed meanwhile.
    """
    has, most = transport.peer.data_consumer_count(), room.limits.data_consumers_per_peer
    if has >= most:
        raise InvalidState(f"too many data consumers: {has} of {most} are open, close some")
    consumer = DataConsumer(str(uuid4()), producer, transport)
    room.books.enter_data_consumer(consumer)
    closing = CloseDataConsumer(consumer.id)
    try:
        await room.pipes.reach(producer, consumer.branch)
        reply = await consumer.branch.make(CreateDataConsumers([_new(consumer)]), closing, about=consumer)
        if len(reply.consumers) != 1:
            consumer.branch.discard(closing)
            raise EnvelopeError(f"{CreateDataConsumers.row}: {len(reply.consumers)} answers for one")
        (answer,) = reply.consumers
        if answer.sctp_stream_parameters is None:
            raise from_code(answer.code, answer.reason)
    except BaseException:
        if not consumer.closed:
            room.books.forget_data_consumer(consumer)
        raise
    if consumer.closed:
        consumer.branch.discard(closing)
        raise InvalidState("the channel has ended")
    consumer.announced = consumer.accepted = True
    return consumer.offer(_as_offered(answer.sctp_stream_parameters))


async def _make(room: Room, branch: Branch, consumers: list[DataConsumer]) -> None:
    """Have the worker of their branch make them, and offer to the clients what it has made."""
    asked: list[DataConsumer] = []

    def compose() -> CreateDataConsumers | None:
        asked[:] = [consumer for consumer in consumers if not consumer.closed]
        return CreateDataConsumers([_new(consumer) for consumer in asked]) if asked else None

    try:
        reply = await branch.ask_later(CreateDataConsumers, compose)
        if len(reply.consumers) != len(asked):
            answers = f"{len(reply.consumers)} answers for {len(asked)} data consumers"
            raise EnvelopeError(f"{CreateDataConsumers.row}: {answers}")
    except MediadError as error:
        for consumer in consumers:
            _fail(room, consumer, error)
        return
    await room.background.turns.take()
    made = dict(zip(asked, reply.consumers, strict=True))
    for consumer in consumers:
        answer = made.get(consumer)
        stream = None if answer is None else answer.sctp_stream_parameters
        if answer is not None and stream is None:
            _fail(room, consumer, from_code(answer.code, answer.reason), answered=True)
        elif stream is None or consumer.closed:
            if stream is not None:
                consumer.branch.discard(CloseDataConsumer(consumer.id))
            room.offers.queue.done(consumer.peer)
        else:
            room.offers.succeeded()
            room.background.run(_offer(room, consumer, stream))


def _new(consumer: DataConsumer) -> NewDataConsumer:
    return NewDataConsumer(consumer.id, consumer.transport.id, consumer.producer.id)


def _fail(room: Room, consumer: DataConsumer, error: MediadError, *, answered: bool = False) -> None:
    """Forget a data consumer that the worker has not made, and plan it anew when that had no room for it."""
    if not consumer.closed:
        room.books.forget_data_consumer(consumer)
        if isinstance(error, EnvelopeError | Unavailable) and not answered:
            # the worker may have made it, and only answered too late, or in words that cannot be read
            consumer.branch.discard(CloseDataConsumer(consumer.id))
        if isinstance(error, Unavailable):
            room.offers.put_off((consumer.peer, consumer.producer), error)
        elif not isinstance(error, WorkerDied):
            what = "messages of data producer %s do not arrive here, its data consumer could not be made: %s"
            consumer.peer.log.warning(what, consumer.producer.id, error)
    room.offers.queue.done(consumer.peer)


async def _offer(room: Room, consumer: DataConsumer, stream: pipe.SctpStreamParameters) -> None:
    """Offer a data consumer, and close it unless the client accepts."""
    try:
        if consumer.closed:
            return
        consumer.announced = True
        await consumer.peer.listener.data_consumer_offered(consumer.offer(_as_offered(stream)))
        consumer.accepted = True
    except (Forbidden, TimeoutError, InvalidState) as error:
        if consumer.closed:
            return
        what = "data consumer %s was not accepted and is closed: %s"
        consumer.peer.log.info(what, consumer.id, error or "no answer")
        room.books.forget_data_consumer(consumer)
        consumer.branch.discard(CloseDataConsumer(consumer.id))
        if isinstance(error, TimeoutError):  # the client may have begun to set it up
            consumer.peer.listener.data_consumer_closed(consumer.id)
    finally:
        room.offers.done(consumer.peer)


def _as_offered(stream: pipe.SctpStreamParameters) -> SctpStreamParameters:
    limits = stream.max_packet_life_time, stream.max_retransmits
    return SctpStreamParameters(stream.stream_id, stream.ordered, *limits)
