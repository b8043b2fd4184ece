"""Offers: what a peer is offered when it joins, and what the others are when it begins to send.

Offers wait in the room's book. One that the worker had no room for is made again until it succeeds, or until
the sender or the receiver is gone. How tracks are offered is in `track_offers.py`, data channels in
`data_offers.py`.
"""

from __future__ import annotations

from mediad.pipe.data_requests import CloseDataConsumer
from mediad.pipe.requests import CloseConsumer
from mediad.rooms import data_offers, track_offers
from mediad.rooms.bot import LABEL
from mediad.rooms.entities import Consumer, DataProducer, Peer, Producer
from mediad.rooms.offer_queue import Pair
from mediad.rooms.piped import Piped
from mediad.rooms.room import Room


async def make(room: Room, pairs: list[Pair]) -> None:
    """Make the consumers of these pairs, tracks first, and offer them."""
    tracks = [(peer, producer) for peer, producer in pairs if isinstance(producer, Producer)]
    channels = [(peer, producer) for peer, producer in pairs if isinstance(producer, DataProducer)]
    await track_offers.make(room, tracks)
    await data_offers.make(room, channels)


def welcome(room: Room, peer: Peer) -> None:
    """Tell the others of a peer that has just joined, and offer it what they send.

    To be called right after the answer to its join request is on its way: offers must not overtake it.
    """
    if peer.closed:
        return
    room.introduce(peer)
    begin(room, peer)
    if (peer.reception is not None and not peer.receiving) or (peer.takes_data and not peer.receiving_data):
        peer.log.info("nothing is offered until the client has made a transport for consumers")


def begin(room: Room, peer: Peer) -> None:
    """Offer a peer what the others send, once it can receive it.

    To be called whenever it may have become able to, right after the answer that tells it so is on its way.
    """
    if peer.closed:
        return
    if not peer.receiving and peer.can_receive():
        peer.receiving = True
        for producer in room.books.producers.values():
            if producer.announced and producer.peer is not peer and peer.hears in (None, producer.peer.id):
                _want(room, peer, producer)
    if not peer.receiving_data and peer.can_receive_data():
        peer.receiving_data = True
        _want_channels(room, peer)
    room.offers.proceed()


def announce(room: Room, producer: Producer) -> None:
    """Offer a new producer to all other peers.

    To be called right after the answer to its produce request is on its way.
    """
    if producer.closed:
        return
    producer.announced = True
    if producer.score:
        producer.peer.listener.producer_score(producer.id, producer.score)
    if producer.wanted_layer is not None:
        producer.peer.listener.producer_layers_wanted(producer.id, producer.wanted_layer)
    for peer in room.receivers(but=producer.peer):
        _want(room, peer, producer)
    room.hearing.hear(producer)
    room.offers.proceed()


def announce_data(room: Room, peer: Peer, producer: DataProducer) -> None:
    """Offer a peer's new data producer, unless it is the bot's, to the others that take data.

    To be called right after the answer to its produce request is on its way. A client that had not said that
    it takes data has shown it now.
    """
    if producer.closed:
        return
    producer.announced = True
    peer.takes_data = True
    begin(room, peer)
    if producer.label != LABEL:
        for other in room.joined_peers(but=peer):
            if other.receiving_data:
                room.offers.want(other, producer)
    room.offers.proceed()


def renew(room: Room, lost: list[Piped]) -> None:
    """Withdraw what the peers on a branch have lost because a pipe has failed, and offer it again."""
    for piped in lost:
        producer = piped.producer
        for consumer in [c for c in producer.consumers.values() if c.branch is piped.branch]:
            if isinstance(consumer, Consumer):
                room.books.forget_consumer(consumer)
                consumer.branch.discard(CloseConsumer(consumer.id))
                if consumer.announced:
                    consumer.peer.listener.consumer_closed(consumer.id)
            else:
                room.books.forget_data_consumer(consumer)
                consumer.branch.discard(CloseDataConsumer(consumer.id))
                if consumer.announced:
                    consumer.peer.listener.data_consumer_closed(consumer.id)
            room.offers.want(consumer.peer, producer)
        if isinstance(producer, Producer) and producer.announced:
            room.hearing.hear(producer)
    room.offers.proceed()


def _want(room: Room, peer: Peer, producer: Producer) -> None:
    if peer.receiving:
        room.offers.want(peer, producer, room.copies_for(peer))


def _want_channels(room: Room, peer: Peer) -> None:
    """Note that a peer is to be offered the data channels of the others, then the bot's."""
    for producer in room.books.data_producers.values():
        if producer.announced and producer.label != LABEL and producer.peer is not peer:
            room.offers.want(peer, producer)
    voice = room.bot.voice()
    if voice is not None:
        room.offers.want(peer, voice)
