"""Reply: the answer to a client's request, together with what the room does once that answer is on its way.

The two are one value, so that whoever carries the answer to the client carries the room's rule too. A dialect
cannot read the answer: it says how to spell it (`spelled`), and its shell how to send it (`deliver`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S")


def _nothing() -> None:
    pass


class Reply(Generic[T]):
    """Made by a seat, delivered once."""

    __slots__ = ("_follow_up", "_value")

    def __init__(self, value: T, follow_up: Callable[[], None] = _nothing) -> None:
        """`follow_up` is what the room does right behind the answer; it returns at once."""
        self._value = value
        self._follow_up = follow_up

    def spelled(self, spell: Callable[[T], S]) -> Reply[S]:
        """Return the same reply with the answer put into other words; raises what `spell` raises."""
        return Reply(spell(self._value), self._follow_up)

    def deliver(self, send: Callable[[T], Any]) -> None:
        """Send the answer, then do what follows it: in one step, without suspension in between.

        `send` queues the answer on the client's wire and returns at once. Where the client expects no answer
        it may do nothing.
        """
        send(self._value)
        self._follow_up()
