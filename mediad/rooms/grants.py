"""Grants: what one peer may do in its room, by its token, or by an operator's word during the call.

They belong to the peer, so that every dialect and API is held to the same. Nothing here knows of tokens.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mediad.errors import Forbidden
from mediad.rooms.sources import meaning, sources_of


class NotGranted(Forbidden):
    """Error: the peer's grants do not allow it; `grant` is the name of the one, as on the wire."""

    def __init__(self, grant: str, reason: str) -> None:
        super().__init__(f"{reason} (grant {grant})")
        self.grant = grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The grants of a peer; without arguments those of a token that says nothing about them."""

    publish: bool = True
    """True when it may send tracks."""
    subscribe: bool = True
    """True when it may receive tracks and data channels."""
    publish_data: bool = True
    """True when it may send on data channels."""
    admin: bool = False
    """True when it may act on others."""
    record: bool = False
    """True when it may have the room recorded."""
    sources: frozenset[str] | None = None
    """The sources whose tracks it may send; None is every source."""
    codecs: frozenset[str] | None = None
    """The codecs that it may send, as MIME types in lower case; None is every codec."""
    max_bitrate_bps: int | None = None
    """The most that it may send, over all its transports together; None: as much as a transport may."""
    max_producers: int | None = None
    """The most tracks that it may send at a time; None: as many as any peer."""
    max_consumers: int | None = None
    """The most tracks that it may receive at a time; None: all that there are."""
    expires_at_s: float | None = None
    """The end of its token, in Unix time; None: it has none."""

    def allows_source(self, source: str) -> bool:
        """True when tracks of a source may be sent, whichever word of it is used here and there."""
        return self.sources is None or meaning(source) in map(meaning, self.sources)

    def allows_codec(self, mime_type: str) -> bool:
        """True when a media codec may be sent; RTX and FEC follow the codecs that they repair."""
        return self.codecs is None or mime_type.lower() in self.codecs

    def require_track(self, kind: str, app_data: dict[str, Any], mime_types: Iterable[str]) -> None:
        """Raise NotGranted for a track that it may not send; `mime_types` are those of its codecs."""
        self.require_publish()
        for source in sorted(sources_of(kind, app_data)):
            if not self.allows_source(source):
                raise NotGranted(
                    "sources", f"tracks of the source {source[:50]!r} may not be sent by this peer"
                )
        for mime_type in _media(mime_types):
            if not self.allows_codec(mime_type):
                raise NotGranted("codecs", f"{mime_type} may not be sent by this peer")

    def require_publish(self) -> None:
        """Raise NotGranted unless it may send tracks."""
        if not self.publish:
            raise NotGranted("publish", "this peer may not send tracks")

    def require_subscribe(self) -> None:
        """Raise NotGranted unless it may receive."""
        if not self.subscribe:
            raise NotGranted("subscribe", "this peer may not receive")

    def require_data(self) -> None:
        """Raise NotGranted unless it may send on data channels."""
        if not self.publish_data:
            raise NotGranted("data", "this peer may not send on data channels")

    def require_producers(self, has: int) -> None:
        """Raise NotGranted when a peer that has this number of producers may have no more."""
        if self.max_producers is not None and has >= self.max_producers:
            raise NotGranted("maxProducers", f"{has} of {self.max_producers} tracks are sent, close some")

    def require_consumers(self, has: int) -> None:
        """Raise NotGranted when a peer that has this number of consumers may have no more."""
        if self.max_consumers is not None and has >= self.max_consumers:
            raise NotGranted("maxConsumers", f"{has} of {self.max_consumers} tracks are received, close some")

    def changed(self, **changes: Any) -> Grants:
        """Return these grants with some of them changed."""
        return dataclasses.replace(self, **changes)

    def narrowed(self, other: Grants) -> Grants:
        """Return what both these and other grants allow."""
        return Grants(
            publish=self.publish and other.publish,
            subscribe=self.subscribe and other.subscribe,
            publish_data=self.publish_data and other.publish_data,
            admin=self.admin and other.admin,
            record=self.record and other.record,
            sources=_common(_meanings(self.sources), _meanings(other.sources)),
            codecs=_common(self.codecs, other.codecs),
            max_bitrate_bps=_least(self.max_bitrate_bps, other.max_bitrate_bps),
            max_producers=_least(self.max_producers, other.max_producers),
            max_consumers=_least(self.max_consumers, other.max_consumers),
            expires_at_s=_least(self.expires_at_s, other.expires_at_s),
        )

    def to_wire(self) -> dict[str, Any]:
        """Return the grants that differ from ALL, in wire spelling."""
        return self.differences(ALL)

    def all_to_wire(self) -> dict[str, Any]:
        """Return all grants in wire spelling; a limit that there is not is None."""
        return {wired: _plain(getattr(self, name)) for name, wired in NAMES.items()}

    def differences(self, other: Grants) -> dict[str, Any]:
        """Return those of these grants that others do not have alike, in wire spelling."""
        mine, others = self.all_to_wire(), other.all_to_wire()
        return {name: value for name, value in mine.items() if value != others[name]}


ALL = Grants(admin=True, record=True)
"""The grants of everyone where no token is needed."""

NAMES = {
    "publish": "publish",
    "subscribe": "subscribe",
    "publish_data": "data",
    "admin": "admin",
    "record": "record",
    "sources": "sources",
    "codecs": "codecs",
    "max_bitrate_bps": "maxBitrateBps",
    "max_producers": "maxProducers",
    "max_consumers": "maxConsumers",
    "expires_at_s": "expiresAtS",
}
"""The names of grants on the wire, by field."""


_REPAIRS = frozenset({"rtx", "red", "ulpfec", "flexfec-03"})
"""The subtypes of codecs that carry other codecs, or repair them."""


def _media(mime_types: Iterable[str]) -> list[str]:
    """Return the codecs that count: not those that repair others, unless there are no others."""
    names = list(mime_types)
    return [name for name in names if name.partition("/")[2].lower() not in _REPAIRS] or names


def _meanings(words: frozenset[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(map(meaning, words))


def _common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _least(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
