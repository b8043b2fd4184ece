"""Branches of a room: opened before the newcomers that are put there, closed some time after the last one.

The first of them is home: speakers are observed there, and the bot is there. No other thing depends on which
one it is. When home is lost or left by all, the branch with the most peers takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Protocol

from mediad.errors import InvalidState, MediadError
from mediad.pipe.events import RouterEvent
from mediad.rooms.background import Background
from mediad.rooms.branch import Branch
from mediad.rooms.media_worker import Placement
from mediad.rooms.observer import DESERTED, FAILED
from mediad.rooms.spread import OFF, Spread, SpreadRules, choose
from mediad.rooms.stock import ROOM, Holder, Stocks

HOLD_S = 10.0
"""The time for which a branch without peers is kept: a client that connects again is back in seconds."""


class Ground:
    """The workers of a node, as places for the branches of all rooms."""

    def __init__(self, placement: Placement, stocks: Stocks, background: Background) -> None:
        self.placement = placement
        self.stocks = stocks
        self._background = background

    def first(self, room_id: str, holder: Holder) -> Branch:
        """Return the first branch of a room, for whose share `holder` stands.

        Raises Unavailable when no worker can take a room, Full when the share is used up.
        """
        worker = self.placement.place(room_id)
        stock = self.stocks.of(worker.worker_id)
        try:
            return Branch(worker, self._background, stock, stock.claim("rooms", holder))
        except BaseException:
            self.placement.release(room_id)
            raise

    def further(self, room_id: str, worker_id: int) -> Branch:
        """Return a further branch of a room on this worker. Raises like `first`."""
        worker = self.placement.extend(room_id, worker_id)
        stock = self.stocks.of(worker_id)
        try:
            return Branch(worker, self._background, stock, stock.claim("rooms", (ROOM, room_id)))
        except BaseException:
            self.placement.retreat(room_id, worker_id)
            raise


class Watch(Protocol):
    """The room, as its branches see it."""

    def heads(self) -> Counter[Branch]:
        """Return the number of peers on each branch."""
        ...

    def receive(self, branch: Branch, event: RouterEvent) -> None:
        """Take an event of the branch's worker."""
        ...

    def branch_opened(self, branch: Branch) -> None:
        """Note that a further branch can be used."""
        ...

    def branch_left(self, branch: Branch, cause: str, reason: str) -> None:
        """Let go of a branch that is not in use and about to be closed."""
        ...

    def home_moved(self) -> None:
        """Note that another branch is home."""
        ...


class Branches:
    """The branches of one room, home first."""

    def __init__(self, room_id: str, first: Branch, ground: Ground) -> None:
        self._room_id = room_id
        self._all = [first]
        self._ground = ground
        self._watch: Watch | None = None
        self._closed = False
        self._openings: dict[Branch, asyncio.Task[None]] = {}
        """The openings of those that may not be open yet."""
        self._idle: dict[Branch, asyncio.TimerHandle] = {}
        """The timers until branches without peers are closed."""
        self._loaded: frozenset[int] = frozenset()
        """The workers that counted as loaded when the last newcomer came."""

    def __iter__(self) -> Iterator[Branch]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def home(self) -> Branch:
        return self._all[0]

    def on(self, worker_id: int) -> Branch | None:
        """Return the branch on this worker; None when there is none."""
        return next((branch for branch in self._all if branch.worker_id == worker_id), None)

    def watched_by(self, watch: Watch) -> None:
        """Tell `watch` of all that happens from now on."""
        self._watch = watch
        for branch in self._all:
            branch.subscribe(functools.partial(watch.receive, branch))

    # -- opening -------------------------------------------------------------------------------------------

    async def opened(self, branch: Branch) -> None:
        """Wait until a branch is open. Raises its worker's error."""
        if branch not in self._openings:
            self._openings[branch] = asyncio.get_running_loop().create_task(self._open(branch))
        # shared by all who wait: one of them, when cancelled, must not cancel it for the others
        await asyncio.shield(self._openings[branch])

    async def _open(self, branch: Branch) -> None:
        first = branch is self.home
        try:
            await branch.open()
        except Exception:
            if not (first or branch.closed):
                self.drop(branch, FAILED, "it could not be opened")
            raise
        if branch.closed:
            raise InvalidState("the branch was closed while it was opened")
        branch.announced = True
        if not first and self._watch is not None:
            self._watch.branch_opened(branch)

    @contextlib.asynccontextmanager
    async def place(
        self, spread: Spread, rules: SpreadRules, stay: Branch | None = None
    ) -> AsyncIterator[Branch]:
        """Choose the branch of a client, `stay` if that is given, and keep it open while the context lasts.

        A further branch that cannot be opened is passed over. Raises a worker's error when none is left.
        """
        if stay is None:
            branch = await self._place(spread, rules)
        else:
            branch = await self._enter(stay.worker_id)
        try:
            yield branch
        finally:
            branch.expected -= 1
            if not self._closed:
                self.review()

    async def _place(self, spread: Spread, rules: SpreadRules) -> Branch:
        refused: set[int] = set()
        while True:
            worker_id = self._choose(spread, rules, refused)
            try:
                return await self._enter(worker_id)
            except MediadError:
                if worker_id in refused:
                    raise
                refused.add(worker_id)

    def _choose(self, spread: Spread, rules: SpreadRules, refused: set[int]) -> int:
        if self._closed:
            raise InvalidState("the room was closed while it was entered")
        if spread == OFF and len(self._all) == 1:
            return self.home.worker_id
        workers = [
            replace(worker, takes=worker.takes and worker.worker_id not in refused)
            for worker in self._ground.placement.loads(self._room_id)
        ]
        heads = self._heads()
        peers = {branch.worker_id: heads[branch] + branch.expected for branch in self._all}
        choice = choose(spread, peers, workers, rules, self._loaded)
        self._loaded = choice.loaded
        return choice.worker_id

    async def _enter(self, worker_id: int) -> Branch:
        """Return the branch on this worker, open, with one more client expected."""
        branch = self.on(worker_id)
        if branch is None:
            branch = self._ground.further(self._room_id, worker_id)
            self._all.append(branch)
            if self._watch is not None:
                branch.subscribe(functools.partial(self._watch.receive, branch))
        branch.expected += 1  # before the first suspension: the next newcomer is to be counted with it
        try:
            await self.opened(branch)
        except BaseException:
            branch.expected -= 1
            raise
        return branch

    # -- closing -------------------------------------------------------------------------------------------

    def review(self) -> None:
        """Begin or end the time without peers of each branch; without any peers the room stays at home."""
        if len(self._all) == 1 and not self._idle:
            return  # as of almost all rooms, whose peers need not be counted for this
        heads = self._heads()
        used = {branch for branch in self._all if heads[branch] or branch.expected} or {self.home}
        for branch in self._all:
            if branch in used and branch in self._idle:
                self._idle.pop(branch).cancel()
            elif branch not in used and branch not in self._idle:
                loop = asyncio.get_running_loop()
                self._idle[branch] = loop.call_later(HOLD_S, self._close_idle, branch)

    def _close_idle(self, branch: Branch) -> None:
        del self._idle[branch]
        self.drop(branch, DESERTED, "nobody is left on it")

    def drop(self, branch: Branch, cause: str, reason: str) -> None:
        """Close a branch that nobody is on, but not the last one; if it was home, another one is then."""
        was_home = branch is self.home
        self._all.remove(branch)
        self._cancel(branch)
        if was_home:
            heads = self._heads()
            home = max(self._all, key=lambda branch: heads[branch])
            self._all.remove(home)
            self._all.insert(0, home)
        branch.close()
        self._ground.placement.retreat(self._room_id, branch.worker_id)
        if self._watch is not None:
            self._watch.branch_left(branch, cause, reason)
            if was_home:
                self._watch.home_moved()
        self.review()

    def close(self) -> None:
        """Close all of them with the room, which the placement is told of by who closes it."""
        self._closed = True
        for branch in self._all:
            self._cancel(branch)
            branch.close()

    def _cancel(self, branch: Branch) -> None:
        self._openings.pop(branch, None)
        if (timer := self._idle.pop(branch, None)) is not None:
            timer.cancel()

    def _heads(self) -> Counter[Branch]:
        return Counter() if self._watch is None else self._watch.heads()
