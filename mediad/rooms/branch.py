"""Branch: a room's part on one worker: the router there, and the room's requests to that worker.

A room has one branch, or several on as many workers. Each peer, transport, producer and consumer knows the
branch that it is on, so that requests about it go to the worker that has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol, TypeVar
from uuid import uuid4

from mediad.errors import EnvelopeError, MediadError, Unavailable
from mediad.pipe.messages import Done, ReplyT, Request
from mediad.pipe.requests import CloseRouter, CreateRouter
from mediad.rooms.background import Background
from mediad.rooms.media_worker import Compose, EventHandler, MediaWorker
from mediad.rooms.stock import Claim, Stock

_DISCARD_RETRY_S = 1.0
"""The wait before a worker that did not answer is asked again to close something, which it must not keep."""


class Closable(Protocol):
    """An entity that can be closed: a peer, transport, producer or consumer."""

    closed: bool


class OnBranch(Protocol):
    """An entity that is on a branch."""

    @property
    def branch(self) -> Branch: ...


OnBranchT = TypeVar("OnBranchT", bound=OnBranch)


class Branch:
    """A router on a worker, and the requests about it."""

    def __init__(
        self,
        worker: MediaWorker,
        background: Background,
        stock: Stock | None = None,
        claim: Claim | None = None,
    ) -> None:
        """Prepare a branch; `stock` counts the worker's objects, `claim` is the room's own claim there."""
        self.router_id = str(uuid4())
        self.stock = stock or Stock(worker.worker_id)
        self.closed = False
        self.announced = False
        """True when it is open."""
        self.expected = 0
        """The number of clients that are about to be put here."""
        self._worker = worker
        self._background = background
        self._claim = claim or Claim()
        self._router_exists = False

    @property
    def worker_id(self) -> int:
        return self._worker.worker_id

    def subscribe(self, on_event: EventHandler) -> None:
        """Have `on_event` called with each event of the router, until the branch is closed."""
        self._worker.subscribe(self.router_id, on_event)

    async def open(self) -> None:
        """Make the router, before any other request. Raises the error the worker answers with.

        Raises InvalidState when the branch is closed meanwhile.
        """
        self._router_exists = not self.closed
        try:
            await self.make(CreateRouter(self.router_id), CloseRouter(self.router_id), about=self)
        except Exception:
            self._router_exists = False
            raise

    def lost(self) -> None:
        """Note that the worker has died, and with it all that was made on it."""
        self._router_exists = False

    def close(self) -> None:
        """Close the worker's router, with all that is on it."""
        self.closed = True
        self._claim.release()
        self._worker.unsubscribe(self.router_id)
        if self._router_exists:
            self._background.run(self.remove(CloseRouter(self.router_id)))

    async def ask(self, request: Request[ReplyT], about: Closable | None = None) -> ReplyT:
        """Ask the worker and return the reply. Raises the error it answered with, or WorkerDied.

        Raises InvalidState, without asking, when the entity that the request is `about` was closed before its
        turn came.
        """
        return await self.ask_later(
            type(request), lambda: None if about is not None and about.closed else request
        )

    async def ask_later(self, kind: type[Request[ReplyT]], compose: Compose[ReplyT]) -> ReplyT:
        """Send the request that `compose` returns when its turn has come. Raises like `ask`."""
        return await self._worker.request_for(self.router_id, kind, compose)

    async def make(
        self, creation: Request[ReplyT], undoing: Request[Done], about: Closable | None = None
    ) -> ReplyT:
        """Ask for the `creation` of an object that `undoing` closes.

        Raises like `ask`. The object does not exist then, also when the worker only answered too late, or its
        answer cannot be read.
        """
        try:
            return await self.ask(creation, about)
        except (Unavailable, EnvelopeError):
            self.discard(undoing)
            raise

    def discard(self, closing: Request[Done]) -> None:
        """Ask the worker to close an object, without waiting for it; a closed router has none."""
        if not self.closed:
            self._background.run(self.remove(closing))

    async def remove(self, closing: Request[Done]) -> None:
        """Have the worker close an object, if it exists, and return when it does not."""
        while True:
            try:
                await self.ask(closing)
            except Unavailable:
                await asyncio.sleep(_DISCARD_RETRY_S)
                continue
            except MediadError:
                pass  # it was closed with its transport or router, or the worker has died
            return


def by_branch(entities: Iterable[OnBranchT]) -> Iterable[tuple[Branch, list[OnBranchT]]]:
    """Sort entities by the branch they are on, each with its own order kept."""
    branches: dict[Branch, list[OnBranchT]] = {}
    for entity in entities:
        branches.setdefault(entity.branch, []).append(entity)
    return branches.items()
