"""Shares of what a worker holds: however much one holder takes, a stranger finds room.

One rule, for addresses and rooms alike: where a part f of a table is free, nobody may hold more than
GENEROSITY f² of it. So it bites only when more than half is used. A holder alone gets six tenths, seven
of what is essential. Those who come one after the other, each to take all it gets, leave a part of
about 1 / (GENEROSITY * their number): with a share in proportion to what is free, seven of them would
leave nothing. An address may be that of a company or a proxy: as its share runs out, its clients get
fewer each, so that those who need two transports still get them when others have taken sixteen; and for
what a client cannot do without, the share is twice as large.

Only what is alive is counted, and forgotten with the last thing a holder gives back: the book is never larger
than the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from mediad import capacity
from mediad.errors import Full

GENEROSITY = 4
ESSENTIAL_GENEROSITY = 8

ADDRESS, ROOM, ALL = "address", "room", "all"
"""Kinds of holders; the last is everybody together."""

Holder = tuple[str, str]
"""Its kind, and which."""


@dataclass(frozen=True, slots=True)
class Size:
    """One kind of thing."""

    capacity: int
    essential: int = 1
    """What one client needs: nobody is refused for its share who would not have more than this."""
    clients: int = 0
    """Among how many an address divides what it may still take; 0: it does not."""


SIZES = {
    "rooms": Size(capacity.ROOMS),
    "peers": Size(capacity.PEERS),
    "transports": Size(capacity.TRANSPORTS, essential=2, clients=1024),
    "producers": Size(capacity.PRODUCERS, essential=4, clients=256),
    "consumers": Size(capacity.CONSUMERS, essential=16),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something was not given: of which table, for which holder's sake, and in words."""

    table: str
    kind: str
    name: str
    reason: str


class Claim:
    """One thing of a table, until it is released."""

    __slots__ = ("_holders", "_table")

    def __init__(self, table: Table | None = None, holders: tuple[Holder, ...] = ()) -> None:
        """Without a table it is a claim to nothing."""
        self._table = table
        self._holders = holders

    def release(self) -> None:
        """Give it back; a second time does nothing."""
        table, self._table = self._table, None
        if table is not None:
            table.give_back(self._holders)


class Table:
    """One kind of thing a worker holds, and who holds how many."""

    def __init__(self, name: str, size: Size) -> None:
        self.name = name
        self.size = size
        self.used = 0
        self._held: Counter[Holder] = Counter()

    @property
    def capacity(self) -> int:
        return self.size.capacity

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.used)

    @property
    def holders(self) -> int:
        """How many the book knows."""
        return len(self._held)

    def refusal(self, holders: tuple[Holder, ...], has: int) -> tuple[Holder, str] | None:
        """Why none of it is to be had; None when one is. `has` is how many the asking client has."""
        if self.free == 0:
            return (ALL, ""), f"all {self.capacity} {self.name} of this worker are in use: try again later"
        for holder in holders:
            held, most = self._held[holder], self._most(essential=has < self.size.essential)
            whose = "your address" if holder[0] == ADDRESS else "this room"
            if held >= most:
                reason = (
                    f"{whose} has {held} of the {self.capacity} {self.name} of this worker, and the "
                    f"{self.free} that are free are for others: close some, or try again later"
                )
                return holder, reason
            each = self._each(most - held)
            if holder[0] == ADDRESS and has >= each:
                reason = (
                    f"{whose} has {held} of the {self.capacity} {self.name} of this worker, which leaves "
                    f"{each} to each client: close some, or try again later"
                )
                return holder, reason
        return None

    def _most(self, *, essential: bool) -> int:
        """How many one holder may have now; more where a client asks for what it cannot do without."""
        generosity = ESSENTIAL_GENEROSITY if essential and self.size.clients else GENEROSITY
        return max(self.size.essential, generosity * self.free * self.free // self.capacity)

    def _each(self, left: int) -> int:
        """How many a client may have where the address may still take `left`."""
        if not self.size.clients:
            return self.capacity
        return max(self.size.essential, left // self.size.clients)

    def take(self, holders: tuple[Holder, ...]) -> Claim:
        """Without asking whether there is one."""
        self.used += 1
        for holder in holders:
            self._held[holder] += 1
        return Claim(self, holders)

    def give_back(self, holders: tuple[Holder, ...]) -> None:
        """Called by claims."""
        self.used -= 1
        for holder in holders:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]


class Stock:
    """What one worker holds."""

    def __init__(self, worker_id: int = 0, on_refused: Callable[[int, Refusal], None] | None = None) -> None:
        """`on_refused` hears of each refusal, with the worker's id."""
        self.worker_id = worker_id
        self.tables = {name: Table(name, size) for name, size in SIZES.items()}
        self.shortage: str | None = None
        """Why nothing at all is given at the moment."""
        self._on_refused = on_refused

    def claim(self, table: str, *holders: Holder, has: int = 0) -> Claim:
        """One of `table`, for these holders. Raises Full, and says what to do about it.

        `has` is how many the client has that asks.
        """
        if self.shortage is not None:
            self._refuse(Refusal(table, ALL, "", f"{self.shortage}: try again later"))
        refused = self.tables[table].refusal(holders, has)
        if refused is not None:
            (kind, name), reason = refused
            self._refuse(Refusal(table, kind, name, reason))
        return self.tables[table].take(holders)

    def take_over(self, table: str, *holders: Holder) -> Claim:
        """One of `table` that takes the place of another, which is released in the same step."""
        return self.tables[table].take(holders)

    def fullest(self) -> tuple[str, float]:
        """The table that is nearest to its end, and how much of it is used (0..1)."""
        table = max(self.tables.values(), key=lambda table: table.used / table.capacity)
        return table.name, table.used / table.capacity

    def report(self) -> dict[str, dict[str, int]]:
        """For each table how many are in use, and how many there are."""
        return {name: {"used": table.used, "capacity": table.capacity} for name, table in self.tables.items()}

    def _refuse(self, refusal: Refusal) -> None:
        if self._on_refused is not None:
            self._on_refused(self.worker_id, refusal)
        raise Full(refusal.reason)


class Stocks:
    """Of all workers of a node; one that dies takes its rooms along, and so all that was held on it."""

    def __init__(self) -> None:
        self._stocks: dict[int, Stock] = {}
        self.on_refused: Callable[[int, Refusal], None] = lambda worker_id, refusal: None

    def of(self, worker_id: int) -> Stock:
        stock = self._stocks.get(worker_id)
        if stock is None:
            stock = self._stocks[worker_id] = Stock(worker_id, self._refused)
        return stock

    def _refused(self, worker_id: int, refusal: Refusal) -> None:
        self.on_refused(worker_id, refusal)
