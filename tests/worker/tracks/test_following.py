"""Each way of following a producer, by what the media path and the client are told."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from mediad.pipe.requests import TrackType
from mediad.pipe.scores import Layers
from mediad.worker.policy.allocation import Step
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.following import FOLLOWINGS, NOTHING, Following
from mediad.worker.tracks.producer import Producer
from tests.support.negotiation import video
from tests.support.tracks import SIMPLE, SVC, consumed, targets
from tests.support.worker_objects import Bench


def test_each_type_has_its_way() -> None:
    assert sorted(FOLLOWINGS) == sorted(get_args(TrackType))


def test_without_layers_nothing_is_chosen_or_told() -> None:
    _, producer, consumer = consumed(wire=SIMPLE)
    following = consumer._following
    assert type(following) is Following
    assert following.target == (0, 255, 255)
    assert following.prefer(0, 0) is None
    assert (following.ladder(), following.sent_layers(0, 0), following.is_silent()) == (None, None, False)
    assert following.allot(Step(0, 0, 1000), limited=True) == (0, 255, 255)
    assert following.allot(None, limited=True) == NOTHING
    assert following.stats(None, paused=False) == {}
    assert producer.consumers == {"c": consumer}


# -- wishes -----------------------------------------------------------------------------------------------


def test_streams_that_come_and_go_move_the_target() -> None:
    made, producer, _ = consumed()
    for encoding, active in ((0, True), (2, True), (1, True), (2, False), (0, False)):
        producer.stream_changed(encoding, 1000 + encoding, 10, active)
    assert targets(made) == [(2, 255, 255), (1, 255, 255)]


@pytest.mark.parametrize(
    ("wished", "answer", "target"),
    [
        ((0, None), (0, 2), (0, 255, 255)),
        ((1, 2), (1, 2), (1, 255, 255)),
        ((2, 0), (2, 0), (2, 0, 255)),
        ((7, 9), (2, 2), (2, 255, 255)),
    ],
)
def test_wishes_are_brought_down_to_what_exists(
    wished: tuple[int, int | None], answer: tuple[int, int], target: tuple[int, int, int]
) -> None:
    made, producer, consumer = consumed()
    for encoding in range(3):
        producer.stream_changed(encoding, 1000 + encoding, 10, True)
    spatial, temporal = answer
    assert consumer.set_preferred_layers(*wished) == Layers(spatial, temporal)
    assert targets(made)[-1] == target


def test_wishes_hold_when_streams_change() -> None:
    made, producer, consumer = consumed()
    consumer.set_preferred_layers(1, 1)
    for encoding in range(3):
        producer.stream_changed(encoding, 1000 + encoding, 10, True)
    assert targets(made)[-1] == (1, 1, 255)


def test_svc_keeps_its_only_encoding() -> None:
    made, _, consumer = consumed(wire=SVC)
    assert consumer.set_preferred_layers(3, 1) == Layers(0, 1)
    assert targets(made) == [(0, 1, 255)]


@pytest.mark.parametrize(("kind", "wire"), [("video", SIMPLE), ("audio", None)])
def test_simple_tracks_have_no_layers(kind: str, wire: dict[str, Any] | None) -> None:
    made, _, consumer = consumed(kind, wire)
    assert consumer.set_preferred_layers(0, 0) is None
    consumer.layers_changed(0, 255, 255)
    assert targets(made) == []
    assert made.told("consumer.layers") == []


def test_layers_of_svc() -> None:
    made, _, consumer = consumed(wire=SVC)
    consumer.layers_changed(0, 255, 255)
    assert made.told("consumer.layers")[0]["layers"] == {"spatialLayer": 0, "temporalLayer": 2}


# -- bandwidth ---------------------------------------------------------------------------------------------

CAMERA = [[50, 80, 100], [150, 220, 300], [500, 750, 1000]]  # of each encoding by temporal layer


def camera(**changes: Any) -> tuple[Bench, Producer, Consumer]:
    """A simulcast camera whose streams are all received."""
    made, producer, consumer = consumed(**changes)
    for encoding, rates in enumerate(CAMERA):
        producer.bitrates_measured(encoding, [*rates, 0] + [0] * 12)
        producer.stream_changed(encoding, 1000 + encoding, 10, True)
    return made, producer, consumer


def estimate(made: Bench, bps: int | None) -> None:
    (transport,) = made.router.transports.values()
    transport.bandwidth.estimate_changed(bps, 0)


def test_an_estimate_lowers_layers_and_its_end_raises_them() -> None:
    made, _, _ = camera()
    for bps in (400, 160, 60, None):
        estimate(made, bps)
    assert targets(made)[-4:] == [(1, 2, 255), (0, 2, 255), (0, 0, 255), (2, 255, 255)]


def test_wishes_and_streams_limit_what_may_be_chosen() -> None:
    _, producer, consumer = camera()
    consumer.set_preferred_layers(1, 1)
    ladder = consumer.ladder()
    assert ladder is not None
    assert [step.layers for step in ladder] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    producer.stream_changed(0, 1000, 0, False)
    ladder = consumer.ladder()
    assert ladder is not None
    assert [step.layers for step in ladder] == [(1, 0), (1, 1)]


def test_svc_has_its_spatial_layers_in_one_stream() -> None:
    wire = video("video/VP8", encodings=[{"ssrc": 5, "scalabilityMode": "L3T3"}])
    made, producer, consumer = consumed(wire=wire)
    producer.bitrates_measured(0, [50, 80, 100, 0, 150, 220, 300, 0, 500, 750, 1000, 0] + [0] * 4)
    for bps in (400, 160, 60, None):
        estimate(made, bps)
    assert targets(made) == [(0, 2, 1), (0, 2, 0), (0, 0, 0), (0, 255, 255)]
    consumer.layers_changed(0, 7, 1)
    assert made.told("consumer.layers")[-1]["layers"] == {"spatialLayer": 1, "temporalLayer": 2}


def test_statistics_say_why_of_svc() -> None:
    wire = video("video/VP8", encodings=[{"ssrc": 5, "scalabilityMode": "L3T3"}])
    _, producer, consumer = consumed(wire=wire)
    reasons = []
    for top_bps in (1000, 0):
        producer.bitrates_measured(0, [100, 0, 0, 0, 300, 0, 0, 0, top_bps] + [0] * 7)
        for spatial in (1, 2):
            consumer.layers_changed(0, 2, spatial)
            reasons.append(consumer.layer_stats()["layersReason"])
    assert reasons == ["waiting", "preferred", "notSent", "preferred"]


def test_one_layer_is_reserved_and_never_taken_away() -> None:
    made, producer, consumer = consumed(wire=SIMPLE)
    producer.bitrates_measured(0, [700] + [0] * 15)
    assert (consumer.ladder(), consumer.reserved_bps()) == (None, 700)
    estimate(made, 100)
    consumer.pause(True)
    assert consumer.reserved_bps() == 0
    assert targets(made) == []


def test_a_paused_consumer_leaves_its_share_to_others() -> None:
    made, producer, first = camera()
    (transport,) = made.router.transports.values()
    made.consumer(transport, producer, "c2")
    estimate(made, 450)
    first.pause(True)
    assert first.ladder() is None
    transport.bandwidth.review(60_000_000)
    assert targets(made)[-1] == (1, 2, 255)


def test_statistics_say_why() -> None:
    made, producer, consumer = camera()
    assert consumer.layer_stats()["layersReason"] == "waiting"
    consumer.layers_changed(2, 255, 255)
    top = {"spatialLayer": 2, "temporalLayer": 2}
    assert consumer.layer_stats() == {
        "currentLayers": top,
        "targetLayers": top,
        "preferredLayers": top,
        "bestLayers": top,
        "layersReason": "preferred",
    }
    estimate(made, 160)
    assert consumer.layer_stats()["targetLayers"] == {"spatialLayer": 0, "temporalLayer": 2}
    assert consumer.layer_stats()["layersReason"] == "bandwidth"
    estimate(made, None)
    producer.stream_changed(2, 1002, 0, False)
    assert consumer.layer_stats()["layersReason"] == "notSent"
    consumer.pause(True)
    assert consumer.layer_stats()["layersReason"] == "paused"
