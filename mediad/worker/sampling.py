"""Sampling: the bitrates, loss and round trips of the links to clients, measured every few seconds.

Counters of packets need no sampling, but a rate or a round trip is a state. Each sample is added to
histograms, so that a state counts in them by how long it lasted. They answer: for how many clients, and for
how much of the time, was the link bad?
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Protocol

from mediad.clock import Clock, Timer
from mediad.metering.histogram import Histogram
from mediad.pipe.worker_stats import LinksReport, LossReport

INTERVAL_US = 5_000_000
LOOK_TIMEOUT_US = 30_000_000
AT_ONCE = 16
"""The number of links that are asked together; the event loop does other work between two such groups."""

ROUND_TRIP_BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
LOSS_BOUNDS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)

_BITRATES = {
    "sent": "sendBitrate",
    "received": "recvBitrate",
    "rtx_sent": "rtxSendBitrate",
    "probation_sent": "probationSendBitrate",
}
"""The name of a bitrate → its key in a transport's statistics."""

_FAILED = "links to clients could not be measured; the metrics about links keep their last values"

logger = logging.getLogger(__name__)


class Track(Protocol):
    async def stats(self) -> list[dict[str, Any]]: ...


class Link(Protocol):
    """A transport, as the sampler sees it."""

    @property
    def consumers(self) -> dict[str, Any]: ...

    async def stats(self) -> list[dict[str, Any]]: ...

    def incoming_measured(self, bitrate_bps: int) -> None:
        """Take what came in the last second."""
        ...


class Sampler:
    """Samples of all `links()`, taken every INTERVAL_US between `start` and `stop`."""

    def __init__(self, links: Callable[[], Iterable[Link]], clock: Clock) -> None:
        self._links = links
        self._clock = clock
        self._bitrates: dict[str, int] = dict.fromkeys(_BITRATES, 0)
        self._round_trip = Histogram(ROUND_TRIP_BOUNDS_S)
        self._lost_sent, self._lost_received = Histogram(LOSS_BOUNDS), Histogram(LOSS_BOUNDS)
        self._timer: Timer | None = None
        self._look: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first sample is taken after the interval."""
        self._timer = self._clock.call_at(self._clock.now_us() + INTERVAL_US, self._begin)

    def stop(self) -> None:
        """Take no more samples; one that is under way is cancelled."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._look is not None:
            self._look.remove_done_callback(self._end)
            self._look.cancel()
            self._look = None

    def report(self) -> LinksReport:
        """Return the results so far."""
        return LinksReport(
            bitrates=dict(self._bitrates),
            round_trip=self._round_trip.report(),
            loss=LossReport(self._lost_sent.report(), self._lost_received.report()),
        )

    async def look(self) -> None:
        """Take one sample of every link that exists now."""
        sums: Counter[str] = Counter()
        links = iter(list(self._links()))
        while group := list(islice(links, AT_ONCE)):
            for link, entry in zip(group, await asyncio.gather(*map(_entry, group)), strict=True):
                link.incoming_measured(entry.get("recvBitrate", 0))
                for name, key in _BITRATES.items():
                    sums[name] += entry.get(key, 0)
                self._observe(entry)
            await asyncio.sleep(0)
        self._bitrates = {name: sums[name] for name in _BITRATES}

    def _observe(self, entry: dict[str, Any]) -> None:
        if (loss := entry.get("rtpPacketLossSent")) is not None:
            self._lost_sent.observe(loss)
        if (loss := entry.get("rtpPacketLossReceived")) is not None:
            self._lost_received.observe(loss)
        if (round_trip_ms := entry.get("roundTripTime")) is not None:
            self._round_trip.observe(round_trip_ms / 1000)

    def _begin(self) -> None:
        self._look = asyncio.create_task(self.look())
        self._look.add_done_callback(self._end)
        self._timer = self._clock.call_at(self._clock.now_us() + LOOK_TIMEOUT_US, self._give_up)

    def _give_up(self) -> None:
        if self._look is not None:
            self._look.cancel()

    def _end(self, look: asyncio.Task[None]) -> None:
        """Plan the next sample, also after one that failed."""
        self.stop()
        if look.cancelled():
            logger.error(f"{_FAILED}: no answer within %d s", LOOK_TIMEOUT_US // 1_000_000)
        elif (error := look.exception()) is not None:
            logger.error(_FAILED, exc_info=error)
        self.start()


async def _entry(link: Link) -> dict[str, Any]:
    """Return a transport's statistics, with the round trip of one of its consumers when that is known."""
    (entry,) = await link.stats()
    for consumer in islice(link.consumers.values(), 1):
        for stream in await consumer.stats():
            if stream.get("type") == "outbound-rtp" and "roundTripTime" in stream:
                return {**entry, "roundTripTime": stream["roundTripTime"]}
    return entry
