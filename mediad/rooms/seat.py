"""Seat: a peer's place in a room: its membership, and by subject all other requests of its client.

Each method, here and in `transports.py`, `plain_transports.py`, `producing.py`, `consuming.py` and `data.py`,
checks the rule, asks the worker once, and keeps the books. It returns a Reply: the answer to the client, and
the room's action right after that answer. Requests of one peer run side by side. They stay consistent because
books change without suspension, either before the worker is asked (claims, limits) or after it has answered,
and because code that was suspended looks at `closed` again.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from mediad.errors import InvalidState
from mediad.rooms import offers
from mediad.rooms.branch import Branch
from mediad.rooms.consuming import Consuming
from mediad.rooms.data import Data
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.listener import Device, PeerInfo, PeerListener
from mediad.rooms.plain_transports import PlainTransports
from mediad.rooms.producing import Producing
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room
from mediad.rooms.throttling import Throttling
from mediad.rooms.transports import Transports


class Seat:
    """The seat of a client, from its connection until `leave`."""

    def __init__(
        self,
        room: Room,
        peer_id: str,
        listener: PeerListener,
        consumer_replicas: int = 0,
        address: str | None = None,
        *,
        branch: Branch | None = None,
        keeps_room: bool = True,
        grants: Grants = ALL,
    ) -> None:
        """Take a seat, on the share of the worker that `address` has. Raises Full when that is used up.

        `grants` are those of the client's token; what an operator has withdrawn stays withdrawn.
        """
        self.room = room
        self.peer = room.attach(peer_id, listener, address, branch=branch, keeps_room=keeps_room)
        self.peer.grants = room.ceilings.limit(peer_id, grants)
        room.expiries.expect(self.peer)
        self.peer.wanted_replicas = consumer_replicas
        self.transports = Transports(room, self.peer)
        self.plain_transports = PlainTransports(room, self.peer, self.transports)
        self.producing = Producing(room, self.peer, self.transports)
        self.consuming = Consuming(room, self.peer, self.transports)
        self.data = Data(room, self.peer, self.transports)
        self.throttling = Throttling(room, self.peer)

    def tell_through(self, listener: PeerListener) -> None:
        """Use another listener from now on, for a client that has not joined and so was told nothing yet."""
        if self.peer.joined:
            raise InvalidState("Peer already joined")
        self.peer.listener = listener

    def renew(self, grants: Grants) -> None:
        """Note another token that the client has brought: its end counts if it is later, and nothing else."""
        peer, later = self.peer, grants.expires_at_s
        mine = peer.grants.expires_at_s
        if mine is not None and (later is None or later > mine):
            peer.grants = peer.grants.changed(expires_at_s=later)
            self.room.expiries.expect(peer)

    def leave(self) -> None:
        """Give the seat up. Returns at once; the worker closes the client's objects in the background."""
        self.room.leave(self.peer)

    # -- membership ----------------------------------------------------------------------------------------

    def router_capabilities(self) -> Reply[dict[str, Any]]:
        """Answer with the RTP capabilities of the room, in wire spelling."""
        return Reply(self.room.capabilities.to_wire())

    def join(
        self,
        display_name: str,
        device: Device,
        capabilities: dict[str, Any] | None,
        *,
        account: dict[str, str] | None = None,
        resumes_itself: bool = False,
        takes_data: bool = False,
    ) -> Reply[list[PeerInfo]]:
        """Join the call; the answer is the other peers.

        After it the others are told of this peer, and it is offered their tracks. `capabilities` are the
        client's RTP capabilities, None for one that only sends, or that gives them later. A client that
        `resumes_itself` gets nothing of a track before it has resumed its consumer; one that `takes_data` is
        offered data channels, too. Raises InvalidState the second time, InvalidInput for malformed
        capabilities.
        """
        peer = self.peer
        peer.require_open()
        if peer.joined:
            raise InvalidState("Peer already joined")
        peer.reception = None if capabilities is None else self.room.receptions.of(capabilities)
        peer.info = dataclasses.replace(
            peer.info, display_name=display_name, device=device, account=account or {}
        )
        peer.resumes_itself = resumes_itself
        peer.takes_data = takes_data
        peer.joined = True
        self.room.joins.met(peer)
        peer.log.info("peer joined as %s", display_name)
        self.room.observer.peer_joined(self.room.id, peer.id, peer.branch.worker_id, display_name)
        others = [other.info for other in self.room.joined_peers(but=peer)]
        return Reply(others, functools.partial(offers.welcome, self.room, peer))

    def set_capabilities(self, capabilities: dict[str, Any]) -> Reply[None]:
        """Note what a client that has joined can receive; after the answer it is offered the others' tracks.

        Raises InvalidState when it has said something else before, InvalidInput for malformed capabilities.
        """
        peer = self.peer
        peer.require_open()
        peer.require_joined()
        reception = self.room.receptions.of(capabilities)
        if peer.reception not in (None, reception):
            raise InvalidState("other RTP capabilities were given before")
        peer.reception = reception
        return Reply(None, functools.partial(offers.begin, self.room, peer))

    def rename(self, display_name: str) -> Reply[None]:
        """Change the name that the others see; they are told before the answer."""
        self.peer.require_open()
        self.peer.require_joined()
        old = self.peer.info
        self.peer.info = dataclasses.replace(old, display_name=display_name)
        for other in self.room.joined_peers(but=self.peer):
            other.listener.display_name_changed(old.id, display_name, old.display_name)
        return Reply(None)
