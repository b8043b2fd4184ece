"""Grants of tokens over HTTP, where their owners need not be in the room."""

from __future__ import annotations

from mediad.errors import NotFound
from mediad.rooms.grants import Grants
from mediad.rooms.registry import RoomRegistry
from mediad.signaling.access import Admitted


def granted(registry: RoomRegistry, room_id: str, admitted: Admitted) -> Grants:
    """Return the grants of a token in a room, without what an operator has withdrawn from its peer there.

    A peer that is there, and was given the right to record, has it over HTTP too.
    """
    grants, meaning = admitted.grants, admitted.meaning
    if meaning is None or meaning.peer_id is None:
        return grants
    try:
        room = registry.room(room_id)
    except NotFound:
        return grants
    grants = room.ceilings.limit(meaning.peer_id, grants)
    peer = room.peers.get(meaning.peer_id)
    return grants.changed(record=True) if peer is not None and peer.grants.record else grants
