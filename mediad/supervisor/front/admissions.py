"""The number of connections that the front accepts, in all and by address: bookkeeping without I/O.

A process without a free descriptor can neither replace a worker nor answer mediactl nor open a log. So before
that happens, clients that connect are refused, and told to come again. A proxy that is believed has no limit
but that of all: its connections are counted for the clients behind it, once it has told who they are.
"""

from __future__ import annotations

from mediad.addresses import holder_of
from mediad.budgets.budgets import Budgets, cap_refusal
from mediad.budgets.holders import holders_at
from mediad.budgets.holdings import Holdings
from mediad.budgets.refusal import Refusal
from mediad.signaling.server.proxies import Proxies

RESERVED = 128
"""Descriptors kept for clients of the admin socket, the log, webhooks and the daemon itself."""

RESERVED_PER_WORKER = 16
"""Descriptors of a worker's pipes, twice: the old ones may still be open when a new worker is started."""


def connection_limit(descriptors: int, workers: int) -> int:
    """The connections that a process may hold, from its limit of descriptors and its number of workers."""
    return max(descriptors // 8, descriptors - RESERVED - RESERVED_PER_WORKER * workers)


class Admissions:
    """The connections that are open."""

    def __init__(
        self,
        limit: int,
        per_address: int,
        budgets: Budgets | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self.limit = limit
        self.per_address = per_address
        """The limit of one address, 0 for none. It may change at any time; connections that are open stay."""
        self.budgets = budgets or Budgets()
        self.proxies = proxies or Proxies()
        self.count = 0
        self.of_address = Holdings()

    def admit(self, address: str, now_s: float) -> Place | Refusal:
        """Admit one more connection from `address`, or say why not. A local socket has no address."""
        if self.count >= self.limit:
            return self.budgets.refuse(cap_refusal("connections", self.count, self.limit))
        self.count += 1
        place = Place(self)
        if address and not self.proxies.trusts(address):
            refusal = place.belong_to(address, now_s)
            if refusal is not None:
                place.leave()
                return refusal
        return place

    def _share(self, address: str, now_s: float) -> Refusal | None:
        holder = holder_of(address)
        held = self.of_address.of(holder)
        if 0 < self.per_address <= held:
            return self.budgets.refuse(cap_refusal("address_connections", held, self.per_address, holder))
        return self.budgets.spend("connects", holders_at(address), now_s)


class Place:
    """The place of one connection, until it leaves."""

    __slots__ = ("_admissions", "_holder")

    def __init__(self, admissions: Admissions) -> None:
        self._admissions: Admissions | None = admissions
        self._holder: str | None = None

    def belong_to(self, address: str, now_s: float) -> Refusal | None:
        """Count the connection for the client at `address`; a refusal when that has, or makes, too many."""
        admissions = self._admissions
        if admissions is None or self._holder is not None:
            return None
        refusal = admissions._share(address, now_s)
        if refusal is None:
            self._holder = holder_of(address)
            admissions.of_address.add(self._holder)
        return refusal

    def leave(self) -> None:
        """Give the place back; a second call does nothing."""
        admissions, self._admissions = self._admissions, None
        if admissions is not None:
            admissions.count -= 1
            if self._holder is not None:
                admissions.of_address.remove(self._holder)
