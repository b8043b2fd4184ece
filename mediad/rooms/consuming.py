"""Consuming: what a seat's client may ask for about the tracks that it receives."""

from __future__ import annotations

from mediad.errors import NotFound
from mediad.pipe import requests
from mediad.rooms.entities import Consumer, Peer
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room


class Consuming:
    """The requests of one peer about its consumers."""

    def __init__(self, room: Room, peer: Peer) -> None:
        self._room = room
        self._peer = peer

    async def pause(self, consumer_id: str) -> Reply[None]:
        """Stop receiving a track for now."""
        consumer = self._find(consumer_id)
        consumer.paused = True
        await consumer.branch.ask(requests.PauseConsumer(consumer.id), about=consumer)
        return Reply(None)

    async def resume(self, consumer_id: str) -> Reply[None]:
        """Undo a pause. Before the client has accepted the consumer this is only remembered."""
        consumer = self._find(consumer_id)
        consumer.paused = False
        if consumer.accepted:
            await consumer.branch.ask(requests.ResumeConsumer(consumer.id), about=consumer)
        return Reply(None)

    async def set_preferred_layers(
        self, consumer_id: str, spatial_layer: int, temporal_layer: int | None
    ) -> Reply[None]:
        """Set the highest layers to send, None for every temporal one; single layers stay."""
        consumer = self._find(consumer_id)
        request = requests.SetPreferredLayers(consumer.id, spatial_layer, temporal_layer)
        await consumer.branch.ask(request, about=consumer)
        return Reply(None)

    async def set_priority(self, consumer_id: str, priority: int) -> Reply[None]:
        """Set the weight of a consumer when bandwidth is short: 1, the default, or more."""
        consumer = self._find(consumer_id)
        await consumer.branch.ask(requests.SetPriority(consumer.id, priority), about=consumer)
        return Reply(None)

    async def request_key_frame(self, consumer_id: str) -> Reply[None]:
        """Ask the sender for a key frame; do nothing for audio."""
        consumer = self._find(consumer_id)
        if consumer.kind == "video":
            await consumer.branch.ask(requests.RequestKeyFrame(consumer.id), about=consumer)
        return Reply(None)

    async def stats(self, consumer_id: str) -> Reply[requests.Statistics]:
        """Answer with the statistics of a consumer and of the stream it comes from."""
        consumer = self._find(consumer_id)
        answer = await consumer.branch.ask(requests.GetConsumerStats(consumer.id), about=consumer)
        return Reply(answer.stats)

    def _find(self, consumer_id: str) -> Consumer:
        consumer = self._room.books.consumers.get(consumer_id)
        if consumer is None or consumer.peer is not self._peer or not consumer.announced:
            raise NotFound(f'consumer with id "{consumer_id}" not found')
        return consumer
