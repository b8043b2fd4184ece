"""The bot of a room, as in mediasoup's demo: it says to everybody what it was told.

Peers tell it with data producers of the label `bot`, which nobody else receives. Everybody who takes data
receives its voice, a direct data producer, which is made for the first of them: rooms without data have none.
"""

from __future__ import annotations

import time
from uuid import uuid4

from mediad.errors import MediadError, Unavailable
from mediad.pipe.data_requests import (
    CloseDataProducer,
    CreateDirectDataConsumer,
    CreateDirectDataProducer,
    SendData,
)
from mediad.rooms.background import Background
from mediad.rooms.books import Books
from mediad.rooms.branch import Branch
from mediad.rooms.entities import DataProducer, Log
from mediad.rooms.observer import RoomObserver
from mediad.rooms.stock import ROOM

LABEL = "bot"

MAX_MESSAGE_BYTES = 512
"""The longest text the bot listens to; longer ones are dropped, and counted by the worker."""


class Bot:
    """The bot of one room."""

    def __init__(
        self,
        room_id: str,
        books: Books,
        branch: Branch,
        background: Background,
        log: Log,
        observer: RoomObserver,
    ) -> None:
        """Make a bot that has no voice yet; `branch` is where it gets one."""
        self.branch = branch
        self._room_id = room_id
        self._books = books
        self._background = background
        self._log = log
        self._observer = observer
        self._voice: DataProducer | None = None

    def voice(self) -> DataProducer | None:
        """Return the data producer it speaks on, made when there is none; None without room for one."""
        if self._voice is None or self._voice.closed:
            try:
                claim = self.branch.stock.claim("data producers", (ROOM, self._room_id))
            except Unavailable as error:
                self._log.warning("the room has no bot: %s", error)
                return None
            self._voice = DataProducer(str(uuid4()), self.branch, None, LABEL, "", {}, claim=claim)
            self._books.enter_data_producer(self._voice)
            # in order with the requests for its consumers, which come after this one
            self._background.run(self._make(self._voice))
        return self._voice

    async def _make(self, voice: DataProducer) -> None:
        making = CreateDirectDataProducer(voice.branch.router_id, voice.id, LABEL)
        try:
            await voice.branch.make(making, CloseDataProducer(voice.id), about=voice)
        except MediadError as error:
            if not voice.closed:
                self._log.warning("the room has no bot, its data producer could not be made: %s", error)
                self._books.forget_data_producer(voice)

    def move(self, branch: Branch) -> bool:
        """Be on another branch from now on; return True when its voice is lost by this."""
        self.branch = branch
        voice = self._voice
        if voice is None or voice.closed:
            return False
        self._books.forget_data_producer(voice)
        voice.branch.discard(CloseDataProducer(voice.id))
        return True

    async def listen(self, producer: DataProducer) -> None:
        """Listen to a peer's data producer until it is closed.

        To be awaited before the peer is told that its channel exists: what it says at once would be lost.
        """
        # its consumer bears the id of the data producer: so a message tells whose it is
        listening = CreateDirectDataConsumer(producer.id, producer.id, MAX_MESSAGE_BYTES)
        try:
            await producer.branch.ask(listening, about=producer)
        except MediadError as error:
            if not producer.closed:
                self._log.warning("the bot does not hear data producer %s: %s", producer.id, error)

    def hear(self, data_consumer_id: str, text: str) -> None:
        """Say to everybody what a peer has said; nothing when the peer has said too much lately."""
        producer = self._books.data_producers.get(data_consumer_id)
        if producer is None or producer.peer is None or self._voice is None or self._voice.closed:
            return
        if not producer.peer.said_to_bot.take(time.monotonic()):
            self._observer.bot_reply_dropped(self._room_id, producer.peer.id)
            return
        reply = f'{producer.peer.info.display_name} said me: "{text}"'
        self._background.run(self._say(self._voice, reply))

    async def _say(self, voice: DataProducer, text: str) -> None:
        try:
            await voice.branch.ask(SendData(voice.id, text), about=voice)
        except MediadError as error:
            self._log.debug("the bot could not speak: %s", error)
