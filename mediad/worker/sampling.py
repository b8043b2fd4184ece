"""How the links to clients are: their bitrates, loss and round trips, looked at every few seconds.

Counters of packets need no such look, but a rate or a round trip is a state. Each look adds what it saw to
histograms, so they weigh a link by how long it was that way, which is what one asks of them: how much of the
time, for how many, was it bad?
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Protocol

from mediad.metering.histogram import Histogram

INTERVAL_S = 5.0
LOOK_TIMEOUT_S = 30.0
AT_ONCE = 16
"""Links that are asked together; between two such groups the loop may do something else."""

ROUND_TRIP_BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
LOSS_BOUNDS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)

_BITRATES = {
    "sent": "sendBitrate",
    "received": "recvBitrate",
    "rtx_sent": "rtxSendBitrate",
    "probation_sent": "probationSendBitrate",
}
"""How a bitrate is called → where it is in a transport's statistics."""

logger = logging.getLogger(__name__)


class Track(Protocol):
    async def stats(self) -> list[dict[str, Any]]: ...


class Link(Protocol):
    """A transport."""

    @property
    def consumers(self) -> dict[str, Any]: ...

    async def stats(self) -> list[dict[str, Any]]: ...


class Sampler:
    """Looks at all of `links()`, again and again, between `start` and `stop`."""

    def __init__(self, links: Callable[[], Iterable[Link]]) -> None:
        self._links = links
        self._bitrates: dict[str, int] = dict.fromkeys(_BITRATES, 0)
        self._round_trip = Histogram(ROUND_TRIP_BOUNDS_S)
        self._loss = {"sent": Histogram(LOSS_BOUNDS), "received": Histogram(LOSS_BOUNDS)}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def report(self) -> dict[str, Any]:
        """`bitrates` in bit/s as of the last look, `roundTrip` in seconds and `loss` (0..1) by direction."""
        return {
            "bitrates": dict(self._bitrates),
            "roundTrip": self._round_trip.report(),
            "loss": {direction: histogram.report() for direction, histogram in self._loss.items()},
        }

    async def look(self) -> None:
        """Once at every link there is now."""
        sums: Counter[str] = Counter()
        links = iter(list(self._links()))
        while group := list(islice(links, AT_ONCE)):
            for entry in await asyncio.gather(*map(_entry, group)):
                for name, key in _BITRATES.items():
                    sums[name] += entry.get(key, 0)
                self._observe(entry)
            await asyncio.sleep(0)
        self._bitrates = {name: sums[name] for name in _BITRATES}

    def _observe(self, entry: dict[str, Any]) -> None:
        if (loss := entry.get("rtpPacketLossSent")) is not None:
            self._loss["sent"].observe(loss)
        if (loss := entry.get("rtpPacketLossReceived")) is not None:
            self._loss["received"].observe(loss)
        if (round_trip_ms := entry.get("roundTripTime")) is not None:
            self._round_trip.observe(round_trip_ms / 1000)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                async with asyncio.timeout(LOOK_TIMEOUT_S):
                    await self.look()
            except Exception:  # it is only statistics: the next look may do better
                logger.exception("links could not be looked at")


async def _entry(link: Link) -> dict[str, Any]:
    """A transport's statistics, with the round trip that one of its consumers knows."""
    (entry,) = await link.stats()
    for consumer in islice(link.consumers.values(), 1):
        for stream in await consumer.stats():
            if stream.get("type") == "outbound-rtp" and "roundTripTime" in stream:
                return {**entry, "roundTripTime": stream["roundTripTime"]}
    return entry
