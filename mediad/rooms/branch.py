"""Branch: a room's part on one worker: the router there, and everything that is asked of that worker.

A room has a list of branches, of one today. Each peer, transport, producer and consumer knows the branch that
it is on, so that whoever asks about something asks the worker that has it.
"""

from __future__ import annotations

import asyncio
from typing import Protocol
from uuid import uuid4

from mediad.errors import EnvelopeError, MediadError, Unavailable
from mediad.pipe.messages import Done, ReplyT, Request
from mediad.pipe.requests import CloseRouter, CreateRouter
from mediad.rooms.background import Background
from mediad.rooms.media_worker import Compose, EventHandler, MediaWorker
from mediad.rooms.stock import Claim, Stock

_DISCARD_RETRY_S = 1.0
"""A worker that did not answer gets this long before it is asked again; it may not keep what is closed."""


class Closable(Protocol):
    """A peer, transport, producer or consumer."""

    closed: bool


class Branch:
    """One router on one worker."""

    def __init__(
        self,
        worker: MediaWorker,
        background: Background,
        stock: Stock | None = None,
        claim: Claim | None = None,
    ) -> None:
        """`stock` is what the worker holds, `claim` the room's own place in it."""
        self.router_id = str(uuid4())
        self.stock = stock or Stock(worker.worker_id)
        self._worker = worker
        self._background = background
        self._claim = claim or Claim()
        self._router_exists = True

    @property
    def worker_id(self) -> int:
        return self._worker.worker_id

    def subscribe(self, on_event: EventHandler) -> None:
        """Have `on_event` called with each event of the router, until the branch is closed."""
        self._worker.subscribe(self.router_id, on_event)

    async def open(self) -> None:
        """Make the router; raises what the worker answers with. Called before anything else is asked."""
        try:
            await self.make(CreateRouter(self.router_id), CloseRouter(self.router_id))
        except Exception:
            self._router_exists = False
            raise

    def lost(self) -> None:
        """Note that the worker is gone, and with it everything that was made on it."""
        self._router_exists = False

    def close(self) -> None:
        """Give the worker's router back, with all there is on it."""
        self._claim.release()
        self._worker.unsubscribe(self.router_id)
        if self._router_exists:
            self.discard(CloseRouter(self.router_id))

    async def ask(self, request: Request[ReplyT], about: Closable | None = None) -> ReplyT:
        """Ask the worker; raises what it answered with, or WorkerDied.

        What is `about` something that was closed before its turn came is not asked any more: InvalidState.
        """
        return await self.ask_later(
            type(request), lambda: None if about is not None and about.closed else request
        )

    async def ask_later(self, kind: type[Request[ReplyT]], compose: Compose[ReplyT]) -> ReplyT:
        """Ask the worker what `compose` returns once its turn has come; raises like `ask`."""
        return await self._worker.request_for(self.router_id, kind, compose)

    async def make(
        self, creation: Request[ReplyT], undoing: Request[Done], about: Closable | None = None
    ) -> ReplyT:
        """Ask for the `creation` of something that `undoing` closes.

        Raises like `ask`. Afterwards it does not exist, also when the worker was only too slow to answer, or
        its answer cannot be read.
        """
        try:
            return await self.ask(creation, about)
        except (Unavailable, EnvelopeError):
            self.discard(undoing)
            raise

    def discard(self, closing: Request[Done]) -> None:
        """Have the worker close something, without waiting for it."""
        self._background.run(self._discard(closing))

    async def _discard(self, closing: Request[Done]) -> None:
        while True:
            try:
                await self.ask(closing)
            except Unavailable:
                await asyncio.sleep(_DISCARD_RETRY_S)
                continue
            except MediadError:
                pass  # it is gone with something larger, or with the worker
            return
