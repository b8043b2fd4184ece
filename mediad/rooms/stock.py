"""Shares of a worker's tables of objects: however much one holder takes, another still finds room.

One rule, for addresses and rooms alike: where a part f of a table is free, a holder may have at most
GENEROSITY f² of it. So the rule limits only when more than half is used. A holder alone gets six tenths,
seven for essential objects. Holders that come one after the other and take all they get leave a part of
about 1 / (GENEROSITY * their number): with a share in proportion to the free part, seven of them would
leave nothing. An address may be that of a company or a proxy: as its share runs out, its clients get
fewer each, so that those who need two transports still get them when others have taken sixteen; and for
objects that a client cannot do without, the share is twice as large.

Only living objects are counted, and a holder is forgotten with its last one: the record is never larger than
the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from mediad import capacity
from mediad.addresses import holder_of
from mediad.errors import Full

GENEROSITY = 4
ESSENTIAL_GENEROSITY = 8

ADDRESS, ROOM, TAP, ALL = "address", "room", "tap", "all"
"""The kinds of holders: addresses, rooms, the hidden receivers of a room, and all of them together."""

Holder = tuple[str, str]
"""A holder: its kind and its name."""


def holder_at(address: str | None) -> Holder:
    """Return the holder of an address."""
    return ADDRESS, holder_of(address)


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a table, and the rules for its shares."""

    capacity: int
    essential: int = 1
    """The number that one client needs: up to it, no client is refused because of a share."""
    clients: int = 0
    """The number of clients among which an address divides the rest of its share; 0: it does not."""
    why: str = ""
    """The reason for a capacity that is not the usual one, in words for a refusal."""


SIZES = {
    "rooms": Size(capacity.ROOMS),
    "peers": Size(capacity.PEERS),
    "transports": Size(capacity.TRANSPORTS, essential=2, clients=1024),
    "producers": Size(capacity.PRODUCERS, essential=4, clients=256),
    "consumers": Size(capacity.CONSUMERS, essential=16),
    "data producers": Size(capacity.DATA_PRODUCERS, essential=2, clients=256),
    "data consumers": Size(capacity.DATA_CONSUMERS, essential=16),
    "media ports": Size(capacity.OWN_PORTS, essential=2),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused claim: the table, the holder whose share was used up, and the reason in words."""

    table: str
    kind: str
    name: str
    reason: str


class Claim:
    """A claim to one object of a table, until it is released."""

    __slots__ = ("_holders", "_table")

    def __init__(self, table: Table | None = None, holders: tuple[Holder, ...] = ()) -> None:
        """Make a claim; without a table it is one to nothing."""
        self._table = table
        self._holders = holders

    def release(self) -> None:
        """Give the claim back; a second call does nothing."""
        table, self._table = self._table, None
        if table is not None:
            table.give_back(self._holders)


class Claims(Claim):
    """Several claims as one."""

    __slots__ = ("_claims",)

    def __init__(self, *claims: Claim) -> None:
        super().__init__()
        self._claims = claims

    def release(self) -> None:
        for claim in self._claims:
            claim.release()


class Table:
    """A table of a worker: one kind of object, and the number of each holder."""

    def __init__(self, name: str, size: Size, place: str = "this worker") -> None:
        """Make an empty table of the objects called `name`; `place` is where they are, for refusals."""
        self.name = name
        self.size = size
        self._place = place
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
        """The number of holders that have any."""
        return len(self._held)

    def refusal(self, holders: tuple[Holder, ...], has: int) -> tuple[Holder, str] | None:
        """Return the holder and the reason of a refusal; None when there is none.

        `has` is the number that the asking client has.
        """
        if self.free == 0:
            all_of = f"all {self.capacity} {self.name} of {self._place}{self.size.why}"
            return (ALL, ""), f"{all_of} are in use: try again later"
        for holder in holders:
            held, most = self._held[holder], self._most(essential=has < self.size.essential)
            whose = "your address" if holder[0] == ADDRESS else "this room"
            if held >= most:
                reason = (
                    f"{whose} has {held} of the {self.capacity} {self.name} of {self._place}, and the "
                    f"{self.free} that are free are for others: close some, or try again later"
                )
                return holder, reason
            each = self._each(most - held)
            if holder[0] == ADDRESS and has >= each:
                reason = (
                    f"{whose} has {held} of the {self.capacity} {self.name} of {self._place}, which leaves "
                    f"{each} to each client: close some, or try again later"
                )
                return holder, reason
        return None

    def _most(self, *, essential: bool) -> int:
        """Return the most that one holder may have now; more when the client cannot do without the object."""
        generosity = ESSENTIAL_GENEROSITY if essential and self.size.clients else GENEROSITY
        return max(self.size.essential, generosity * self.free * self.free // self.capacity)

    def _each(self, left: int) -> int:
        """Return the most that a client may have when its address may still take `left`."""
        if not self.size.clients:
            return self.capacity
        return max(self.size.essential, left // self.size.clients)

    def take(self, holders: tuple[Holder, ...]) -> Claim:
        """Claim one object for these holders, without checking that there is one."""
        self.used += 1
        for holder in holders:
            self._held[holder] += 1
        return Claim(self, holders)

    def give_back(self, holders: tuple[Holder, ...]) -> None:
        """Give back one object of these holders; called by claims."""
        self.used -= 1
        for holder in holders:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]


class Stock:
    """The tables of one worker."""

    def __init__(
        self,
        worker_id: int = 0,
        on_refused: Callable[[int, Refusal], None] | None = None,
        ports: int | None = None,
        own_ports: int = capacity.OWN_PORTS,
    ) -> None:
        """Make empty tables; `on_refused` is called with the worker id and each refusal.

        `ports`: the number of media ports, where each transport has one; None: they share one.
        `own_ports`: the number of those that transports have for themselves: plain ones in any case.
        """
        self.worker_id = worker_id
        self.tables = {name: Table(name, size) for name, size in SIZES.items()}
        self.tables["media ports"] = Table(
            "media ports", replace(SIZES["media ports"], capacity=max(1, own_ports))
        )
        if ports is not None and ports < capacity.TRANSPORTS:
            size = replace(SIZES["transports"], capacity=ports, why=", one for each of its media ports,")
            self.tables["transports"] = Table("transports", size)
        self.shortage: str | None = None
        """The reason why every claim is refused now; None when they are not."""
        self._on_refused = on_refused

    def claim(self, table: str, *holders: Holder, has: int = 0) -> Claim:
        """Claim one object of `table` for these holders. Raises Full, which says what to do about it.

        `has` is the number that the asking client has.
        """
        if self.shortage is not None:
            self._refuse(Refusal(table, ALL, "", f"{self.shortage}: try again later"))
        refused = self.tables[table].refusal(holders, has)
        if refused is not None:
            (kind, name), reason = refused
            self._refuse(Refusal(table, kind, name, reason))
        return self.tables[table].take(holders)

    def claim_plain(self, holder: Holder, ports: int) -> Claim:
        """Claim a transport with this number of ports of its own. Raises like `claim`.

        The shares of ports alone decide how many a client gets: there are fewer ports than transports.
        """
        claims: list[Claim] = []
        try:
            for name in ("transports", *["media ports"] * ports):
                claims.append(self.claim(name, holder))
        except BaseException:
            Claims(*claims).release()
            raise
        return Claims(*claims)

    def take_over(self, table: str, *holders: Holder) -> Claim:
        """Claim one object of `table` in place of another, which is released in the same step."""
        return self.tables[table].take(holders)

    def fullest(self) -> tuple[str, float]:
        """Return the name of the fullest table, and the share of it that is used (0..1)."""
        table = max(self.tables.values(), key=lambda table: table.used / table.capacity)
        return table.name, table.used / table.capacity

    def report(self) -> dict[str, dict[str, int]]:
        """Return the number in use and the capacity of each table."""
        return {name: {"used": table.used, "capacity": table.capacity} for name, table in self.tables.items()}

    def _refuse(self, refusal: Refusal) -> None:
        if self._on_refused is not None:
            self._on_refused(self.worker_id, refusal)
        raise Full(refusal.reason)


class Stocks:
    """The stocks of all workers of a node; when one dies its rooms close, and release all claims on it.

    `ports` tells the number of a worker's media ports, where each transport has one, and `own_ports` the
    number of those that some transports have for themselves.
    """

    def __init__(
        self,
        ports: Callable[[int], int | None] = lambda worker_id: None,
        own_ports: Callable[[int], int] = lambda worker_id: capacity.OWN_PORTS,
    ) -> None:
        self._ports = ports
        self._own_ports = own_ports
        self._stocks: dict[int, Stock] = {}
        self.on_refused: Callable[[int, Refusal], None] = lambda worker_id, refusal: None

    def of(self, worker_id: int) -> Stock:
        stock = self._stocks.get(worker_id)
        if stock is None:
            stock = self._stocks[worker_id] = Stock(
                worker_id, self._refused, self._ports(worker_id), self._own_ports(worker_id)
            )
        return stock

    def all(self) -> list[Stock]:
        """Return the stocks of the workers that have been asked for something."""
        return list(self._stocks.values())

    def _refused(self, worker_id: int, refusal: Refusal) -> None:
        self.on_refused(worker_id, refusal)
