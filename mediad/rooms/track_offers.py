"""Offering tracks: negotiate, create paused, ask the client, and only then let packets flow.

The worker is asked for many consumers at once, and to resume many at once, because each request has a cost.

The reference implementation leaves a consumer behind when the client refuses or never answers; here it is
closed.
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
from mediad.pipe import requests as pipe
from mediad.pipe.requests import CloseConsumer, CreateConsumers, NewConsumer, ResumeConsumers
from mediad.rooms.asker import asker_of
from mediad.rooms.branch import Branch, by_branch
from mediad.rooms.entities import Consumer, Peer, Producer, Transport
from mediad.rooms.grants import NotGranted
from mediad.rooms.reception import Form
from mediad.rooms.room import Room

RESUMED_AT_ONCE = 32

# -- on the worker -----------------------------------------------------------------------------------------


async def make(room: Room, pairs: Sequence[tuple[Peer, Producer]]) -> None:
    """Make consumers for these pairs and offer them; those that wait for a pipe hold up no others."""
    consumers = [_negotiate(room, peer, producer) for peer, producer in pairs]
    for branch, here in by_branch(consumer for consumer in consumers if consumer is not None):
        near: list[Consumer] = []
        far: dict[Producer, list[Consumer]] = {}
        for consumer in here:
            is_here = room.pipes.has(consumer.producer, branch)
            (near if is_here else far.setdefault(consumer.producer, [])).append(consumer)
        for producer, waiting in far.items():
            room.background.run(_make_piped(room, branch, producer, waiting))
        if near:
            await _make(room, branch, near)


async def _make_piped(room: Room, branch: Branch, producer: Producer, consumers: list[Consumer]) -> None:
    try:
        await room.pipes.reach(producer, branch)
    except MediadError as error:
        _fail(room, consumers, error, answered=True)
    else:
        await _make(room, branch, consumers)


def _negotiate(room: Room, peer: Peer, producer: Producer) -> Consumer | None:
    """Return a new consumer; None when the peer cannot receive this track, or the worker has no room now."""
    transport = peer.receiving_transport()
    form = peer.reception.form(producer) if peer.reception is not None else None
    if transport is None:
        what = "producer %s is not offered: the client has made no transport for consumers"
        peer.log.warning(what, producer.id)
    elif form is None:
        peer.log.debug("producer %s is not offered: no codec in common", producer.id)
    else:
        try:
            return _enter(room, producer, transport, form, paused=peer.resumes_itself)
        except Unavailable as error:
            room.offers.put_off((peer, producer), error)
        except NotGranted as error:
            peer.log.info("producer %s is not offered: %s", producer.id, error)
            room.observer.grant_refused(error.grant)
            room.offers.refuse(peer, producer)
            peer.listener.consumer_refused(producer.peer.id, producer.id, str(error))
    room.offers.queue.done(peer)
    return None


def _enter(room: Room, producer: Producer, transport: Transport, form: Form, *, paused: bool) -> Consumer:
    """Enter a new consumer into the books.

    Raises Full when the worker has no more room for it, Forbidden when the peer may not have it.
    """
    transport.peer.grants.require_subscribe()
    transport.peer.grants.require_consumers(transport.peer.consumer_count())
    ssrc, mid = transport.take_ssrc(), transport.take_mid()
    consumer = Consumer(str(uuid4()), producer, transport, ssrc, mid, form, paused=paused)
    try:
        room.books.enter_consumer(consumer)
    except BaseException:
        transport.consumer_ssrcs.discard(ssrc)
        raise
    return consumer


async def _make(room: Room, branch: Branch, consumers: list[Consumer]) -> None:
    """Have the worker of their branch make them, paused, and offer to the clients what it has made."""
    asked: list[Consumer] = []

    def compose() -> CreateConsumers | None:
        asked[:] = [consumer for consumer in consumers if not consumer.closed]
        return _creation(room, asked) if asked else None

    try:
        reply = await branch.ask_later(CreateConsumers, compose)
        if len(reply.consumers) != len(asked):
            answers = f"{len(reply.consumers)} answers for {len(asked)} consumers"
            raise EnvelopeError(f"{CreateConsumers.row}: {answers}")
    except (EnvelopeError, InvalidState, Unavailable, WorkerDied) as error:
        _fail(room, consumers, error)
        return
    except MediadError as error:
        if len(consumers) == 1:
            _fail(room, consumers, error)
            return
        for consumer in consumers:  # one of them makes the request fail for the others
            await _make(room, branch, [consumer])
        return
    await room.background.turns.take()
    made = dict(zip(asked, reply.consumers, strict=True))
    for consumer in consumers:
        answer = made.get(consumer)
        if answer is not None and answer.score is None:
            _fail(room, [consumer], from_code(answer.code, answer.reason), answered=True)
        elif answer is None or consumer.closed:
            if answer is not None:
                consumer.branch.discard(CloseConsumer(consumer.id))
            room.offers.queue.done(consumer.peer)
        else:
            room.offers.succeeded()
            # an event that has overtaken the answer is the newer of the two
            consumer.score = consumer.score or answer.score
            room.background.run(_offer(room, consumer))


def _creation(room: Room, consumers: list[Consumer]) -> CreateConsumers:
    """Return the request for these consumers, with their common parameters once."""
    numbers: dict[tuple[Form, Producer], int] = {}
    entries = []
    for consumer in consumers:
        form = consumer.form
        number = numbers.setdefault((form, consumer.producer), len(numbers))
        entries.append(
            NewConsumer(
                consumer_id=consumer.id,
                transport_id=consumer.transport.id,
                form=number,
                ssrc=consumer.ssrc,
                rtx_ssrc=consumer.ssrc + 1 if form.with_rtx else 0,
                mid=consumer.mid,
            )
        )
    forms = [
        pipe.Form(producer.id, producer.type, form.pipe_parameters, asker_of(room.id, producer.peer.id))
        for form, producer in numbers
    ]
    return CreateConsumers(forms, entries, paused=True, ignore_dtx=True)


async def consume(room: Room, producer: Producer, transport: Transport, form: Form) -> Consumer:
    """Make a consumer that its client has asked for, and that stays paused until it is resumed.

    Raises Forbidden when its client may not have it, Full when the worker has no room for it, the worker's
    error when it cannot make it, InvalidState when the track or its receiver has ended meanwhile.
    """
    consumer = _enter(room, producer, transport, form, paused=True)
    try:
        await room.pipes.reach(producer, consumer.branch)
        creation = _creation(room, [consumer])
        reply = await consumer.branch.make(creation, CloseConsumer(consumer.id), about=consumer)
        if len(reply.consumers) != 1:
            consumer.branch.discard(CloseConsumer(consumer.id))
            raise EnvelopeError(f"{CreateConsumers.row}: {len(reply.consumers)} answers for one consumer")
        (answer,) = reply.consumers
        if answer.score is None:
            raise from_code(answer.code, answer.reason)
    except BaseException:
        if not consumer.closed:
            room.books.forget_consumer(consumer)
        raise
    if consumer.closed:
        consumer.branch.discard(CloseConsumer(consumer.id))
        consumer.peer.grants.require_subscribe()
        raise InvalidState("the track has ended")
    consumer.score = consumer.score or answer.score
    consumer.announced = consumer.accepted = True
    return consumer


def _fail(room: Room, consumers: list[Consumer], error: MediadError, *, answered: bool = False) -> None:
    """Forget consumers that the worker has not made, and plan anew those that it had no room for."""
    for consumer in consumers:
        if not consumer.closed:
            room.books.forget_consumer(consumer)
            if isinstance(error, EnvelopeError | Unavailable) and not answered:
                # the worker may have made it, and only answered too late, or in words that cannot be read
                consumer.branch.discard(CloseConsumer(consumer.id))
            if isinstance(error, Unavailable):
                room.offers.put_off((consumer.peer, consumer.producer), error)
            elif not isinstance(error, WorkerDied):
                log = consumer.peer.log
                what = "the track of producer %s is missing here, its consumer could not be made: %s"
                log.warning(what, consumer.producer.id, error)
        room.offers.queue.done(consumer.peer)


# -- with the client ---------------------------------------------------------------------------------------


async def _offer(room: Room, consumer: Consumer) -> None:
    """Offer a consumer, and have it resumed when the client accepts."""
    try:
        if not consumer.closed and await _is_accepted(room, consumer):
            consumer.accepted = True
            room.offers.accepted.append(consumer)
            _resume_soon(room)
    finally:
        room.offers.done(consumer.peer)


async def _is_accepted(room: Room, consumer: Consumer) -> bool:
    """Offer a consumer; return True when the client accepted it and it still exists."""
    consumer.announced = True
    try:
        await consumer.peer.listener.consumer_offered(consumer.offer())
    except (Forbidden, TimeoutError, InvalidState) as error:
        if not consumer.closed:
            what = "consumer %s was not accepted and is closed: %s"
            consumer.peer.log.info(what, consumer.id, error or "no answer")
            # a client that refused does not have it; one that did not answer may have begun to set it up
            consumer.announced = isinstance(error, TimeoutError)
            _withdraw(room, consumer)
    return not consumer.closed


def _withdraw(room: Room, consumer: Consumer) -> None:
    """Close a consumer that was not accepted or not resumed, on the worker and at the client."""
    room.books.forget_consumer(consumer)
    consumer.branch.discard(CloseConsumer(consumer.id))
    if consumer.announced:
        consumer.peer.listener.consumer_closed(consumer.id)


# -- flowing -----------------------------------------------------------------------------------------------


def _resume_soon(room: Room) -> None:
    if not room.offers.resuming:
        room.offers.resuming = True
        room.background.run(_resume_accepted(room))


async def _resume_accepted(room: Room) -> None:
    """Resume accepted consumers, one request after the other; those accepted meanwhile go with the next."""
    accepted = room.offers.accepted
    try:
        while accepted:
            batch = [accepted.popleft() for _ in range(min(len(accepted), RESUMED_AT_ONCE))]
            for branch, here in by_branch(batch):
                await _resume(room, branch, here)
    finally:
        room.offers.resuming = False


async def _resume(room: Room, branch: Branch, consumers: list[Consumer]) -> None:
    def compose() -> ResumeConsumers | None:
        flowing = [consumer for consumer in consumers if not (consumer.closed or consumer.paused)]
        if not flowing:
            return None
        askers = {asker_of(room.id, consumer.producer.peer.id) for consumer in flowing}
        return ResumeConsumers([consumer.id for consumer in flowing], sorted(askers))

    error: MediadError | None = None
    missing: set[str] = set()
    try:
        answer = await branch.ask_later(ResumeConsumers, compose)
        missing.update(answer.missing)
    except InvalidState:
        pass  # none of them is to flow
    except (Unavailable, WorkerDied) as failure:
        error = failure
    except MediadError as failure:
        if len(consumers) > 1:
            for consumer in consumers:
                await _resume(room, branch, [consumer])
            return
        error = failure
    await room.background.turns.take()
    for consumer in consumers:
        if consumer.closed:
            continue
        if error is None and consumer.id not in missing:
            if consumer.score is not None:
                consumer.peer.listener.consumer_score(consumer.id, consumer.score)
            continue
        _withdraw(room, consumer)
        if isinstance(error, Unavailable):
            room.offers.put_off((consumer.peer, consumer.producer), error)
        elif not isinstance(error, WorkerDied):
            what = "consumer %s could not be resumed and is closed, its track is missing here: %s"
            consumer.peer.log.warning(what, consumer.id, error or "the worker does not know it")
