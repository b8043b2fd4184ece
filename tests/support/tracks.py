"""A consumer of a client's track over a recording media loop."""

from __future__ import annotations

from typing import Any

from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.producer import Producer
from tests.support.negotiation import video
from tests.support.worker_objects import Bench, bench

SVC = video("video/VP8", encodings=[{"ssrc": 5, "scalabilityMode": "L1T3"}])
SIMPLE = video("video/VP8")


def consumed(
    kind: str = "video", wire: dict[str, Any] | None = None, **changes: Any
) -> tuple[Bench, Producer, Consumer]:
    made = bench()
    transport = made.transport()
    producer = made.producer(transport, "p", kind, wire)
    return made, producer, made.consumer(transport, producer, "c", wire, **changes)


def targets(made: Bench) -> list[tuple[int, int, int]]:
    """(encoding, temporal, spatial layer) the media path was told to send, one after the other."""
    return [call.args[1:] for call in made.loop.named("set_target")]
