"""Layers chosen at random, again and again, and fifty receivers who all want key frames."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation import rtcp
from tests.simulation.call import MS, SECOND, Call, Receiver, Sender, Track
from tests.simulation.scenes import Scene, pair
from tests.simulation.video_receiver import OWN_SSRC
from tests.simulation.video_sender import EncodingPlan
from tests.support.layered import Codec

SIMULCAST_BPS = (60_000, 120_000, 240_000)
SVC_BPS = 240_000
SETTLED_US = 400 * MS


@dataclass
class Switching(Scene):
    """`took_us`: of each change of the spatial layer, until its first picture was shown."""

    took_us: list[int] = field(default_factory=list)
    missed: list[tuple[int, int]] = field(default_factory=list)  # layers asked for that did not come


def plans(codec: Codec) -> list[EncodingPlan]:
    """Simulcast of VP8 and H264, three spatial layers of the others."""
    if codec == "vp8":
        return [EncodingPlan(bps) for bps in SIMULCAST_BPS]
    if codec == "h264":
        return [EncodingPlan(bps, "h264", temporal_layers=1) for bps in SIMULCAST_BPS]
    return [EncodingPlan(SVC_BPS, codec, spatial_layers=3)]


def switching(
    codec: Codec, *, switches: int = 100, seed: int = 1, make: Callable[[], Call] = Call
) -> Switching:
    chance = random.Random(f"{codec} {seed}")
    with make() as call:
        up, down = pair(100)
        sender = call.send(up, down, video=plans(codec))
        receiver = call.receive(*pair(seed))
        track = call.watch(receiver, sender)
        scene = Switching(f"switches of {codec}", call, [receiver])
        call.run(3)
        wish = (2, plans(codec)[0].temporal_layers - 1)
        for _ in range(switches):
            wish = _another(chance, wish, plans(codec)[0].temporal_layers)
            _switch(scene, track, wish)
            call.run(chance.uniform(0.8, 1.6))
            _judge(scene, track, wish)
    return scene


def _another(chance: random.Random, wish: tuple[int, int], temporal_layers: int) -> tuple[int, int]:
    while (new := (chance.randrange(3), chance.randrange(temporal_layers))) == wish:
        pass
    return new


def _switch(scene: Switching, track: Track, wish: tuple[int, int]) -> None:
    screen, asked_us = track.receiver.screen, scene.call.now_us
    before, seen = screen.shown[-1].layers[0], len(screen.shown)
    track.consumer.set_preferred_layers(*wish)
    while before != wish[0] and scene.call.now_us < asked_us + 3 * SECOND:
        scene.call.run(0.005)
        found = [shown for shown in screen.shown[seen:] if shown.layers[0] == wish[0]]
        if found:
            scene.took_us.append(found[0].now_us - asked_us)
            return


def _judge(scene: Switching, track: Track, wish: tuple[int, int]) -> None:
    now_us = scene.call.now_us
    last = [shown.layers for shown in track.receiver.screen.between(now_us - SETTLED_US, now_us)]
    if {spatial for spatial, _ in last} != {wish[0]} or max(temporal for _, temporal in last) != wish[1]:
        scene.missed.append(wish)


@dataclass
class Storm(Scene):
    """`waited_us`: of each receiver, from its joining until its first picture."""

    sender: Sender | None = None
    waited_us: list[int] = field(default_factory=list)


def storm(receivers: int = 50, *, seconds: float = 12, make: Callable[[], Call] = Call) -> Storm:
    """Let receivers join over five seconds; each asks for a key frame ten times a second."""
    with make() as call:
        up, down = pair(100)
        sender = call.send(up, down, video=[EncodingPlan(bps // 2) for bps in SIMULCAST_BPS])
        scene = Storm(f"{receivers} asking for key frames", call, [], sender=sender)
        call.run(2)
        joined_us = []
        for number in range(receivers):
            joined_us.append(call.now_us)
            scene.receivers.append(_impatient(call, sender, number))
            call.run(5 / receivers)
        call.run(seconds - 5)
        for receiver, since_us in zip(scene.receivers, joined_us, strict=True):
            shown = receiver.tracks[0].receiver.screen.shown
            scene.waited_us.append((shown[0].now_us if shown else call.now_us) - since_us)
    return scene


def _impatient(call: Call, sender: Sender, number: int) -> Receiver:
    receiver = call.receive(*pair(1000 + 2 * number))
    track = call.watch(receiver, sender, preferred_layers=(number % 3, None))
    request = rtcp.pli(OWN_SSRC, track.receiver.ssrc)
    call.clock.every(100 * MS, lambda: receiver.client.up.send(request))
    return receiver
