"""Changing grants during a call: what a peer may not do any more ends at once, what it may do now begins.

The others are told as when the peer had ended its tracks itself. What is said here stays said when the peer
connects again, as far as it withdraws something (`ceilings.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mediad.errors import Forbidden, MediadError
from mediad.pipe.data_requests import CloseDataConsumer, CloseDataProducer
from mediad.pipe.requests import CloseConsumer, CloseProducer
from mediad.rooms import offers, uplink_shares
from mediad.rooms.entities import Consumer, DataConsumer, Peer, Producer
from mediad.rooms.room import Room


def regrant(room: Room, peer: Peer, changes: dict[str, Any]) -> None:
    """Change these fields of a peer's grants. Raises Full when a withdrawal could not be kept."""
    peer.require_open()
    room.ceilings.note(peer.id, changes)
    before, peer.grants = peer.grants, peer.grants.changed(**changes)
    changed = peer.grants.differences(before)
    if not changed:
        return
    room.expiries.expect(peer)
    peer.log.info("its grants have changed: %s", changed)
    _end_tracks(room, peer)
    _end_channels(room, peer)
    _end_reception(room, peer)
    room.background.run(_settle_uplink(peer))
    peer.listener.grants_changed(peer.grants)
    room.observer.grants_changed(room.id, peer.id, peer.branch.worker_id, changed, peer.grants.to_wire())
    if peer.grants.subscribe:
        offers.begin(room, peer)
        room.offers.freed(peer, _places(room, peer))


def end_tracks(room: Room, producers: Iterable[Producer], reason: str) -> None:
    """End tracks that are not to be sent any more, and tell their senders why."""
    for producer in producers:
        room.books.forget_producer(producer)
        if producer.created:
            producer.branch.discard(CloseProducer(producer.id))
            producer.peer.listener.producer_closed(producer.id, reason)


def _end_tracks(room: Room, peer: Peer) -> None:
    """End the tracks that it may not send, and the newest of too many."""
    sent = [producer for transport in peer.transports.values() for producer in transport.producers.values()]
    kept = 0
    for producer in sent:
        try:
            producer.require_granted()
            peer.grants.require_producers(kept)
            kept += 1
        except Forbidden as error:
            end_tracks(room, [producer], str(error))


async def _settle_uplink(peer: Peer) -> None:
    try:
        await uplink_shares.settle(peer)
    except MediadError as error:
        peer.log.warning("the limit of what it may send could not be told to its worker: %s", error)


def _end_channels(room: Room, peer: Peer) -> None:
    """End the data channels that it may not send on."""
    try:
        peer.grants.require_data()
    except Forbidden as error:
        for transport in peer.transports.values():
            for producer in list(transport.data_producers.values()):
                room.books.forget_data_producer(producer)
                if producer.created:
                    producer.branch.discard(CloseDataProducer(producer.id))
                    peer.listener.data_producer_closed(producer.id, str(error))


def _end_reception(room: Room, peer: Peer) -> None:
    """End what it may not receive, and the newest of too many tracks."""
    received = [
        consumer for transport in peer.transports.values() for consumer in transport.consumers.values()
    ]
    if not peer.grants.subscribe:
        peer.receiving = peer.receiving_data = False
        room.offers.drop(peer)
        for consumer in received:
            _end_consumer(room, consumer)
        for transport in peer.transports.values():
            for data_consumer in list(transport.data_consumers.values()):
                _end_data_consumer(room, data_consumer)
    elif peer.grants.max_consumers is not None:
        surplus = received[peer.grants.max_consumers :]
        for consumer in surplus:
            _end_consumer(room, consumer)
        for consumer in surplus:
            room.offers.refuse(peer, consumer.producer)


def _end_consumer(room: Room, consumer: Consumer) -> None:
    room.books.forget_consumer(consumer)
    consumer.branch.discard(CloseConsumer(consumer.id))
    if consumer.announced:
        consumer.peer.listener.consumer_closed(consumer.id)


def _end_data_consumer(room: Room, consumer: DataConsumer) -> None:
    room.books.forget_data_consumer(consumer)
    consumer.branch.discard(CloseDataConsumer(consumer.id))
    if consumer.announced:
        consumer.peer.listener.data_consumer_closed(consumer.id)


def _places(room: Room, peer: Peer) -> int:
    """Return the number of tracks that it may receive beside those that it does."""
    most = peer.grants.max_consumers
    return len(room.books.producers) if most is None else max(0, most - peer.consumer_count())
