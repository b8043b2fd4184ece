"""Silence: broadcasters from which nothing comes any more are removed.

A broadcaster has no connection whose end would tell that its program is gone. So each room with broadcasters
asks its workers now and then, one question for all of a worker, how much has come from each. Any valid packet
counts: of those that only receive, receiver reports (RFC 3550 section 6.4.2), which ffmpeg and GStreamer send
by themselves. A client with a WebRTC transport is there as long as ICE says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass

from mediad.errors import MediadError
from mediad.pipe.transport_requests import GetHeard, Heard
from mediad.rooms.background import Background
from mediad.rooms.branch import by_branch
from mediad.rooms.entities import Peer

LOOKS = 4
"""The looks in one time of silence: a broadcaster is removed at most a quarter later than promised."""

LEAST_S, MOST_S = 0.25, 15.0
"""The shortest and the longest time between two looks."""


@dataclass(slots=True)
class _Record:
    bytes: int
    since_s: float
    """CLOCK_MONOTONIC when it had changed last."""


class Silence:
    """The broadcasters of one room. `on_silent` is called with each that has been silent for too long."""

    def __init__(
        self, background: Background, timeout_s: Callable[[], float], on_silent: Callable[[Peer], None]
    ) -> None:
        """Watch nobody yet; `timeout_s` tells the setting in force: 0 is never."""
        self._background = background
        self._timeout_s = timeout_s
        self._on_silent = on_silent
        self._records: dict[Peer, _Record] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, peer: Peer) -> None:
        """Begin with a broadcaster; its time runs from now."""
        self._records[peer] = _Record(0, time.monotonic())
        if self._timer is None:
            self._arm()

    def forget(self, peer: Peer) -> None:
        """End with a peer that is gone, if it was watched."""
        if self._records.pop(peer, None) is not None and not self._records and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def look(self, now_s: float) -> None:
        """Ask the workers, and call `on_silent`. `now_s` is CLOCK_MONOTONIC.

        A worker that does not answer blames nobody.
        """
        timeout_s = self._timeout_s()
        if not timeout_s:
            return
        for branch, peers in by_branch(self._records):
            asked = [transport_id for peer in peers for transport_id in peer.transports]
            try:
                heard = (await branch.ask(GetHeard(asked))).transports if asked else []
            except MediadError:
                continue
            signs = dict(zip(asked, heard, strict=False))
            for peer in peers:
                self._judge(peer, [signs[id_] for id_ in peer.transports if id_ in signs], now_s, timeout_s)

    def _judge(self, peer: Peer, signs: list[Heard], now_s: float, timeout_s: float) -> None:
        record = self._records.get(peer)
        if record is None:  # it left meanwhile
            return
        count = sum(sign.bytes for sign in signs)
        if count != record.bytes or any(sign.present for sign in signs):
            record.bytes, record.since_s = count, now_s
        elif now_s - record.since_s >= timeout_s:
            self._on_silent(peer)

    def _arm(self) -> None:
        delay_s = min(MOST_S, max(LEAST_S, self._timeout_s() / LOOKS or MOST_S))
        # in a context of its own: no client asks for what follows
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer, context=Context())

    def _on_timer(self) -> None:
        self._timer = None
        self._background.run(self._look_and_go_on())

    async def _look_and_go_on(self) -> None:
        try:
            await self.look(time.monotonic())
        finally:
            if self._records and self._timer is None:
                self._arm()
