"""Looking at links, with links that say what the test wants."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mediad.worker.sampling import (
    AT_ONCE,
    INTERVAL_US,
    LOOK_TIMEOUT_US,
    LOSS_BOUNDS,
    ROUND_TRIP_BOUNDS_S,
    Sampler,
)
from tests.support.fake_clock import FakeClock
from tests.support.loops import on_loop, until

INTERVAL_S = INTERVAL_US / 1e6


class Consumer:
    def __init__(self, *entries: dict[str, Any]) -> None:
        self._entries = list(entries)

    async def stats(self) -> list[dict[str, Any]]:
        return self._entries


class Link:
    def __init__(self, *consumers: Consumer, **entry: Any) -> None:
        self.consumers = {str(i): consumer for i, consumer in enumerate(consumers)}
        self._entry = {"type": "webrtc-transport", **entry}
        self.incoming: list[int] = []

    async def stats(self) -> list[dict[str, Any]]:
        return [self._entry]

    def incoming_measured(self, bitrate_bps: int) -> None:
        self.incoming.append(bitrate_bps)


def outbound(**entry: Any) -> Consumer:
    return Consumer({"type": "inbound-rtp", "roundTripTime": 999}, {"type": "outbound-rtp", **entry})


@on_loop
async def test_bitrates_are_those_of_the_last_look() -> None:
    links = [Link(sendBitrate=100, recvBitrate=10, rtxSendBitrate=1, probationSendBitrate=2)]
    links += [Link(sendBitrate=1000) for _ in range(2 * AT_ONCE)]
    sampler = Sampler(lambda: links, FakeClock())
    for _ in range(2):
        await sampler.look()
    assert sampler.report().bitrates == {
        "sent": 100 + 1000 * 2 * AT_ONCE,
        "received": 10,
        "rtx_sent": 1,
        "probation_sent": 2,
    }
    assert [link.incoming for link in links[:2]] == [[10, 10], [0, 0]], "each link is told its own"
    links.clear()
    await sampler.look()
    assert set(sampler.report().bitrates.values()) == {0}


@on_loop
async def test_histograms_gather_what_every_look_saw() -> None:
    links = [
        Link(outbound(roundTripTime=70), rtpPacketLossSent=0.03, rtpPacketLossReceived=0.0),
        Link(outbound()),
        Link(),
    ]
    sampler = Sampler(lambda: links, FakeClock())
    for _ in range(2):
        await sampler.look()
    report = sampler.report()
    assert report.round_trip.buckets[ROUND_TRIP_BOUNDS_S.index(0.1)] == 2
    assert report.loss.sent.buckets[LOSS_BOUNDS.index(0.05)] == 2
    assert report.loss.received.buckets[0] == 2
    assert sum(report.round_trip.buckets) == 2  # who does not know is not counted


@on_loop
async def test_it_goes_on_after_a_look_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[object] = []

    def links() -> list[Link]:
        looks.append(len(looks))
        if len(looks) == 1:
            raise ValueError("once")
        return [Link(sendBitrate=7)]

    clock = FakeClock()
    sampler = Sampler(links, clock)
    sampler.start()
    clock.pass_s(INTERVAL_S)
    await until(lambda: "links to clients could not be measured" in caplog.text)
    assert "ValueError: once" in caplog.text
    clock.pass_s(INTERVAL_S)
    await until(lambda: sampler.report().bitrates["sent"] == 7)
    sampler.stop()
    sampler.stop()
    assert clock.waiting == 0


@on_loop
async def test_a_link_that_never_answers_ends_one_look_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[object] = []

    class Mute(Link):
        async def stats(self) -> list[dict[str, Any]]:
            asked.append(self)
            await asyncio.get_running_loop().create_future()
            raise AssertionError("nobody ends the future")

    links: list[Link] = [Mute()]
    clock = FakeClock()
    sampler = Sampler(lambda: links, clock)
    sampler.start()
    clock.pass_s(INTERVAL_S)
    await until(lambda: asked)
    clock.pass_s(LOOK_TIMEOUT_US / 1e6)
    await until(lambda: "keep their last values: no answer within 30 s" in caplog.text)
    links[:] = [Link(sendBitrate=7)]
    clock.pass_s(INTERVAL_S)
    await until(lambda: sampler.report().bitrates["sent"] == 7)
    sampler.stop()


@on_loop
async def test_nothing_is_looked_at_after_the_end() -> None:
    clock, looks = FakeClock(), list[object]()

    def links() -> list[Link]:
        looks.append(None)
        return []

    sampler = Sampler(links, clock)
    sampler.start()
    clock.pass_s(INTERVAL_S)  # a look has begun, but had no turn of the loop yet
    sampler.stop()
    clock.pass_s(10 * INTERVAL_S)
    await asyncio.sleep(0)
    assert (looks, clock.waiting) == ([], 0)
