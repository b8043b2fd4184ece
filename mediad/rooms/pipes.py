"""Pipes of a room: tracks and data channels that are received on another branch than their sender's.

One is piped on first need and dropped some time after the last receiver there has left. Until it is dropped
completely none of the same id begins: its producer has the same id on all branches. Between two branches all
goes through one pair of transports. Nothing here waits for a worker but `reach`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from mediad.errors import InvalidState, MediadError
from mediad.pipe.messages import Done, Request
from mediad.pipe.transport_requests import SetPipeLayer, SetSourceScore
from mediad.rooms.asker import set_asker
from mediad.rooms.background import Background
from mediad.rooms.branch import Branch
from mediad.rooms.entities import DataProducer, Log, Producer
from mediad.rooms.pipe_pair import PipePair
from mediad.rooms.piped import Piped
from mediad.rooms.stock import Claim, Holder

HOLD_S = 10.0
"""The time for which something stays piped although nobody there receives it.

A client that connects again is back in seconds. Meanwhile nothing is sent.
"""

PAIR_HOLD_S = 30.0
"""The time for which an unused pair of transports is kept; it costs two ports and no packets."""

NOTHING = -1
"""The highest layer of a track that nobody on a branch receives."""

Source = Producer | DataProducer


class Pipes:
    """All tracks and data channels that are piped between the branches of one room."""

    def __init__(self, holder: Holder, background: Background, log: Log) -> None:
        """Make none yet; `holder` is the room."""
        self.home: Branch | None = None
        """The branch to which audio stays piped without receivers there: speakers are observed on it."""
        self._holder = holder
        self._background = background
        self._log = log
        self._piped: dict[str, dict[Branch, Piped]] = {}
        """Id of the producer → the branch that it is piped to → how."""
        self._by_consumer: dict[str, Piped] = {}
        self._pairs: dict[frozenset[Branch], PipePair] = {}
        self._leaving: dict[tuple[str, Branch], Piped] = {}
        """The last one that was dropped, by producer and branch, until the branch has no such producer."""

    def pairs(self) -> list[PipePair]:
        """Return the pairs of transports, oldest first."""
        return list(self._pairs.values())

    def piped(self) -> Iterator[Piped]:
        """Yield all that is piped, or about to be."""
        for by_branch in self._piped.values():
            yield from by_branch.values()

    def of(self, producer: Source) -> list[Piped]:
        """Return one producer as it is piped to other branches."""
        return list(self._piped.get(producer.id, {}).values())

    def has(self, producer: Source, branch: Branch) -> bool:
        """True when a producer exists on this branch: it is received there without waiting."""
        piped = self._piped.get(producer.id, {}).get(branch)
        return branch is producer.branch or (piped is not None and piped.made.done())

    # -- on first need -------------------------------------------------------------------------------------

    async def reach(self, producer: Source, branch: Branch) -> None:
        """Return when a producer exists on this branch, piped there if it is another one's.

        Raises Full when a worker has no room for it, else the error of the worker that cannot make it,
        InvalidState when the producer or the branch is closed meanwhile.
        """
        if branch is producer.branch:
            return
        piped = self._piped.get(producer.id, {}).get(branch)
        if piped is None:
            piped = self._begin(producer, branch)
        self._review(piped)
        await asyncio.shield(piped.made)

    def _begin(self, producer: Source, branch: Branch) -> Piped:
        if producer.closed or branch.closed or producer.branch.closed:
            raise InvalidState(f"producer {producer.id}, or the branch that it is piped to, is closed")
        pair = self._pair(producer.branch, branch)
        claims: list[Claim] = []
        made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        made.add_done_callback(lambda made: made.exception())  # perhaps nobody waits for it any more
        piped = Piped(producer, branch, pair, claims, made)
        try:
            for stock, table, count in _needs(piped):
                for _ in range(count):
                    claims.append(stock.claim(table, self._holder))
        except BaseException:
            _release(claims)
            self._rest(pair)
            raise
        pair.uses += 1
        self._piped.setdefault(producer.id, {})[branch] = piped
        self._by_consumer[piped.consumer_id] = piped
        self._background.run(self._make(piped, self._leaving.get((producer.id, branch))))
        return piped

    def _pair(self, one: Branch, other: Branch) -> PipePair:
        key = frozenset((one, other))
        pair = self._pairs.get(key)
        if pair is None or pair.closed:
            pair = self._pairs[key] = PipePair(one, other, self._holder)
        if pair.idle is not None:
            pair.idle.cancel()
            pair.idle = None
        return pair

    async def _make(self, piped: Piped, before: Piped | None) -> None:
        """Make it, after the one `before` it is gone, and tell its ends what has changed meanwhile."""
        if piped.producer.peer is not None:  # not the receiver who happened to be the first
            set_asker(self._holder[1], piped.producer.peer.id)
        try:
            if before is not None:
                await before.gone.wait()
            if not piped.closed:
                await piped.make()
            if piped.closed:
                raise InvalidState(f"the pipe of producer {piped.producer.id} was closed meanwhile")
        except Exception as error:
            piped.made.set_exception(error)
            self._drop(piped)
            await self._unmake(piped)
            if not isinstance(error, MediadError):
                raise
            return
        piped.made.set_result(None)
        self._review(piped)
        if isinstance(piped.producer, Producer) and piped.producer.score:
            self._tell_score(piped)

    # -- what is passed on ---------------------------------------------------------------------------------

    def tell(self, producer: Source, request: Request[Done]) -> None:
        """Ask the same of a producer on all branches that it is piped to, without waiting."""
        for piped in self.of(producer):
            self._background.run(self._ask(piped.branch, request))

    def score_changed(self, producer: Producer) -> None:
        """Tell all branches the score of a track where it comes in."""
        for piped in self.of(producer):
            if piped.made.done():
                self._tell_score(piped)

    def _tell_score(self, piped: Piped) -> None:
        assert isinstance(piped.producer, Producer)
        request = SetSourceScore(piped.producer.id, piped.producer.score)
        self._background.run(self._ask(piped.branch, request))

    def layer_wanted(self, producer: Producer, branch: Branch, layer: int) -> None:
        """Note the highest encoding of a track that anybody on this branch receives."""
        piped = self._piped.get(producer.id, {}).get(branch)
        if piped is not None:
            piped.wanted_layer = layer
            self._review(piped)

    def audience_changed(self, producer: Source, branch: Branch) -> None:
        """Note that the first receiver of a producer on this branch has come, or the last one has gone."""
        piped = self._piped.get(producer.id, {}).get(branch)
        if piped is not None:
            self._review(piped)

    def _review(self, piped: Piped) -> None:
        """Begin or end the time without receivers, and tell the pipe which layers they want."""
        if piped.closed:
            return
        needed = self._is_needed(piped)
        if needed and piped.idle is not None:
            piped.idle.cancel()
            piped.idle = None
        elif not needed and piped.idle is None:
            loop = asyncio.get_running_loop()
            piped.idle = loop.call_later(HOLD_S, self._end, piped)
        layer = piped.wanted_layer if needed else NOTHING
        if isinstance(piped.producer, Producer) and piped.made.done() and layer != piped.told_layer:
            if layer is None:  # nothing was told of the layers received there: as for a sender, it is all
                layer = len(piped.producer.consumable.encodings) - 1
            piped.told_layer = layer
            told = SetPipeLayer(piped.consumer_id, None if layer == NOTHING else layer)
            self._background.run(self._ask(piped.origin, told))

    def _is_needed(self, piped: Piped) -> bool:
        producer, branch = piped.producer, piped.branch
        heard = branch is self.home and isinstance(producer, Producer) and producer.kind == "audio"
        return heard or producer.audience[branch] > 0

    def home_moved(self, home: Branch) -> None:
        """Note the branch on which speakers are observed from now on."""
        self.home = home
        for piped in list(self.piped()):
            self._review(piped)

    async def _ask(self, branch: Branch, request: Request[Any]) -> None:
        try:
            await branch.ask(request)
        except MediadError as error:
            self._log.debug("%s for worker %d failed: %s", request.row, branch.worker_id, error)

    # -- ends ----------------------------------------------------------------------------------------------

    def end(self, producer: Source) -> None:
        """Drop a producer on all branches; it is closed."""
        for piped in self.of(producer):
            self._end(piped)

    def _end(self, piped: Piped) -> None:
        self._drop(piped)
        if piped.made.done():
            self._background.run(self._unmake(piped))

    def _drop(self, piped: Piped) -> None:
        """Forget a piece; who makes it, or has it, closes it on the workers."""
        if piped.closed:
            return
        piped.closed = True
        if piped.idle is not None:
            piped.idle.cancel()
        by_branch = self._piped[piped.producer.id]
        del by_branch[piped.branch]
        if not by_branch:
            del self._piped[piped.producer.id]
        del self._by_consumer[piped.consumer_id]
        self._leaving[piped.producer.id, piped.branch] = piped
        _release(piped.claims)
        piped.pair.uses -= 1
        self._rest(piped.pair)

    async def _unmake(self, piped: Piped) -> None:
        try:
            await piped.unmake()
        finally:
            piped.gone.set()
            if self._leaving.get((piped.producer.id, piped.branch)) is piped:
                del self._leaving[piped.producer.id, piped.branch]

    def _rest(self, pair: PipePair) -> None:
        """Begin the time without use of a pair that nothing goes through."""
        if not (pair.uses or pair.closed or pair.idle):
            pair.idle = asyncio.get_running_loop().call_later(PAIR_HOLD_S, self._close_pair, pair)

    def _close_pair(self, pair: PipePair) -> None:
        pair.close()
        self._forget_pair(pair)

    def _forget_pair(self, pair: PipePair) -> None:
        key = frozenset(pair.branches)
        if self._pairs.get(key) is pair:
            del self._pairs[key]

    def transport_lost(self, transport_id: str, reason: str) -> list[Piped]:
        """Drop all that goes through a transport which has failed; return what its receivers have lost by it.

        A transport that is no pipe's is ignored.
        """
        for pair in self.pairs():
            if transport_id in pair.ids.values():
                self._log.warning("a pipe is lost, and made again if it is needed: %s", reason)
                return self._lose_pair(pair)
        return []

    def channel_lost(self, identifier: str, branch: Branch) -> list[Piped]:
        """Drop a data channel of which one end was closed by its worker; return what was lost by it.

        `identifier` is that of the data consumer on the pipe, or of the data producer on this branch, else it
        is ignored.
        """
        piped = self._by_consumer.get(identifier) or self._piped.get(identifier, {}).get(branch)
        if piped is None:
            return []
        self._end(piped)
        return [piped]

    def branch_lost(self, branch: Branch) -> None:
        """Drop all that is piped from or to a branch that is closed, or whose worker has died."""
        for pair in self.pairs():
            if branch in pair.branches:
                self._lose_pair(pair)

    def _lose_pair(self, pair: PipePair) -> list[Piped]:
        self._close_pair(pair)
        lost = [piped for piped in self.piped() if piped.pair is pair]
        for piped in lost:
            self._end(piped)
        return lost

    def close(self) -> None:
        """Forget everything; the workers close it with the routers, which are closed."""
        for pair in self.pairs():
            self._close_pair(pair)
        for piped in list(self.piped()):
            self._end(piped)


def _needs(piped: Piped) -> list[tuple[Any, str, int]]:
    """Return the stocks that it takes from, which table, and how many."""
    if isinstance(piped.producer, DataProducer):
        return [(piped.origin.stock, "data consumers", 1), (piped.branch.stock, "data producers", 1)]
    streams = len(piped.producer.consumable.encodings)  # the worker has a consumer for each
    return [(piped.origin.stock, "consumers", streams), (piped.branch.stock, "producers", 1)]


def _release(claims: list[Claim]) -> None:
    for claim in claims:
        claim.release()
    claims.clear()
