"""Offering tracks: negotiate, create paused, ask the client, and only then let it flow.

The reference implementation leaves a consumer behind when the client refuses or never answers; here it is
closed.
"""

from __future__ import annotations

from uuid import uuid4

from mediad.errors import Forbidden, InvalidState, MediadError
from mediad.ortc.negotiation import can_consume, consumer_parameters
from mediad.rooms.entities import Consumer, Peer, Producer
from mediad.rooms.room import Room


def welcome(room: Room, peer: Peer) -> None:
    """Tell the others of a peer that has just joined, and offer it what they send.

    To be called right after the answer to its join request is on its way: offers must not overtake it.
    """
    if peer.closed:
        return
    room.introduce(peer)
    for producer in room.producers.values():
        if producer.announced and producer.peer is not peer:
            _start_offers(room, producer, peer)


def announce(room: Room, producer: Producer) -> None:
    """Offer a new producer to everybody else.

    To be called right after the answer to its produce request is on its way.
    """
    if producer.closed:
        return
    producer.announced = True
    if producer.score:
        producer.peer.listener.producer_score(producer.id, producer.score)
    if producer.wanted_layer is not None:
        producer.peer.listener.producer_layers_wanted(producer.id, producer.wanted_layer)
    for peer in room.joined_peers(but=producer.peer):
        _start_offers(room, producer, peer)


def _start_offers(room: Room, producer: Producer, peer: Peer) -> None:
    """All at once: a joiner of a large room must not wait for one answer after the other."""
    for _ in range(room.copies_for(peer)):
        room.background.run(_offer(room, producer, peer))


async def _offer(room: Room, producer: Producer, peer: Peer) -> None:
    """Runs until the client has answered; what goes wrong on the way is nobody else's business."""
    consumer = _negotiate(producer, peer)
    if consumer is None:
        return
    try:
        room.enter_consumer(consumer)
        if await _create(room, consumer) and await _ask(room, consumer):
            await _start(room, consumer)
    except MediadError as error:
        if not consumer.closed:
            peer.log.warning("consumer %s of producer %s failed: %s", consumer.id, producer.id, error)
            _withdraw(room, consumer)


def _negotiate(producer: Producer, peer: Peer) -> Consumer | None:
    """None when the peer cannot or will not receive this track, or either is gone by now."""
    if peer.closed or producer.closed or peer.capabilities is None:
        return None
    transport = peer.receiving_transport()
    if transport is None:
        peer.log.warning("producer %s is not offered: no transport to consume on", producer.id)
        return None
    if not can_consume(producer.consumable, peer.capabilities):
        peer.log.info("producer %s is not offered: no codec in common", producer.id)
        return None
    ssrc = transport.take_ssrc()
    parameters = consumer_parameters(
        producer.consumable, peer.capabilities, enable_rtx=True, ssrc=ssrc, mid=transport.take_mid()
    )
    return Consumer(str(uuid4()), producer, transport, ssrc, parameters.to_wire())


async def _create(room: Room, consumer: Consumer) -> bool:
    """Make it on the worker, paused. False when it was closed meanwhile."""
    producer = consumer.producer
    answer = await room.make(
        "consumer",
        {
            "transportId": consumer.transport.id,
            "consumerId": consumer.id,
            "producerId": producer.id,
            "kind": producer.kind,
            "type": producer.type,
            "rtpParameters": consumer.rtp_parameters,
            "consumableRtpEncodings": [encoding.to_wire() for encoding in producer.consumable.encodings],
            "paused": True,
            "ignoreDtx": True,
        },
    )
    if consumer.closed:
        room.discard("consumer", consumer.id)
        return False
    # an event that has overtaken the answer is the newer of the two
    consumer.score = consumer.score or answer["score"]
    consumer.announced = True
    return True


async def _ask(room: Room, consumer: Consumer) -> bool:
    """Offer it to the client. True when it was accepted and still exists."""
    listener = consumer.peer.listener
    try:
        await listener.consumer_offered(consumer.offer())
    except (Forbidden, TimeoutError, InvalidState) as error:
        if not consumer.closed:
            consumer.peer.log.info("consumer %s not accepted: %s", consumer.id, error or "no answer")
            # a client that refused knows; one that did not answer may have set up half of it
            consumer.announced = isinstance(error, TimeoutError)
            _withdraw(room, consumer)
    return not consumer.closed


async def _start(room: Room, consumer: Consumer) -> None:
    consumer.accepted = True
    if not consumer.paused:
        await room.ask("consumer.resume", {"consumerId": consumer.id})
    if not consumer.closed:
        consumer.peer.listener.consumer_score(consumer.id, consumer.score)


def _withdraw(room: Room, consumer: Consumer) -> None:
    """It did not come about: neither the worker nor the client keeps it."""
    room.forget_consumer(consumer)
    room.discard("consumer", consumer.id)
    if consumer.announced:
        consumer.peer.listener.consumer_closed(consumer.id)
