"""Transports of a seat: what its client may ask for about the connections that carry its media."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from mediad.errors import InvalidInput, InvalidState
from mediad.pipe import requests
from mediad.pipe.messages import ReplyT, Request
from mediad.rooms import offers
from mediad.rooms.entities import Peer, Transport
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room
from mediad.rooms.throttling import throttle_new
from mediad.rooms.unknown import Unknown


@dataclass(frozen=True, slots=True)
class NewTransport:
    """A transport as its client is told of it."""

    id: str
    parameters: dict[str, Any]
    """`iceParameters`, `iceCandidates`, `dtlsParameters`; with SCTP `sctpParameters`; in wire spelling."""


class Transports:
    """The requests of one peer about its transports."""

    def __init__(self, room: Room, peer: Peer) -> None:
        self._room = room
        self._peer = peer

    async def create(
        self, *, consuming: bool, force_tcp: bool, enable_sctp: bool = False
    ) -> Reply[NewTransport]:
        """Make a transport; the answer has the parameters by which the client connects to it.

        Consumers are put on the first transport made with `consuming`; when a member makes it, it is offered
        what the others send after the answer. With `enable_sctp` it can have data channels, which cost
        nothing until there is one. Raises OverLimit when the peer has too many, or its address makes too
        many a second, Full when the worker has no room for it.
        """
        peer, branch = self._peer, self._peer.branch
        peer.require_open()
        has, limits = peer.webrtc_transport_count(), self._room.limits
        limits.budgets.require_below("peer_transports", has, limits.transports_per_peer, peer.holder[1])
        self.charge()
        transport = Transport(str(uuid4()), peer, branch, consuming)
        transport.claim = branch.stock.claim("transports", peer.holder, has=has)
        peer.reserved_transports += 1
        try:
            creation = requests.CreateTransport(branch.router_id, transport.id, force_tcp, enable_sctp)
            created = await self.make(transport, creation)
        finally:
            peer.reserved_transports -= 1
        transport.sctp = created.sctp_parameters is not None
        self._room.books.enter_transport(transport)
        made = NewTransport(transport.id, msgspec.to_builtins(created))
        return Reply(made, functools.partial(offers.begin, self._room, peer))

    def charge(self) -> None:
        """Charge the client's address and token for a transport. Raises OverLimit."""
        self._room.limits.budgets.charge("transports", self._peer.holders, time.monotonic())

    async def make(self, transport: Transport, creation: Request[ReplyT]) -> ReplyT:
        """Have the worker make a transport, which is to be entered into the books then.

        Its claim is released when the worker does not make it, or the peer has left meanwhile (InvalidState).
        """
        peer, branch, closing = self._peer, transport.branch, requests.CloseTransport(transport.id)
        try:
            created = await branch.make(creation, closing, about=peer)
            try:
                await throttle_new(transport)
                peer.require_open()
            except BaseException:
                branch.discard(closing)
                raise
        except BaseException:
            transport.claim.release()
            raise
        return created

    async def connect(self, transport_id: str, dtls_parameters: dict[str, Any]) -> Reply[None]:
        """Tell a transport the client's DTLS role and fingerprints.

        Raises InvalidState the second time, and for a plain one.
        """
        transport = self._find_webrtc(transport_id)
        self._room.observer.transport_asked_for(transport.id)
        data = {"transportId": transport.id, "dtlsParameters": dtls_parameters}
        try:
            connect = msgspec.convert(data, requests.ConnectTransport)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"{requests.ConnectTransport.row}: {error}") from None
        await transport.branch.ask(connect, about=transport)
        return Reply(None)

    async def restart_ice(self, transport_id: str) -> Reply[dict[str, Any]]:
        """Answer with new ICE parameters; the old ones are valid until the client uses the new."""
        transport = self._find_webrtc(transport_id)
        answer = await transport.branch.ask(requests.RestartIce(transport.id), about=transport)
        parameters: dict[str, Any] = msgspec.to_builtins(answer.ice_parameters)
        return Reply(parameters)

    async def stats(self, transport_id: str) -> Reply[requests.Statistics]:
        """Answer with the statistics of a transport."""
        transport = self.find(transport_id)
        answer = await transport.branch.ask(requests.GetTransportStats(transport.id), about=transport)
        return Reply(answer.stats)

    def find(self, transport_id: str) -> Transport:
        """Return the peer's transport of this id; raises Unknown when it has none."""
        transport = self._peer.transports.get(transport_id)
        if transport is None or transport.closed:
            raise Unknown("transport", transport_id)
        return transport

    def _find_webrtc(self, transport_id: str) -> Transport:
        transport = self.find(transport_id)
        if transport.plain is not None:
            raise InvalidState(f'transport with id "{transport_id}" is not a WebRtcTransport')
        return transport
