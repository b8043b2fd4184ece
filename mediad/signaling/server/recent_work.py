"""The work that each address has recently caused, with all of its connections together, in bounded memory.

It decides who is served first, and nothing else: a stranger who begins anew with each connection is served
after those who have caused less. Time is an argument.
"""

from __future__ import annotations

HALF_LIFE_US = 2_000_000
"""The time in which half of the work is forgotten."""

MOST_ADDRESSES = 4096
"""The addresses that are remembered. With more, all begin anew, and are served as they came."""

_LITTLE_US = 1_000
"""Work that is forgotten when there is no room."""


class RecentWork:
    """Microseconds of work by address."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, int]] = {}

    def used_us(self, address: str, now_us: int) -> float:
        used_us, at_us = self._entries.get(address, (0.0, now_us))
        return float(used_us * 0.5 ** ((now_us - at_us) / HALF_LIFE_US))

    def charge(self, address: str, cost_us: float, now_us: int) -> None:
        if address not in self._entries and len(self._entries) >= MOST_ADDRESSES:
            self._make_room(now_us)
        self._entries[address] = (self.used_us(address, now_us) + cost_us, now_us)

    def _make_room(self, now_us: int) -> None:
        kept = {
            name: entry for name, entry in self._entries.items() if self.used_us(name, now_us) > _LITTLE_US
        }
        self._entries = kept if len(kept) < MOST_ADDRESSES // 2 else {}
