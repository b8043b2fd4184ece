"""Calls on bad networks, played to the end: what the tests judge and what `scripts/bench network` draws."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.call import CAMERA, MS, Call, Receiver, Sender, Track
from tests.simulation.cross_traffic import CrossTraffic
from tests.simulation.video_sender import EncodingPlan
from tests.support.link import Link

BESIDE = "beside"  # a receiver on a good network, whom the others' troubles should not touch


@dataclass
class Scene:
    """A call that is over. `marks`: when something was changed, and what."""

    name: str
    call: Call
    receivers: list[Receiver]
    marks: list[tuple[int, str]] = field(default_factory=list)
    tcp_bytes: int = 0

    @property
    def receiver(self) -> Receiver:
        return self.receivers[0]

    @property
    def track(self) -> Track:
        return self.receiver.tracks[0]

    def mark(self, label: str) -> int:
        """Note the present time under a label and return it."""
        self.marks.append((self.call.now_us, label))
        return self.call.now_us

    def at(self, label: str) -> int:
        return next(at_us for at_us, known in self.marks if known == label)


def pair(seed: int, *, rtt_ms: int = 40, loss: float = 0.0, **down: int | float | None) -> tuple[Link, Link]:
    """A link to somebody, and one back; `down` is of the first alone."""
    delay_us = rtt_ms * MS // 2
    to = Link(seed, delay_us=delay_us, loss=loss)
    for name, value in down.items():
        setattr(to, name, value)
    return to, Link(seed + 1, delay_us=delay_us, loss=loss)


def sender(call: Call, *, loss: float = 0.0, rtt_ms: int = 40, audio: bool = True) -> Sender:
    down, up = pair(100 + 10 * len(call.senders), rtt_ms=rtt_ms, loss=loss)
    return call.send(up, down, audio=audio)


def receiver(call: Call, sender: Sender, links: tuple[Link, Link], name: str = "") -> Receiver:
    new = call.receive(*links, name=name)
    call.watch(new, sender)
    call.listen(new, sender)
    return new


def lossy(loss: float, rtt_ms: int, *, seed: int = 1, seconds: float = 25) -> Scene:
    """A call in which each client loses this share of all packets, both ways."""
    with Call() as call:
        source = sender(call, loss=loss, rtt_ms=rtt_ms)
        one = receiver(call, source, pair(seed, rtt_ms=rtt_ms, loss=loss))
        scene = Scene(f"loss {loss:.0%}, {rtt_ms} ms", call, [one])
        call.run(5)
        scene.mark("settled")
        call.run(seconds)
    return scene


def squeezed(*, seed: int = 1, rate_bps: int = 400_000, burst_bytes: int = 0, queue_ms: int = 500) -> Scene:
    """A call over a link that becomes narrow and wide again, with a client whose link stays wide."""
    with Call() as call:
        source = sender(call)
        one = receiver(call, source, pair(seed))
        other = receiver(call, source, pair(seed + 50), BESIDE)
        scene = Scene(f"squeezed to {rate_bps // 1000} kbit/s", call, [one, other])
        link = one.client.down.link
        link.queue_us = queue_ms * MS
        call.run(10)
        scene.mark("squeezed")
        link.rate_bps, link.burst_bytes = rate_bps, burst_bytes
        call.run(20)
        scene.mark("released")
        link.rate_bps = None
        call.run(10)
    return scene


def narrow(
    rate_bps: int, *, seed: int = 1, burst_bytes: int = 0, loss: float = 0.0, seconds: float = 20
) -> Scene:
    """A link that was always this narrow; a sender whose top layer no such link carries."""
    with Call() as call:
        plans = [*CAMERA[:2], EncodingPlan(2_500_000 if rate_bps < 4_000_000 else 6_000_000)]
        down, up = pair(100)
        source = call.send(up, down, video=plans, audio=True)
        one = receiver(call, source, pair(seed, rate_bps=rate_bps, burst_bytes=burst_bytes, loss=loss))
        scene = Scene(
            f"{rate_bps // 1000} kbit/s" + f", burst {burst_bytes // 1000} KB" * bool(burst_bytes),
            call,
            [one],
        )
        call.run(10)
        scene.mark("settled")
        call.run(seconds)
    return scene


def shared(rate_bps: int, queue_ms: int, *, seed: int = 1) -> Scene:
    """A call that shares a link with a TCP download through the same queue."""
    with Call() as call:
        source = sender(call)
        one = receiver(call, source, pair(seed, rate_bps=rate_bps, queue_us=queue_ms * MS))
        traffic = CrossTraffic(call.clock, one.client)
        scene = Scene(f"{rate_bps // 1000} kbit/s shared with TCP", call, [one])
        call.run(10)
        scene.mark("settled")
        before = traffic.tcp.delivered_bytes
        call.run(40)
        scene.tcp_bytes = traffic.tcp.delivered_bytes - before
    return scene


def outage(seconds: float = 5, *, seed: int = 1, rate_bps: int | None = None) -> Scene:
    """A call with an outage: no packet arrives, either way, for a while."""
    with Call() as call:
        source = sender(call)
        one = receiver(call, source, pair(seed, rate_bps=rate_bps))
        scene = Scene(f"{seconds:.0f} s without network", call, [one])
        links = one.client.down.link, one.client.up.link
        call.run(10)
        scene.mark("gone")
        for link in links:
            link.loss = 1.0
        call.run(seconds)
        scene.mark("back")
        for link in links:
            link.loss = 0.0
        call.run(6)
    return scene


def priorities(rate_bps: int, priorities: list[int], *, seed: int = 1) -> Scene:
    """One transport, several senders' cameras."""
    with Call() as call:
        sources = [sender(call, audio=number == 0) for number in range(len(priorities))]
        one = receiver(call, sources[0], pair(seed, rate_bps=rate_bps))
        for source in sources[1:]:
            call.watch(one, source)
        for track, priority in zip(one.tracks, priorities, strict=True):
            track.consumer.priority = priority
        scene = Scene(f"{len(priorities)} cameras in {rate_bps // 1000} kbit/s", call, [one])
        call.run(10)
        scene.mark("settled")
        call.run(20)
    return scene
