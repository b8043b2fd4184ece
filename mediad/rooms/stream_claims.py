"""Claims of a transport's producers to RTP streams: SSRCs, MIDs and RIDs, each of one owner.

Incoming packets are told apart by these alone, so a second claim must be refused before the worker is asked,
and a closed producer must release its claims at once: browsers use m-sections again, with their names.
"""

from __future__ import annotations

from collections.abc import Iterable

from mediad.errors import InvalidInput


class StreamClaims:
    """The claims of all producers on one transport."""

    def __init__(self) -> None:
        self._ssrcs: dict[int, str] = {}
        self._mids: dict[str, str] = {}
        self._rids: dict[str, str] = {}

    def claim(self, producer_id: str, mid: str | None, ssrcs: Iterable[int], rids: Iterable[str]) -> None:
        """Claim all or nothing; raises InvalidInput naming the first clash.

        `ssrcs` are those of media and RTX alike. Producers with MIDs may share RIDs, the MID decides first;
        without one a RID must be unique.
        """
        ssrcs, rids = list(ssrcs), list(rids)
        self._check(mid, ssrcs, rids)
        if mid:
            self._mids[mid] = producer_id
        for ssrc in ssrcs:
            self._ssrcs[ssrc] = producer_id
        for rid in rids:
            self._rids.setdefault(rid, producer_id)

    def _check(self, mid: str | None, ssrcs: list[int], rids: list[str]) -> None:
        taken: set[int] = set()
        for ssrc in ssrcs:
            if ssrc in self._ssrcs or ssrc in taken:
                raise InvalidInput(f"ssrc already exists in RTP listener [ssrc:{ssrc}]")
            taken.add(ssrc)
        if mid and mid in self._mids:
            raise InvalidInput(f"MID already exists in RTP listener [mid:{mid}]")
        if mid:
            return
        for rid in rids:
            if rid in self._rids:
                raise InvalidInput(f"RID already exists in RTP listener and there is no MID [rid:{rid}]")

    def release(self, producer_id: str) -> None:
        """Release all claims of this producer, if it has any."""
        self._ssrcs = {ssrc: owner for ssrc, owner in self._ssrcs.items() if owner != producer_id}
        self._mids = {mid: owner for mid, owner in self._mids.items() if owner != producer_id}
        self._rids = {rid: owner for rid, owner in self._rids.items() if owner != producer_id}
