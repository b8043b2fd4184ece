"""Events of a worker about a room: a table from each event to the rule it triggers.

Events about an object no longer in the books are normal: the worker was told of its end a moment ago. A track
that is piped exists on several workers: its score is that of the worker where it comes in, and of the others
it counts what they want of it. Speakers are observed at home.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from mediad.pipe import events
from mediad.pipe.events import RouterEvent
from mediad.rooms import offers, regrant
from mediad.rooms.branch import Branch
from mediad.rooms.listener import CloseCause, PeerVolume
from mediad.rooms.room import Room

EventT = TypeVar("EventT", bound=RouterEvent)
Rule = Callable[[Room, Branch, Any], None]


def _ice_state(room: Room, branch: Branch, event: events.IceStateChanged) -> None:
    state, final = event.ice_state, ("disconnected", "closed")
    _lose_media(room, event.transport_id, "ICE", state, state in final, event.reason)


def _dtls_state(room: Room, branch: Branch, event: events.DtlsStateChanged) -> None:
    state, final = event.dtls_state, ("failed", "closed")
    _lose_media(room, event.transport_id, "DTLS", state, state in final, event.reason)


def _sctp_state(room: Room, branch: Branch, event: events.SctpStateChanged) -> None:
    """Note a state of SCTP. A failure ends the data channels, as other events tell; media flows on."""
    transport = room.books.transports.get(event.transport_id)
    if transport is None:
        if event.sctp_state == "failed":
            lost = room.pipes.transport_lost(event.transport_id, f"SCTP failed: {event.reason}")
            offers.renew(room, lost)
        return
    state, why = event.sctp_state, f": {event.reason}" if event.reason is not None else ""
    level = logging.INFO if state == "failed" else logging.DEBUG
    transport.peer.log.log(level, "SCTP of transport %s is %s%s", transport.id, state, why)
    room.observer.transport_state(transport.id, "sctp", state)


def _lose_media(
    room: Room, transport_id: str, layer: str, state: str, final: bool, reason: str | None
) -> None:
    """Remove a peer that has lost one of its transports; its client may connect again and get new ones."""
    transport = room.books.transports.get(transport_id)
    if transport is None:
        if final:
            offers.renew(room, room.pipes.transport_lost(transport_id, f"{layer} {state}: {reason}"))
        return
    transport.peer.log.debug("%s of transport %s is %s", layer, transport_id, state)
    room.observer.transport_state(transport_id, layer.lower(), state)
    if final:
        why = f": {reason}" if reason is not None else ""
        room.remove(transport.peer, CloseCause.MEDIA_LOST, f"{layer} {state}{why}")


def _tuple(room: Room, branch: Branch, event: events.TupleLearned) -> None:
    transport = room.books.transports.get(event.transport_id)
    if transport is None:
        return
    if transport.plain is not None:
        transport.plain.tuple, transport.plain.rtcp_tuple = event.tuple, event.rtcp_tuple
    for what, ends in (("RTP", event.tuple), ("RTCP", event.rtcp_tuple)):
        if ends is not None and ends.remote_ip is not None:
            where = f"{ends.remote_ip} port {ends.remote_port}"
            transport.peer.log.debug("%s of transport %s comes from %s", what, transport.id, where)
    room.observer.transport_state(transport.id, "plain", "learned")


def _transport_failed(room: Room, branch: Branch, event: events.TransportFailed) -> None:
    transport = room.books.transports.get(event.transport_id)
    if transport is not None:
        room.observer.transport_state(transport.id, "plain", "failed")
        room.remove(transport.peer, CloseCause.MEDIA_LOST, f"plain transport failed: {event.reason}")
    else:
        offers.renew(room, room.pipes.transport_lost(event.transport_id, event.reason))


def _downlink(room: Room, branch: Branch, event: events.DownlinkChanged) -> None:
    transport = room.books.transports.get(event.transport_id)
    if transport is not None and transport.peer.joined:
        transport.peer.listener.downlink_bandwidth(
            event.desired_bitrate, event.effective_desired_bitrate, event.available_bitrate
        )


def _incoming_exceeded(room: Room, branch: Branch, event: events.IncomingExceeded) -> None:
    """End what a client sends on a transport when it does not keep to its limit; it may begin anew."""
    transport = room.books.transports.get(event.transport_id)
    if transport is None or transport.limit_bps != event.limit_bps:
        return
    kbps, most_kbps = round(event.bitrate_bps / 1000), event.limit_bps // 1000
    reason = f"{kbps} kbit/s were sent where {most_kbps} are allowed (grant maxBitrateBps)"
    transport.peer.log.warning("what it sends on transport %s is ended: %s", transport.id, reason)
    room.observer.grant_refused("maxBitrateBps")
    regrant.end_tracks(room, list(transport.producers.values()), reason)


def _producer_score(room: Room, branch: Branch, event: events.ProducerScoreChanged) -> None:
    producer = room.books.producers.get(event.producer_id)
    if producer is None or producer.branch is not branch:
        return
    producer.score = event.score
    room.pipes.score_changed(producer)
    if any(encoding.score for encoding in producer.score):
        room.observer.media_arrived(producer.transport.id)
    if producer.announced:
        producer.peer.listener.producer_score(producer.id, producer.score)


def _producer_layers(room: Room, branch: Branch, event: events.ProducerLayersWanted) -> None:
    producer = room.books.producers.get(event.producer_id)
    if producer is None:
        return
    if producer.branch is not branch:
        room.pipes.layer_wanted(producer, branch, event.spatial_layer)
        return
    producer.wanted_layer = event.spatial_layer
    if producer.announced:
        producer.peer.listener.producer_layers_wanted(producer.id, event.spatial_layer)


def _consumer_score(room: Room, branch: Branch, event: events.ConsumerScoreChanged) -> None:
    consumer = room.books.consumers.get(event.consumer_id)
    if consumer is None:
        return
    consumer.score = event.score
    if consumer.accepted:
        consumer.peer.listener.consumer_score(consumer.id, event.score)


def _consumer_layers(room: Room, branch: Branch, event: events.ConsumerLayersChanged) -> None:
    consumer = room.books.consumers.get(event.consumer_id)
    if consumer is not None and consumer.announced:
        consumer.peer.listener.consumer_layers_changed(consumer.id, event.layers)


def _data_producer_closed(room: Room, branch: Branch, event: events.DataProducerClosed) -> None:
    producer = room.books.data_producers.get(event.data_producer_id)
    if producer is not None and producer.branch is not branch:
        offers.renew(room, room.pipes.channel_lost(producer.id, branch))
    elif producer is not None:
        log = room.log if producer.peer is None else producer.peer.log
        log.debug("data producer %s is closed: %s", producer.id, event.reason)
        room.books.forget_data_producer(producer)


def _data_consumer_closed(room: Room, branch: Branch, event: events.DataConsumerClosed) -> None:
    consumer = room.books.data_consumers.get(event.data_consumer_id)
    if consumer is not None:
        consumer.peer.log.debug("data consumer %s is closed: %s", consumer.id, event.reason)
        room.books.forget_data_consumer(consumer)
        if consumer.announced:
            consumer.peer.listener.data_consumer_closed(consumer.id)
    else:
        offers.renew(room, room.pipes.channel_lost(event.data_consumer_id, branch))


def _data_message(room: Room, branch: Branch, event: events.DataMessage) -> None:
    room.bot.hear(event.data_consumer_id, event.text)


def _volumes(room: Room, branch: Branch, event: events.SpeakerChanged) -> None:
    if branch is not room.home:
        return
    loudest_first = list(event.others)
    if event.producer_id is not None and event.volume is not None:
        loudest_first.insert(0, events.Volume(event.producer_id, event.volume))
    peaks: dict[str, int] = {}
    for heard in loudest_first:
        if (producer := room.books.producers.get(heard.producer_id)) is not None:
            peaks.setdefault(producer.peer.id, heard.dbov)
    if loudest_first and not peaks:
        return
    volumes = [PeerVolume(peer_id, dbov) for peer_id, dbov in peaks.items()]
    for peer in room.joined_peers():
        peer.listener.speaking_peers(volumes)


def _dominant_speaker(room: Room, branch: Branch, event: events.DominantSpeakerChanged) -> None:
    producer = room.books.producers.get(event.producer_id) if event.producer_id is not None else None
    if (event.producer_id is not None and producer is None) or branch is not room.home:
        return
    for peer in room.joined_peers():
        peer.listener.dominant_speaker(producer.peer.id if producer is not None else None)


def receive(room: Room, branch: Branch, event: RouterEvent) -> None:
    """Apply one event of the room's router on the worker of this branch."""
    if not (room.closed or branch.closed):
        RULES[type(event)](room, branch, event)


def _rule(kind: type[EventT], rule: Callable[[Room, Branch, EventT], None]) -> tuple[type[RouterEvent], Rule]:
    return kind, rule


RULES: dict[type[RouterEvent], Rule] = dict(
    [
        _rule(events.IceStateChanged, _ice_state),
        _rule(events.DtlsStateChanged, _dtls_state),
        _rule(events.SctpStateChanged, _sctp_state),
        _rule(events.TupleLearned, _tuple),
        _rule(events.TransportFailed, _transport_failed),
        _rule(events.IncomingExceeded, _incoming_exceeded),
        _rule(events.DownlinkChanged, _downlink),
        _rule(events.ProducerScoreChanged, _producer_score),
        _rule(events.ProducerLayersWanted, _producer_layers),
        _rule(events.ConsumerScoreChanged, _consumer_score),
        _rule(events.ConsumerLayersChanged, _consumer_layers),
        _rule(events.DataProducerClosed, _data_producer_closed),
        _rule(events.DataConsumerClosed, _data_consumer_closed),
        _rule(events.DataMessage, _data_message),
        _rule(events.SpeakerChanged, _volumes),
        _rule(events.DominantSpeakerChanged, _dominant_speaker),
    ]
)
