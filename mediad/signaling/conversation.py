"""Conversation: what one protoo client says, heard in the dialect that it speaks."""

from __future__ import annotations

from typing import Any

from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects import recognition
from mediad.signaling.dialects.dialect import Dialect
from mediad.signaling.protoo.connection import Connection


class Conversation:
    """The messages of one client that has a seat."""

    def __init__(self, seat: Seat, connection: Connection, dialect: Dialect | None, version: str) -> None:
        """Begin in `dialect`; None is for a client that has yet to show which one it speaks.

        A client that turns out to speak another is greeted again, with `version`.
        """
        self._seat = seat
        self._connection = connection
        self._dialect = dialect or recognition.BEGINNING
        self._certain = dialect is not None
        self._version = version

    async def request(self, method: str, data: Any) -> Reply[Any]:
        """Do what a request asks for. Raises RequestFailed with what the client is told."""
        self._recognise(method, data)
        reply = await self._dialect.handle(self._seat, method, data)
        if self._seat.peer.joined:
            self._connection.joined()
        return reply

    async def notification(self, method: str, data: Any) -> Reply[Any]:
        """Do what a notification asks for. Raises RequestFailed with why not."""
        return await self._dialect.hear(self._seat, method, data)

    def _recognise(self, method: str, data: Any) -> None:
        recognised = None if self._certain else recognition.by_request(method, data)
        if recognised is None:
            return
        self._certain = True
        if recognised is not self._dialect:
            self._dialect = recognised
            self._seat.tell_through(recognised.listener(self._connection, self._version))
