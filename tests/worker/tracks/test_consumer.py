from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mediad._fastpath.door.events import StatsAnswered
from mediad.pipe.scores import ConsumerScore
from mediad.protocols.srtp_keys import DTLS_PROFILES
from mediad.worker.media.plane import ExtensionKind, Kind
from mediad.worker.tracks.consumer import Consumer
from tests.support.loops import on_loop, until
from tests.support.tracks import consumed
from tests.support.worker_objects import EMPTY_STREAM, Bench, bench

# -- opening -----------------------------------------------------------------------------------------------


def test_a_camera_opens_its_consumer() -> None:
    made, producer, consumer = consumed(paused=True, ignore_dtx=True)
    (call,) = made.loop.named("open_consumer")
    assert call.args[0] == consumer.handle
    assert call.args[2] == producer.handle
    drawn = {name: call.parameters.pop(name) for name in list(call.parameters) if name.startswith("first_")}
    assert call.parameters == {
        "video": True,
        "ssrc": 700_000_000,
        "rtx_ssrc": 700_000_001,
        "codecs": [(101, 102)],
        "clock_rate": 90000,
        "mid": b"0",
        "cname": b"abc",
        "extensions": {
            ExtensionKind.EXT_MID: 1,
            ExtensionKind.EXT_ABS_SEND_TIME: 4,
            ExtensionKind.EXT_TRANSPORT_CC: 5,
            ExtensionKind.EXT_DEPENDENCY_DESCRIPTOR: 7,
            ExtensionKind.EXT_ORIENTATION: 8,
            ExtensionKind.EXT_TOFFSET: 9,
            ExtensionKind.EXT_PLAYOUT_DELAY: 11,
        },
        "nack": True,
        "ignore_dtx": True,
        "paused": True,
        "target": 0,
        "target_layers": (255, 255),
    }
    assert 1000 <= drawn["first_sequence_number"] < 32768
    assert 1000 <= drawn["first_rtx_sequence_number"] < 32768
    assert 0 <= drawn["first_timestamp"] < 2**32


def test_a_microphone_opens_its_consumer() -> None:
    made, _, _ = consumed("audio")
    parameters = made.loop.named("open_consumer")[0].parameters
    assert (parameters["video"], parameters["rtx_ssrc"], parameters["codecs"]) == (False, 0, [(100, 0)])
    assert parameters["clock_rate"] == 48000


def test_a_consumer_that_comes_later_starts_with_the_best_that_lives() -> None:
    made = bench()
    transport = made.transport()
    producer = made.producer(transport)
    for encoding in (0, 1):
        producer.stream_changed(encoding, 1000 + encoding, 10, True)
    made.consumer(transport, producer)
    assert [call.parameters["target"] for call in made.loop.named("open_consumer")] == [1]


@pytest.mark.parametrize(("kind", "sessions"), [("video", 2), ("audio", 1)])
def test_keys_make_a_session_for_each_ssrc(kind: str, sessions: int) -> None:
    made, _, consumer = consumed(kind)
    consumer.set_keys(DTLS_PROFILES[0], bytes(28))
    (call,) = made.loop.named("set_consumer_sessions")
    assert call.args == (consumer.handle,)
    assert sum(pointer != 0 for pointer in call.parameters.values()) == sessions


# -- control -----------------------------------------------------------------------------------------------


def test_pausing_is_told_once() -> None:
    made, _, consumer = consumed()
    for paused in (False, True, True, False):
        consumer.pause(paused)
        assert consumer.paused is paused
    assert [call.args[1] for call in made.loop.named("pause_consumer")] == [True, False]


@pytest.mark.parametrize(("kind", "requests"), [("video", 1), ("audio", 0)])
def test_only_video_has_key_frames(kind: str, requests: int) -> None:
    made, _, consumer = consumed(kind)
    consumer.request_key_frame()
    assert len(made.loop.named("request_key_frame")) == requests


def test_closing_leaves_the_producer() -> None:
    made, producer, consumer = consumed()
    assert producer.consumers == {"c": consumer}
    consumer.close()
    assert producer.consumers == {}
    assert made.loop.calls[-1].args == (consumer.handle,)
    assert made.loop.names[-1] == "close_consumer"


# -- layers ------------------------------------------------------------------------------------------------


def test_layers_that_are_sent_are_told() -> None:
    made, _, consumer = consumed()
    for news in ((1, 255, 255), (1, 7, 0), (2, 0, 0), (-1, 255, 255)):
        consumer.layers_changed(*news)
    assert made.told("consumer.layers") == [
        {"consumerId": "c", "layers": {"spatialLayer": 1, "temporalLayer": 2}},
        {"consumerId": "c", "layers": {"spatialLayer": 2, "temporalLayer": 0}},
        {"consumerId": "c", "layers": None},
    ]


def test_in_a_pause_no_layers_are_sent() -> None:
    made, producer, consumer = consumed()
    for pause in (consumer.pause, producer.pause):
        consumer.layers_changed(1, 2, 255)
        pause(True)
        consumer.layers_changed(1, 2, 255)  # under way when the pause was decided
        assert consumer.layer_stats()["currentLayers"] is None
        pause(False)
        assert consumer.layer_stats()["currentLayers"] is None, "until a key frame has come"
    assert [told["layers"] for told in made.told("consumer.layers")] == [
        {"spatialLayer": 1, "temporalLayer": 2},
        None,
    ] * 2


def test_from_a_silent_sender_no_layers_are_sent() -> None:
    made, producer, consumer = consumed()
    for active in (True, False, True):
        producer.stream_changed(0, 1000, 10 if active else 0, active)
        if active:
            consumer.layers_changed(0, 2, 255)
    lowest = {"spatialLayer": 0, "temporalLayer": 2}
    assert [told["layers"] for told in made.told("consumer.layers")] == [lowest, None, lowest]


# -- scores ------------------------------------------------------------------------------------------------


def test_the_first_score() -> None:
    _, _, consumer = consumed()
    assert consumer.score() == ConsumerScore(10, 0, [0, 0, 0])


def test_the_score_of_what_is_forwarded() -> None:
    _, producer, consumer = consumed()
    for encoding in range(3):
        producer.stream_changed(encoding, 1000 + encoding, 10 - encoding, True)
    assert consumer.score() == ConsumerScore(10, 8, [10, 9, 8])
    consumer.layers_changed(1, 255, 255)
    assert consumer.score().producer_score == 9


def test_scores_are_told_when_they_change() -> None:
    made, producer, consumer = consumed("audio")
    producer.stream_changed(0, 1111, 10, True)
    producer.stream_changed(0, 1111, 10, True)
    consumer.score_changed(7)
    assert made.told("consumer.score") == [
        {"consumerId": "c", "score": {"score": 10, "producerScore": 10, "producerScores": [10]}},
        {"consumerId": "c", "score": {"score": 7, "producerScore": 10, "producerScores": [10]}},
    ]


# -- statistics --------------------------------------------------------------------------------------------


async def stats_of(made: Bench, consumer: Consumer, *answers: list[dict[str, Any]]) -> Any:
    """The consumer's statistics when the media path answers its questions one after the other."""
    made.plane.start()
    try:
        task = asyncio.create_task(consumer.stats())
        for number, records in enumerate(answers):
            await until(lambda: len(made.loop.named("request_stats")) > number)
            request_id = made.loop.named("request_stats")[number].args[0]
            made.loop.tell(StatsAnswered(request_id, records))
        return await task
    finally:
        made.plane.stop()


@on_loop
async def test_statistics_show_both_ends() -> None:
    made, _, consumer = consumed()
    sent = [{**EMPTY_STREAM, "encoding": 1, "ssrc": 700_000_000}]
    received = [{**EMPTY_STREAM, "encoding": index, "ssrc": 1000 + index} for index in range(3)]
    entries = await stats_of(made, consumer, sent, received)
    assert [(entry["type"], entry["ssrc"]) for entry in entries] == [
        ("outbound-rtp", 700_000_000),
        ("inbound-rtp", 1001),
    ]
    assert [call.args[1] for call in made.loop.named("request_stats")] == [
        Kind.KIND_CONSUMER,
        Kind.KIND_PRODUCER,
    ]


@on_loop
async def test_statistics_before_anything_was_sent() -> None:
    made, _, consumer = consumed()
    (entry,) = await stats_of(made, consumer, [{**EMPTY_STREAM, "encoding": -1, "ssrc": 700_000_000}])
    assert entry["type"] == "outbound-rtp"


@on_loop
async def test_statistics_of_what_is_gone() -> None:
    made, _, consumer = consumed()
    assert await stats_of(made, consumer, []) == []
