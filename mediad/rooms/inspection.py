"""Inspection of a room by operators: its books as dicts in wire spelling, without asking the worker."""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.errors import NotFound
from mediad.rooms.entities import Consumer, DataConsumer, DataProducer, Peer, Producer, Transport
from mediad.rooms.room import Room
from mediad.rooms.spread_inspection import describe_spread
from mediad.rooms.throttling import describe


def describe_room(room: Room, now_s: float) -> dict[str, Any]:
    """Return a description of a room, and one of each peer. `now_s` is CLOCK_MONOTONIC."""
    return {
        "roomId": room.id,
        "workerId": room.home.worker_id,
        "routerId": room.home.router_id,
        "ageS": _age_s(room.since_s, now_s),
        **describe_spread(room),
        "producers": len(room.books.producers),
        "consumers": len(room.books.consumers),
        "dataProducers": len(room.books.data_producers),
        "dataConsumers": len(room.books.data_consumers),
        "peers": [describe_peer(peer, now_s) for peer in room.peers.values()],
    }


def describe_peer(peer: Peer, now_s: float) -> dict[str, Any]:
    """Return a short description of a peer. `now_s` is CLOCK_MONOTONIC."""
    device = peer.info.device
    return {
        "peerId": peer.id,
        "displayName": peer.info.display_name,
        "device": " ".join(part for part in (device.name, device.version) if part),
        "kind": "client" if peer.keeps_room else "broadcaster",
        "joined": peer.joined,
        "ageS": _age_s(peer.since_s, now_s),
        "transports": list(peer.transports),
        "throttle": None if peer.throttle is None else describe(peer.throttle),
        "grants": peer.grants.to_wire(),
        "producers": peer.producer_count(),
        "consumers": peer.consumer_count(),
        "dataProducers": peer.data_producer_count(),
        "dataConsumers": peer.data_consumer_count(),
    }


def describe_transport(transport: Transport) -> dict[str, Any]:
    """Return the kind of a transport, and of a plain one its path as it is known."""
    path = transport.plain
    if path is None:
        return {"transportId": transport.id, "kind": "webrtc"}
    described: dict[str, Any] = {
        "transportId": transport.id,
        "kind": "plain",
        "comedia": path.comedia,
        "srtp": path.secure,
        "tuple": msgspec.to_builtins(path.tuple),
    }
    if path.rtcp_tuple is not None:
        described["rtcpTuple"] = msgspec.to_builtins(path.rtcp_tuple)
    return described


def describe_tracks(peer: Peer) -> dict[str, Any]:
    """Return the tracks that a peer sends and receives."""
    transports = peer.transports.values()
    return {
        "sends": [_producer(producer) for t in transports for producer in t.producers.values()],
        "receives": [_consumer(consumer) for t in transports for consumer in t.consumers.values()],
    }


def describe_channels(peer: Peer) -> dict[str, Any]:
    """Return the data channels that a peer sends on and receives on."""
    transports = peer.transports.values()
    return {
        "sendsData": [_data_producer(producer) for t in transports for producer in t.data_producers.values()],
        "receivesData": [
            _data_consumer(consumer) for t in transports for consumer in t.data_consumers.values()
        ],
    }


def find_peer(room: Room, peer_id: str) -> Peer:
    """Return the peer of this id. Raises NotFound when none is connected to the room."""
    peer = room.peers.get(peer_id)
    if peer is None:
        raise NotFound(f'peer with id "{peer_id[:100]}" not found in room "{room.id}"')
    return peer


def _producer(producer: Producer) -> dict[str, Any]:
    scores = [entry.score for entry in producer.score]
    return {
        "producerId": producer.id,
        "transportId": producer.transport.id,
        "kind": producer.kind,
        "type": producer.type,
        "paused": producer.paused,
        "score": max(scores, default=None),
        "consumers": len(producer.consumers),
    }


def _consumer(consumer: Consumer) -> dict[str, Any]:
    return {
        "consumerId": consumer.id,
        "producerId": consumer.producer.id,
        "transportId": consumer.transport.id,
        "fromPeerId": consumer.producer.peer.id,
        "kind": consumer.kind,
        "accepted": consumer.accepted,
        "paused": consumer.paused or consumer.producer.paused,
        "pausedBy": [
            *(["sender"] if consumer.producer.paused else []),
            *(["receiver"] if consumer.paused else []),
        ],
        "score": None if consumer.score is None else consumer.score.score,
    }


def _data_producer(producer: DataProducer) -> dict[str, Any]:
    return {
        "dataProducerId": producer.id,
        "label": producer.label,
        "sctpStreamParameters": None if producer.stream is None else producer.stream.to_wire(),
        "dataConsumers": len(producer.consumers),
    }


def _data_consumer(consumer: DataConsumer) -> dict[str, Any]:
    sender = consumer.producer.peer
    return {
        "dataConsumerId": consumer.id,
        "dataProducerId": consumer.producer.id,
        "fromPeerId": None if sender is None else sender.id,
        "label": consumer.producer.label,
        "accepted": consumer.accepted,
    }


def _age_s(since_s: float, now_s: float) -> float:
    return round(now_s - since_s, 1)
