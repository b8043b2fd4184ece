"""What the worker reports about a room, event by event: a table from its name to the rule it triggers.

Events about something no longer in the books are normal, the worker was told of the closure a moment ago.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mediad.rooms.listener import CloseCause
from mediad.rooms.room import Room


def _ice_state(room: Room, data: dict[str, Any]) -> None:
    _lose_media(room, data, "ICE", data["iceState"], ("disconnected", "closed"))


def _dtls_state(room: Room, data: dict[str, Any]) -> None:
    _lose_media(room, data, "DTLS", data["dtlsState"], ("failed", "closed"))


def _lose_media(room: Room, data: dict[str, Any], layer: str, state: str, final: tuple[str, ...]) -> None:
    """A peer without one of its transports is of no use to anybody: it leaves, and may come back whole."""
    transport_id: str = data["transportId"]
    transport = room.transports.get(transport_id)
    if transport is None:
        return
    transport.peer.log.debug("%s of transport %s is %s", layer, transport_id, state)
    room.observer.transport_state(transport_id, layer.lower(), state)
    if state in final:
        why = f": {data['reason']}" if "reason" in data else ""
        room.remove(transport.peer, CloseCause.MEDIA_LOST, f"{layer} {state}{why}")


def _bandwidth(room: Room, data: dict[str, Any]) -> None:
    transport = room.transports.get(data["transportId"])
    if transport is not None and transport.peer.joined:
        transport.peer.listener.downlink_bandwidth(
            data["desiredBitrate"], data["effectiveDesiredBitrate"], data["availableBitrate"]
        )


def _producer_score(room: Room, data: dict[str, Any]) -> None:
    producer = room.producers.get(data["producerId"])
    if producer is None:
        return
    producer.score = data["score"]
    if any(encoding["score"] for encoding in producer.score):
        room.observer.media_arrived(producer.transport.id)
    if producer.announced:
        producer.peer.listener.producer_score(producer.id, producer.score)


def _producer_layers(room: Room, data: dict[str, Any]) -> None:
    producer = room.producers.get(data["producerId"])
    if producer is None:
        return
    producer.wanted_layer = data["spatialLayer"]
    if producer.announced:
        producer.peer.listener.producer_layers_wanted(producer.id, data["spatialLayer"])


def _consumer_score(room: Room, data: dict[str, Any]) -> None:
    consumer = room.consumers.get(data["consumerId"])
    if consumer is None:
        return
    consumer.score = data["score"]
    if consumer.accepted:
        consumer.peer.listener.consumer_score(consumer.id, consumer.score)


def _consumer_layers(room: Room, data: dict[str, Any]) -> None:
    consumer = room.consumers.get(data["consumerId"])
    if consumer is not None and consumer.announced:
        consumer.peer.listener.consumer_layers_changed(consumer.id, data["layers"])


def _speaker(room: Room, data: dict[str, Any]) -> None:
    producer_id = data["producerId"]
    producer = room.producers.get(producer_id) if producer_id is not None else None
    if producer_id is not None and producer is None:
        return
    speaker = producer.peer.id if producer is not None else None
    for peer in room.joined_peers():
        peer.listener.active_speaker(speaker, data.get("volume"))


def receive(room: Room, name: str, data: dict[str, Any]) -> None:
    """One event of the room's router."""
    if room.closed:
        return
    handler = _EVENTS.get(name)
    if handler is None:
        room.log.warning("unknown event %s from the worker", name)
    else:
        handler(room, data)


_EVENTS: dict[str, Callable[[Room, dict[str, Any]], None]] = {
    "transport.iceState": _ice_state,
    "transport.dtlsState": _dtls_state,
    "transport.bandwidth": _bandwidth,
    "producer.score": _producer_score,
    "producer.layers": _producer_layers,
    "consumer.score": _consumer_score,
    "consumer.layers": _consumer_layers,
    "router.speaker": _speaker,
}
