"""The method peer.grant: an operator changes what a peer may do, during its call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from mediad.errors import InvalidInput
from mediad.rooms.inspection import find_peer
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.regrant import regrant
from mediad.supervisor.admin.methods import Table, read

OnOff = Literal["on", "off"]
Names = Annotated[str, msgspec.Meta(max_length=1000)]
Number = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,9}|none)\Z")]

_SWITCHES = {
    "publish": "publish",
    "subscribe": "subscribe",
    "data": "publish_data",
    "admin": "admin",
    "record": "record",
}
"""The grants that are on or off: the names of arguments, and those of fields."""


class _Grant(msgspec.Struct, rename="camel"):
    room_id: str
    peer_id: str
    publish: OnOff | None = None
    subscribe: OnOff | None = None
    data: OnOff | None = None
    admin: OnOff | None = None
    record: OnOff | None = None
    sources: Names | None = None
    codecs: Names | None = None
    max_bitrate_kbps: Number | None = None
    max_producers: Number | None = None
    max_consumers: Number | None = None
    ttl_s: Number | None = None


def table(registry: RoomRegistry, wall_s: Callable[[], float] = time.time) -> Table:
    """Return the method; `wall_s` returns Unix time in seconds."""

    async def grant(data: dict[str, Any]) -> dict[str, Any]:
        wanted = read(data, _Grant)
        room = registry.room(wanted.room_id)
        peer = find_peer(room, wanted.peer_id)
        changes = _changes(wanted, wall_s())
        if not changes:
            raise InvalidInput("nothing to change: name a grant, such as --publish off")
        peer.log.info("an operator changes what it may do")
        regrant(room, peer, changes)
        return {"roomId": room.id, "peerId": peer.id, "grants": peer.grants.to_wire()}

    return {"peer.grant": grant}


def _changes(wanted: _Grant, now_s: float) -> dict[str, Any]:
    """Return the fields of grants that are to change. Raises InvalidInput."""
    changes: dict[str, Any] = {
        field: getattr(wanted, name) == "on"
        for name, field in _SWITCHES.items()
        if getattr(wanted, name) is not None
    }
    if wanted.sources is not None:
        changes["sources"] = _names(wanted.sources)
    if wanted.codecs is not None:
        changes["codecs"] = codecs = _names(wanted.codecs.lower())
        wrong = [name for name in codecs or () if not name.startswith(("audio/", "video/"))]
        if wrong:
            raise InvalidInput(f"codecs: {wrong[0][:50]!r} is none, expected one such as video/vp8")
    if wanted.max_bitrate_kbps is not None:
        kbps = _number(wanted.max_bitrate_kbps)
        if kbps == 0:
            raise InvalidInput("max-bitrate: 0 is no bitrate; --publish off lets nothing be sent")
        changes["max_bitrate_bps"] = None if kbps is None else kbps * 1000
    if wanted.max_producers is not None:
        changes["max_producers"] = _number(wanted.max_producers)
    if wanted.max_consumers is not None:
        changes["max_consumers"] = _number(wanted.max_consumers)
    if wanted.ttl_s is not None:
        ttl_s = _number(wanted.ttl_s)
        changes["expires_at_s"] = None if ttl_s is None else now_s + ttl_s
    return changes


def _number(text: str) -> int | None:
    return None if text == "none" else int(text)


def _names(text: str) -> frozenset[str] | None:
    """Return the names in a list with commas; None for all."""
    return None if text == "all" else frozenset(name for name in text.split(",") if name)
