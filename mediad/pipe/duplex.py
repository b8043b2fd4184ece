"""The asyncio shell of either end of a pair of pipes: messages in and out, and word of a slow far end."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Protocol

from mediad.errors import EnvelopeError
from mediad.protocols.envelope import Event, RawDecoder, RawMessage, Request, Response, encode


class Owner(Protocol):
    """An end of the pipes: `WorkerLink` of the supervisor, `Channel` of a worker."""

    def receive(self, messages: list[RawMessage]) -> None:
        """Take messages that arrived. Raises EnvelopeError for a kind that the far end may not send."""
        ...

    def pause(self, paused: bool) -> None:
        """Note that the far end stopped reading, or reads again; messages sent meanwhile are kept."""
        ...

    def end(self, error: EnvelopeError | None) -> None:
        """Note that nothing more arrives: the pipe was closed, or, with `error`, its format is broken."""
        ...

    def sending_ended(self) -> None:
        """Note that nothing more can be sent: the pipe was closed, here or there."""
        ...


class Duplex:
    """Two pipes, one to read and one to write."""

    def __init__(self, owner: Owner) -> None:
        self.sent_bytes = self.received_bytes = 0
        self._owner = owner
        self._decoder = RawDecoder()
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None

    async def open(self, read_fd: int, write_fd: int) -> None:
        """Take over both pipe ends."""
        loop = asyncio.get_running_loop()
        self._writer, _ = await loop.connect_write_pipe(
            lambda: _Sending(self._owner), os.fdopen(write_fd, "wb", 0)
        )
        self._reader, _ = await loop.connect_read_pipe(lambda: _Reading(self), os.fdopen(read_fd, "rb", 0))

    @property
    def sends(self) -> bool:
        """True while the pipe to the far end is open, so that a message can arrive."""
        return self._writer is not None and not self._writer.is_closing()

    def send(self, message: Request[Any] | Response[Any] | Event[Any]) -> None:
        """Send, or drop when the pipe is closed. Raises EnvelopeError for a message that fits no frame."""
        frame = encode(message)
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame)
            self.sent_bytes += len(frame)

    def hang_up(self) -> None:
        """Close the pipe to the far end when everything is written; the other one is still read."""
        if self._writer is not None:
            self._writer.close()

    def close(self) -> None:
        """Close both pipes, the one to the far end when everything is written."""
        if self._reader is not None:
            self._reader.close()
        self.hang_up()

    def _receive(self, data: bytes) -> None:
        self.received_bytes += len(data)
        try:
            self._owner.receive(self._decoder.feed(data))
        except EnvelopeError as error:
            self._owner.end(error)


class _Reading(asyncio.Protocol):
    """The pipe from the far end."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex

    def data_received(self, data: bytes) -> None:
        self._duplex._receive(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._duplex._owner.end(None)


class _Sending(asyncio.BaseProtocol):
    """The pipe to the far end."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def pause_writing(self) -> None:
        self._owner.pause(True)

    def resume_writing(self) -> None:
        self._owner.pause(False)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner.sending_ended()
