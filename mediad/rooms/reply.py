"""Reply: the answer to a client's request, together with the room's action after that answer is sent.

The two are one value, so that no dialect can send the answer and forget the action. A dialect cannot read the
answer: it gives a function that spells it (`spelled`), and its shell one that sends it (`deliver`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S")


def _nothing() -> None:
    pass


class Reply(Generic[T]):
    """A reply, made by a seat and delivered once."""

    __slots__ = ("_follow_up", "_value")

    def __init__(self, value: T, follow_up: Callable[[], None] = _nothing) -> None:
        """Make a reply; `follow_up` is the room's action right after the answer, and returns at once."""
        self._value = value
        self._follow_up = follow_up

    def spelled(self, spell: Callable[[T], S]) -> Reply[S]:
        """Return the same reply with the answer changed by `spell`, whose errors it raises."""
        return Reply(spell(self._value), self._follow_up)

    def deliver(self, send: Callable[[T], Any]) -> None:
        """Send the answer, then do the follow-up: in one step, without suspension in between.

        `send` queues the answer on the client's wire and returns at once. Where the client expects no answer
        it may do nothing.
        """
        send(self._value)
        self._follow_up()
