"""Seat: a peer's place in a room, and everything its client may ask for there.

Each method checks the rule, asks the worker once, and keeps the books. It returns a Reply: what the client is
answered, and what the room does right behind that answer. Requests of one peer run side by side. What keeps
them consistent: books change without suspension, either before the worker is asked (claims, limits) or after
it has answered, and whoever was suspended looks at `closed` again.
"""

from __future__ import annotations

import functools
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from mediad.errors import InvalidInput, InvalidState, NotFound
from mediad.ortc.acceptance import AcceptedProducer, accept_producer
from mediad.ortc.parameters import MAX_ENCODINGS, RtpParameters
from mediad.pipe import requests
from mediad.pipe import rtp as pipe
from mediad.pipe.messages import Request
from mediad.rooms import offers
from mediad.rooms.entities import Consumer, Producer, Transport, draw_ssrc
from mediad.rooms.listener import Device, PeerInfo, PeerListener
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room

_MAX_APP_DATA_BYTES = 16 * 1024
"""appData is copied to everybody in the room; it carries labels, not content."""


@dataclass(frozen=True, slots=True)
class NewTransport:
    """A transport as its client is told of it."""

    id: str
    parameters: dict[str, Any]
    """`iceParameters`, `iceCandidates` and `dtlsParameters`, in wire spelling."""


class Seat:
    """Taken when the client connects, given up with `leave`."""

    def __init__(
        self,
        room: Room,
        peer_id: str,
        listener: PeerListener,
        consumer_replicas: int = 0,
        address: str = "unknown",
    ) -> None:
        """`address` is whose share of the worker it uses. Raises Full when that is used up."""
        self.room = room
        self.peer = room.attach(peer_id, listener, address)
        self.peer.wanted_replicas = consumer_replicas

    def leave(self) -> None:
        """The client is gone. Returns at once; what it had is closed on the worker in the background."""
        self.room.leave(self.peer)

    # -- membership ----------------------------------------------------------------------------------------

    def router_capabilities(self) -> Reply[dict[str, Any]]:
        """Answer with the RTP capabilities of the room, in wire spelling."""
        return Reply(self.room.capabilities.to_wire())

    def join(
        self, display_name: str, device: Device, capabilities: dict[str, Any] | None
    ) -> Reply[list[PeerInfo]]:
        """Become a member; the answer is the others. Behind it the others hear of this peer, and it is
        offered what they send.

        `capabilities` are the client's RTP capabilities, None for one that only sends. Raises InvalidState
        the second time, InvalidInput for malformed capabilities.
        """
        peer = self.peer
        self._require_open()
        if peer.joined:
            raise InvalidState("Peer already joined")
        peer.reception = None if capabilities is None else self.room.receptions.of(capabilities)
        peer.info = PeerInfo(peer.id, display_name, device)
        peer.joined = True
        self.room.joins.met(peer)
        peer.log.info("peer joined as %s", display_name)
        self.room.observer.peer_joined(self.room.id, peer.id, peer.branch.worker_id, display_name)
        others = [other.info for other in self.room.joined_peers(but=peer)]
        return Reply(others, functools.partial(offers.welcome, self.room, peer))

    def rename(self, display_name: str) -> Reply[None]:
        """Change what the others see; they are told before the answer."""
        self._require_open()
        self._require_joined()
        old = self.peer.info
        self.peer.info = PeerInfo(old.id, display_name, old.device)
        for other in self.room.joined_peers(but=self.peer):
            other.listener.display_name_changed(old.id, display_name, old.display_name)
        return Reply(None)

    # -- transports ----------------------------------------------------------------------------------------

    async def create_transport(self, *, consuming: bool, force_tcp: bool) -> Reply[NewTransport]:
        """Make a transport; the answer is what its client needs to connect to it.

        Consumers are put on the first transport made with `consuming`. Raises InvalidState when the peer has
        too many, Full when the worker does, or its address.
        """
        peer, branch = self.peer, self.peer.branch
        self._require_open()
        has = len(peer.transports) + peer.reserved_transports
        if has >= self.room.limits.transports_per_peer:
            raise InvalidState(f"too many transports: {has} of {has} are open, close some")
        transport = Transport(str(uuid4()), peer, branch, consuming)
        transport.claim = branch.stock.claim("transports", peer.holder, has=has)
        peer.reserved_transports += 1
        try:
            created = await branch.make(
                requests.CreateTransport(branch.router_id, transport.id, force_tcp),
                requests.CloseTransport(transport.id),
                about=peer,
            )
        except BaseException:
            transport.claim.release()
            raise
        finally:
            peer.reserved_transports -= 1
        if peer.closed:
            transport.claim.release()
            branch.discard(requests.CloseTransport(transport.id))
            raise InvalidState("peer closed")
        self.room.books.enter_transport(transport)
        return Reply(NewTransport(transport.id, msgspec.to_builtins(created)))

    async def connect_transport(self, transport_id: str, dtls_parameters: dict[str, Any]) -> Reply[None]:
        """Tell a transport the client's DTLS role and fingerprints; InvalidState the second time."""
        transport = self._transport(transport_id)
        self.room.observer.transport_asked_for(transport.id)
        data = {"transportId": transport.id, "dtlsParameters": dtls_parameters}
        try:
            connect = msgspec.convert(data, requests.ConnectTransport)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"{requests.ConnectTransport.row}: {error}") from None
        await transport.branch.ask(connect, about=transport)
        return Reply(None)

    async def restart_ice(self, transport_id: str) -> Reply[dict[str, Any]]:
        """Answer with new ICE parameters; the old ones hold until the client uses the new."""
        transport = self._transport(transport_id)
        answer = await transport.branch.ask(requests.RestartIce(transport.id), about=transport)
        parameters: dict[str, Any] = msgspec.to_builtins(answer.ice_parameters)
        return Reply(parameters)

    # -- producers -----------------------------------------------------------------------------------------

    async def produce(
        self, transport_id: str, kind: str, rtp_parameters: dict[str, Any], app_data: dict[str, Any]
    ) -> Reply[Producer]:
        """Start sending a track; the answer is its producer. Behind it the others are offered the track.

        Raises InvalidInput or Unsupported when this room cannot have it, InvalidState when the peer is no
        member or went away meanwhile.
        """
        self._require_joined()
        if len(msgspec.json.encode(app_data)) > _MAX_APP_DATA_BYTES:
            raise InvalidInput(f"appData is larger than {_MAX_APP_DATA_BYTES} bytes")
        transport = self._transport(transport_id)
        has = self.peer.producer_count()
        if has >= self.room.limits.producers_per_peer:
            raise InvalidState(f"too many producers: {has} of {has} are open, close some")
        accepted = self._accept(transport, kind, RtpParameters.from_wire(rtp_parameters))
        producer = Producer(
            str(uuid4()), accepted.kind, accepted.type, transport, accepted.consumable, app_data
        )
        _claim(producer, accepted.rtp_parameters)
        try:
            producer.claim = transport.branch.stock.claim("producers", self.peer.holder, has=has)
        except BaseException:
            transport.claims.release(producer.id)
            raise
        self.room.books.enter_producer(producer)
        try:
            await self._create_producer(producer, accepted)
        except BaseException:
            self.room.books.forget_producer(producer)
            raise
        if producer.closed:
            producer.branch.discard(requests.CloseProducer(producer.id))
            raise InvalidState("peer closed")
        producer.created = True
        return Reply(producer, functools.partial(offers.announce, self.room, producer))

    def _accept(self, transport: Transport, kind: str, parameters: RtpParameters) -> AcceptedProducer:
        return accept_producer(
            kind,
            parameters,
            self.room.capabilities,
            cname=transport.cname or parameters.rtcp.cname or secrets.token_hex(4),
            mapped_ssrc=draw_ssrc(MAX_ENCODINGS),
        )

    async def _create_producer(self, producer: Producer, accepted: AcceptedProducer) -> None:
        creation = requests.CreateProducer(
            transport_id=producer.transport.id,
            producer_id=producer.id,
            kind=accepted.kind,
            rtp_parameters=pipe.RtpParameters.from_wire(accepted.rtp_parameters.to_wire()),
            rtp_mapping=pipe.RtpMapping.of(accepted.mapping.payload_types),
            levels=accepted.kind == "audio",
        )
        await producer.branch.make(creation, requests.CloseProducer(producer.id), about=producer)

    async def close_producer(self, producer_id: str) -> Reply[None]:
        """End a track; its receivers are told."""
        producer = self._producer(producer_id)
        self.room.books.forget_producer(producer)
        await producer.branch.ask(requests.CloseProducer(producer.id))
        return Reply(None)

    async def pause_producer(self, producer_id: str) -> Reply[None]:
        """Stop forwarding a track; the others are told once."""
        producer = self._producer(producer_id)
        if not producer.paused:
            producer.paused = True
            for consumer in producer.announced_consumers():
                consumer.peer.listener.consumer_paused(consumer.id)
        await producer.branch.ask(requests.PauseProducer(producer.id), about=producer)
        return Reply(None)

    async def resume_producer(self, producer_id: str) -> Reply[None]:
        """Undo a pause."""
        producer = self._producer(producer_id)
        if producer.paused:
            producer.paused = False
            for consumer in producer.announced_consumers():
                consumer.peer.listener.consumer_resumed(consumer.id)
        await producer.branch.ask(requests.ResumeProducer(producer.id), about=producer)
        return Reply(None)

    # -- consumers -----------------------------------------------------------------------------------------

    async def pause_consumer(self, consumer_id: str) -> Reply[None]:
        consumer = self._consumer(consumer_id)
        consumer.paused = True
        await consumer.branch.ask(requests.PauseConsumer(consumer.id), about=consumer)
        return Reply(None)

    async def resume_consumer(self, consumer_id: str) -> Reply[None]:
        """Undo a pause. Before the client has accepted the consumer this is only remembered."""
        consumer = self._consumer(consumer_id)
        consumer.paused = False
        if consumer.accepted:
            await consumer.branch.ask(requests.ResumeConsumer(consumer.id), about=consumer)
        return Reply(None)

    async def set_preferred_layers(
        self, consumer_id: str, spatial_layer: int, temporal_layer: int | None
    ) -> Reply[None]:
        """The highest layers to send, None for every temporal one. Without effect on single-layer tracks."""
        consumer = self._consumer(consumer_id)
        request = requests.SetPreferredLayers(consumer.id, spatial_layer, temporal_layer)
        await consumer.branch.ask(request, about=consumer)
        return Reply(None)

    async def set_priority(self, consumer_id: str, priority: int) -> Reply[None]:
        """Its weight when bandwidth is short: 1, the default, or more."""
        consumer = self._consumer(consumer_id)
        await consumer.branch.ask(requests.SetPriority(consumer.id, priority), about=consumer)
        return Reply(None)

    async def request_key_frame(self, consumer_id: str) -> Reply[None]:
        """Ask the sender for one; audio has none, and that is fine."""
        consumer = self._consumer(consumer_id)
        if consumer.kind == "video":
            await consumer.branch.ask(requests.RequestKeyFrame(consumer.id), about=consumer)
        return Reply(None)

    # -- statistics ----------------------------------------------------------------------------------------

    async def transport_stats(self, transport_id: str) -> Reply[requests.Statistics]:
        transport = self._transport(transport_id)
        return await self._stats(requests.GetTransportStats(transport.id), transport)

    async def producer_stats(self, producer_id: str) -> Reply[requests.Statistics]:
        producer = self._producer(producer_id)
        return await self._stats(requests.GetProducerStats(producer.id), producer)

    async def consumer_stats(self, consumer_id: str) -> Reply[requests.Statistics]:
        consumer = self._consumer(consumer_id)
        return await self._stats(requests.GetConsumerStats(consumer.id), consumer)

    async def _stats(
        self, request: Request[requests.Stats], about: Transport | Producer | Consumer
    ) -> Reply[requests.Statistics]:
        return Reply((await about.branch.ask(request, about)).stats)

    # -- looking up ----------------------------------------------------------------------------------------

    def _require_open(self) -> None:
        if self.peer.closed:
            raise InvalidState("peer closed")

    def _require_joined(self) -> None:
        if not self.peer.joined:
            raise InvalidState("Peer not yet joined")

    def _transport(self, transport_id: str) -> Transport:
        transport = self.peer.transports.get(transport_id)
        if transport is None or transport.closed:
            raise NotFound(f'transport with id "{transport_id}" not found')
        return transport

    def _producer(self, producer_id: str) -> Producer:
        producer = self.room.books.producers.get(producer_id)
        if producer is None or producer.peer is not self.peer or not producer.created:
            raise NotFound(f'producer with id "{producer_id}" not found')
        return producer

    def _consumer(self, consumer_id: str) -> Consumer:
        consumer = self.room.books.consumers.get(consumer_id)
        if consumer is None or consumer.peer is not self.peer or not consumer.announced:
            raise NotFound(f'consumer with id "{consumer_id}" not found')
        return consumer


def _claim(producer: Producer, parameters: RtpParameters) -> None:
    """Claim the streams on the producer's transport, whose CNAME is settled with the first that may."""
    encodings = parameters.encodings
    producer.transport.claims.claim(
        producer.id,
        parameters.mid,
        [ssrc for e in encodings for ssrc in (e.ssrc, e.rtx_ssrc) if ssrc is not None],
        [encoding.rid for encoding in encodings if encoding.rid is not None],
    )
    producer.transport.cname = parameters.rtcp.cname or ""
