"""SCTP stream parameters, from and to their JSON form: a channel's stream, and how reliable it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediad.errors import InvalidInput
from mediad.ortc.fields import Fields

MAX_STREAM_ID = 65_534
"""RFC 8831 section 6.2: 65535 is reserved."""

_MAX_LIMIT = 65_535  # unsigned short in the browsers' API


@dataclass(frozen=True, slots=True)
class SctpStreamParameters:
    """The stream of one direction of a data channel; at most one of the limits is set, and only unordered."""

    stream_id: int
    ordered: bool = True
    max_packet_life_time_ms: int | None = None
    """The time for which a message is sent again; None: until it arrives."""
    max_retransmits: int | None = None
    """The number of times a message is sent again; None: until it arrives."""

    @classmethod
    def from_wire(cls, data: object, path: str = "sctpStreamParameters") -> SctpStreamParameters:
        """Return the parameters in `data`; with a limit and nothing about order they are unordered.

        Raises InvalidInput, also for both limits at once and for a limit of an ordered stream.
        """
        fields = Fields(data, path)
        stream_id = fields.integer("streamId", 0, MAX_STREAM_ID)
        life_time_ms = fields.optional_integer("maxPacketLifeTime", 0, _MAX_LIMIT)
        retransmits = fields.optional_integer("maxRetransmits", 0, _MAX_LIMIT)
        limited = life_time_ms is not None or retransmits is not None
        ordered = fields.boolean("ordered", default=not limited)
        if life_time_ms is not None and retransmits is not None:
            raise InvalidInput(f"{path}: give either maxPacketLifeTime or maxRetransmits, not both")
        if ordered and limited:
            raise InvalidInput(f"{path}: a stream with ordered: true has no limits, leave one of them out")
        return cls(stream_id, ordered, life_time_ms, retransmits)

    def to_wire(self) -> dict[str, Any]:
        """Return the parameters as clients know them; limits that are not set are left out."""
        limits = {"maxPacketLifeTime": self.max_packet_life_time_ms, "maxRetransmits": self.max_retransmits}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        return {"streamId": self.stream_id, "ordered": self.ordered, **given}
