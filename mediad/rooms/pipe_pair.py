"""PipePair: the two pipe transports that join two branches of a room, one on the worker of each."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from mediad.errors import InvalidState
from mediad.ortc.acceptance import SSRC_RANGE
from mediad.pipe.requests import CloseTransport
from mediad.pipe.transport_requests import ConnectPipeTransport, CreatePipeTransport, PipeTransportCreated
from mediad.rooms.branch import Branch
from mediad.rooms.entities import draw_ssrc
from mediad.rooms.stock import Claim, Holder


class PipePair:
    """A pair of pipe transports, made when it is first needed.

    Its packets never leave the host, so they are neither encrypted nor repaired. Data channels go through its
    SCTP association, which begins with the first of them.
    """

    def __init__(self, one: Branch, other: Branch, holder: Holder) -> None:
        """Claim a transport on either worker. Raises Full when one of them has no room for it."""
        self.ids = {branch: str(uuid4()) for branch in (one, other)}
        """The id of the transport on each branch."""
        self.closed = False
        self.uses = 0
        """The number of tracks and data channels that go through it, or are about to."""
        self.idle: asyncio.TimerHandle | None = None
        """The timer until it is closed, while nothing goes through it."""
        self._claims: list[Claim] = []
        try:
            for branch in self.ids:
                self._claims.append(branch.stock.claim("transports", holder))
        except BaseException:
            self._release()
            raise
        self._next_ssrc = draw_ssrc(1)
        self._opening: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """True when its ends exist, or are being made."""
        return self._opening is not None

    @property
    def branches(self) -> tuple[Branch, Branch]:
        one, other = self.ids
        return one, other

    def take_ssrcs(self, count: int) -> int:
        """Return the first of `count` SSRCs in a row that no other track of this pipe has."""
        if self._next_ssrc + count >= SSRC_RANGE.stop:
            self._next_ssrc = SSRC_RANGE.start
        self._next_ssrc += count
        return self._next_ssrc - count

    async def opened(self) -> None:
        """Wait until both ends exist and know each other. Raises a worker's error; nothing is left then."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
        # shared by all who wait: one of them, when cancelled, must not cancel it for the others
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        try:
            one, other = self.branches
            end, far_end = await asyncio.gather(self._create(one), self._create(other))
            await asyncio.gather(self._connect(one, far_end), self._connect(other, end))
        except BaseException:
            self.close()
            raise
        if self.closed:
            raise InvalidState("the pipe was closed while it was opened")

    async def _create(self, branch: Branch) -> PipeTransportCreated:
        transport_id = self.ids[branch]
        creation = CreatePipeTransport(branch.router_id, transport_id, enable_sctp=True)
        return await branch.make(creation, CloseTransport(transport_id), about=self)

    async def _connect(self, branch: Branch, far_end: PipeTransportCreated) -> None:
        request = ConnectPipeTransport(self.ids[branch], far_end.ip, far_end.port)
        await branch.ask(request, about=self)

    def close(self) -> None:
        """Close both ends, with all that is on them; a second call does nothing."""
        if self.closed:
            return
        self.closed = True
        if self.idle is not None:
            self.idle.cancel()
        self._release()
        if self.begun:
            for branch, transport_id in self.ids.items():
                branch.discard(CloseTransport(transport_id))

    def _release(self) -> None:
        for claim in self._claims:
            claim.release()
