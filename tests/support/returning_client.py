"""A participant that comes back, as the page does: whatever ends its connection, it joins again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from websockets.exceptions import WebSocketException

from tests.support.protoo_client import Refused
from tests.support.webrtc_client import WebRtcClient, until

WAITS_S = (0.15, 0.3, 0.6, 1.0, 2.0)
"""The waits before each attempt in a row, about those of the page."""


class ReturningClient:
    """A client that always returns to one room. `client` is the session, None between two of them."""

    def __init__(self, url: str, peer_id: str, *, sends: bool, video: bool = False) -> None:
        self.peer_id = peer_id
        self.sends = sends
        self.client: WebRtcClient | None = None
        self.sessions = 0
        self.losses: list[int] = []
        """The close code each session has ended with."""
        self._url = url
        self._video = video
        self._clearing: set[asyncio.Task[None]] = set()
        self._life = asyncio.create_task(self._live())

    @property
    def frames(self) -> int:
        """Decoded in this session, of everything that is sent to it."""
        if self.client is None:
            return 0
        return sum(received.meter.frames for received in self.client.consumers.values())

    async def packets_lost(self) -> int:
        """Return the number of packets lost on the way to it in this session."""
        assert self.client is not None
        lost = 0
        for received in self.client.consumers.values():
            [report] = await received.consumer.getStats()  # one receiver, one report
            lost += sum(stats.packetsLost for stats in report.values() if stats.type == "inbound-rtp")
        return lost

    async def stop(self) -> None:
        self._life.cancel()
        await asyncio.wait({self._life})
        self._clear_away()
        if self._clearing:
            await asyncio.wait(self._clearing)
        if not self._life.cancelled():
            self._life.result()

    async def _live(self) -> None:
        attempt = 0
        while True:
            try:
                self.client = await WebRtcClient.join(self._url, self.peer_id, consume=not self.sends)
                if self.sends:
                    await (self.client.produce_video() if self._video else self.client.produce_audio())
                attempt = 0
                self.sessions += 1
                self.losses.append((await self.client.protoo.closed())[0])
            except (WebSocketException, Refused, OSError, TimeoutError):
                pass  # refused, or broken off on the way
            self._clear_away()
            await asyncio.sleep(WAITS_S[min(attempt, len(WAITS_S) - 1)] * random.uniform(0.5, 1.5))
            attempt += 1

    def _clear_away(self) -> None:
        """Close the rest of a session that nobody waits for."""
        if self.client is not None:
            task = asyncio.create_task(self._close(self.client))
            self._clearing.add(task)
            task.add_done_callback(self._clearing.discard)
            self.client = None

    async def _close(self, client: WebRtcClient) -> None:
        with suppress(Exception):  # aiortc does not always like to be closed half-way
            await client.close()


class Couple:
    """A room of two: one sends, the other receives."""

    def __init__(self, ws_url: Callable[[str, str], str], room_id: str, *, video: bool = False) -> None:
        self.room_id = room_id
        self.sender = ReturningClient(ws_url(room_id, "sender"), "sender", sends=True, video=video)
        self.receiver = ReturningClient(ws_url(room_id, "receiver"), "receiver", sends=False)

    @property
    def sessions(self) -> tuple[int, int]:
        return self.sender.sessions, self.receiver.sessions

    async def flows(self, patience_s: float = 30.0) -> None:
        """Wait until frames arrive."""
        frames = self.receiver.frames
        await until(lambda: self.receiver.frames > frames, f"media in {self.room_id}", patience_s)

    async def media_again(self, since_s: float, patience_s: float = 60.0) -> float:
        """Seconds from `since_s` (time.monotonic) to the first frame of a session begun after now."""
        old = self.receiver.client
        await until(
            lambda: self.receiver.client is not old and self.receiver.frames > 0,
            f"media again in {self.room_id}",
            patience_s,
        )
        return time.monotonic() - since_s


@asynccontextmanager
async def couples(
    ws_url: Callable[[str, str], str], room_ids: Sequence[str], *, video: bool = False
) -> AsyncIterator[list[Couple]]:
    """A couple in each room, opened in this order, with media flowing."""
    opened: list[Couple] = []
    try:
        for room_id in room_ids:
            opened.append(Couple(ws_url, room_id, video=video))
            await opened[-1].flows()
        yield opened
    finally:
        everybody = [client for couple in opened for client in (couple.sender, couple.receiver)]
        await asyncio.gather(*(client.stop() for client in everybody))
