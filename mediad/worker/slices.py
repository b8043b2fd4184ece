"""Many objects made by one request: slice by slice, each slice in a turn of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mediad.clock import Clock
from mediad.errors import InvalidState, MediadError
from mediad.turns import Turns

SLICE_US = 3_000
"""The longest time that other work on the event loop (ICE checks, pings, other rooms) waits."""

logger = logging.getLogger(__name__)

Made = TypeVar("Made")
Order = TypeVar("Order")


@dataclass(frozen=True, slots=True)
class Maker(Generic[Order, Made]):
    """The way to make one kind of object."""

    row: str
    """The name of the request."""
    id_of: Callable[[Order], str]
    make: Callable[[Order], Made]
    """Makes one; raises what keeps it from being made."""
    refuse: Callable[[str, str], Made]
    """Makes the answer for one that was not made, from the code and the reason."""


class Slices:
    """The objects that requests have ordered and that are not made yet; an error costs one object alone."""

    def __init__(self, turns: Turns, clock: Clock) -> None:
        self._turns = turns
        self._clock = clock
        self._awaited: set[str] = set()

    async def make(self, maker: Maker[Order, Made], orders: Sequence[Order]) -> list[Made]:
        """Return what was made of each order, or the answer for one that was not made."""
        self._awaited.update(map(maker.id_of, orders))
        made = []
        end_us = 0
        for order in orders:
            if self._clock.now_us() >= end_us:
                await self._turns.take()
                end_us = self._clock.now_us() + SLICE_US
            made.append(self._make_one(maker, order))
        return made

    def call_off(self, object_id: str) -> bool:
        """Cancel making an object; return False when it is not waiting to be made."""
        if object_id not in self._awaited:
            return False
        self._awaited.discard(object_id)
        return True

    def _make_one(self, maker: Maker[Order, Made], order: Order) -> Made:
        try:
            if not self.call_off(maker.id_of(order)):
                raise InvalidState("it was closed before it was made")
            return maker.make(order)
        except MediadError as error:
            return maker.refuse(error.code, str(error))
        except Exception as error:  # a bug costs one object, not those that came with it
            what = maker.id_of(order)
            logger.exception("%s was not made, its client misses it: a bug in mediad", what)
            return maker.refuse(MediadError.code, f"{type(error).__name__} in {maker.row}")
