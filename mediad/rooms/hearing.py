"""Hearing: every audio track of a room is at home, so that one worker finds out who speaks.

Volumes and the dominant speaker come from comparing all tracks. What a single worker finds out about some of
them could not be put together again.
"""

from __future__ import annotations

import asyncio

from mediad.errors import InvalidState, MediadError, Unavailable, WorkerDied
from mediad.rooms.background import Background
from mediad.rooms.branches import Branches
from mediad.rooms.entities import Producer
from mediad.rooms.pipes import Pipes

RETRY_S = 1.0
"""The wait before a track is piped home again that a worker had no room for."""


class Hearing:
    """The audio tracks of one room, as far as they are heard at home."""

    def __init__(self, branches: Branches, pipes: Pipes, background: Background) -> None:
        self._branches = branches
        self._pipes = pipes
        self._background = background
        pipes.home_moved(branches.home)

    def hear(self, producer: Producer) -> None:
        """Have a track observed for who speaks: one on another branch is piped home."""
        if producer.kind == "audio" and producer.branch is not self._branches.home:
            self._background.run(self._hear(producer))

    async def _hear(self, producer: Producer) -> None:
        while not producer.closed:
            try:
                await self._pipes.reach(producer, self._branches.home)
                return
            except Unavailable as error:
                producer.peer.log.warning("it is not heard when this peer speaks, trying again: %s", error)
                await asyncio.sleep(RETRY_S)
            except (InvalidState, WorkerDied):
                return  # its sender is gone, or home is, which is a reason to begin anew
            except MediadError as error:
                producer.peer.log.warning("it is not heard when this peer speaks: %s", error)
                return
