from __future__ import annotations

from typing import Any

from mediad.pipe.scores import EncodingScore
from mediad.worker.media.parameters import extension_ids
from mediad.worker.media.plane import Codec, Kind
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.producer import Producer
from tests.support.loops import on_loop
from tests.support.negotiation import chrome_opus, video
from tests.support.worker_objects import EMPTY_STREAM, Bench, answered, as_producer, bench


def opened(kind: str = "video", wire: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return the parameters with which the media path opens a new producer."""
    made = bench()
    transport = made.transport()
    producer = made.producer(transport, "p", kind, wire, **changes)
    (call,) = made.loop.named("open_producer")
    assert call.args == (producer.handle, transport.handle)
    return call.parameters


def test_a_camera_opens_itself() -> None:
    assert opened() == {
        "video": True,
        "mid": b"1",
        "paused": False,
        "codecs": [(96, 97, 101, Codec.CODEC_VP8, 90000)],
        "encodings": [(0, 0, b"r0"), (0, 0, b"r1"), (0, 0, b"r2")],
        "extensions": extension_ids(as_producer()[0]),
        "nack": True,
        "pli": True,
        "fir": True,
        "transport_cc": True,
        "remb": True,
        "inactivity_us": 1_500_000,
        "levels": False,
        "fec": False,
    }


def test_a_microphone_opens_itself() -> None:
    parameters = opened("audio", levels=True, paused=True)
    assert parameters["video"] is False
    assert parameters["levels"] is True
    assert parameters["paused"] is True
    assert parameters["encodings"] == [(1111, 0, b"")]
    assert (parameters["nack"], parameters["pli"], parameters["fir"]) == (True, False, False)


def test_only_sound_has_levels() -> None:
    assert opened(levels=True)["levels"] is False


def test_pausing_is_told_once() -> None:
    made = bench()
    producer = made.producer(made.transport())
    for paused in (False, True, True, False):
        producer.pause(paused)
        assert producer.paused is paused
    assert [call.args for call in made.loop.named("pause_producer")] == [
        (producer.handle, True),
        (producer.handle, False),
    ]


def test_scores_of_streams_as_they_appear() -> None:
    made = bench()
    producer = made.producer(made.transport())
    assert (producer.scores(), producer.active) == ([0, 0, 0], [False] * 3)
    producer.stream_changed(1, 2222, 10, True)
    producer.stream_changed(0, 1111, 9, True)
    producer.stream_changed(1, 2222, 0, False)
    assert (producer.scores(), producer.active) == ([9, 0, 0], [True, False, False])
    reports = [report["score"] for report in made.told("producer.score")]
    assert reports[0] == [{"encodingIdx": 1, "ssrc": 2222, "rid": "r1", "score": 10}]
    assert reports[2] == [
        {"encodingIdx": 0, "ssrc": 1111, "rid": "r0", "score": 9},
        {"encodingIdx": 1, "ssrc": 2222, "rid": "r1", "score": 0},
    ]
    assert {report["producerId"] for report in made.told("producer.score")} == {"p"}


def test_behind_a_pipe_no_score_is_better_than_at_the_source() -> None:
    made = bench()
    producer = made.producer(made.transport())
    made.consumer(made.transport("out"), producer)
    producer.set_source_score([EncodingScore(1, 7, 4), EncodingScore(3, 7, 0)])  # there is no fourth
    for encoding, score in enumerate((9, 9, 3)):
        producer.stream_changed(encoding, 1000 + encoding, score, True)
    assert producer.scores() == [9, 4, 3]
    told = len(made.told("producer.score"))
    producer.set_source_score([EncodingScore(0, 7, 2)])
    assert producer.scores() == [2, 9, 3], "what is not told of has no limit"
    assert made.told("consumer.score")[-1]["score"]["producerScores"] == [2, 9, 3]
    assert len(made.told("producer.score")) == told, "the supervisor said so itself"


def test_a_score_without_rid() -> None:
    made = bench()
    producer = made.producer(made.transport(), wire=video("video/VP8"))
    producer.stream_changed(0, 2222, 10, True)
    assert made.told("producer.score")[0]["score"] == [{"encodingIdx": 0, "ssrc": 2222, "score": 10}]


def test_closing_closes_its_consumers_first() -> None:
    made = bench()
    transport = made.transport()
    producer = made.producer(transport)
    for consumer_id in ("c1", "c2"):
        made.consumer(transport, producer, consumer_id)
    producer.close()
    assert made.loop.names[-3:] == ["close_consumer", "close_consumer", "close_producer"]
    assert producer.consumers == {}


@on_loop
async def test_statistics_have_an_entry_for_each_stream() -> None:
    made = bench()
    producer = made.producer(made.transport())
    records = [{**EMPTY_STREAM, "encoding": index, "ssrc": 1000 + index} for index in (0, 2)]
    about = (Kind.KIND_PRODUCER, producer.handle)
    entries = await answered(made, producer.stats(), records, about)
    assert [(entry["rid"], entry["ssrc"]) for entry in entries] == [("r0", 1000), ("r2", 1002)]
    assert {(entry["type"], entry["kind"], entry["mimeType"]) for entry in entries} == {
        ("inbound-rtp", "video", "video/VP8")
    }


@on_loop
async def test_statistics_of_one_stream() -> None:
    made = bench()
    producer = made.producer(made.transport(), kind="audio", wire=chrome_opus())
    records = [{**EMPTY_STREAM, "encoding": 0, "ssrc": 1111}]
    (entry,) = await answered(made, producer.stream_stats(0), records)
    assert (entry["ssrc"], entry["mimeType"]) == (1111, "audio/opus")


@on_loop
async def test_no_statistics_of_an_encoding_that_was_not_seen() -> None:
    made = bench()
    producer = made.producer(made.transport())
    records = [{**EMPTY_STREAM, "encoding": 0, "ssrc": 1111}]
    assert await answered(made, producer.stream_stats(1), records) == []


# -- sleeping encodings ------------------------------------------------------------------------------------

REST_S, WAKE_S = 5.0, 3.0


def camera(preferred: int = 2) -> tuple[Bench, Producer, Consumer]:
    """Three encodings that are all received, at 100, 300 and 1000 bit/s, and a viewer who prefers one."""
    made = bench()
    transport = made.transport()
    producer = made.producer(transport)
    for encoding, bps in enumerate((100, 300, 1000)):
        producer.stream_changed(encoding, 1000 + encoding, 10, True)
        producer.bitrates_measured(encoding, [bps] + [0] * 15)
    consumer = made.consumer(made.transport("v"), producer)
    consumer.set_preferred_layers(preferred, None)
    made.clock.pass_s(WAKE_S)
    return made, producer, consumer


def ceilings(made: Bench) -> list[int]:
    """Return the ceilings that the sender was told, one after the other."""
    assert {told["producerId"] for told in made.told("producer.layers")} <= {"p"}
    return [told["spatialLayer"] for told in made.told("producer.layers")]


def test_a_sender_nobody_receives_sends_its_lowest_encoding() -> None:
    made = bench()
    made.producer(made.transport())
    made.clock.pass_s(REST_S - 0.1)
    assert ceilings(made) == []
    made.clock.pass_s(0.1)
    assert ceilings(made) == [0]
    made.clock.pass_s(60)
    assert ceilings(made) == [0]
    assert made.clock.waiting == 0


def test_a_wanted_encoding_is_left_alone() -> None:
    made, _, _ = camera()
    made.clock.pass_s(60)
    assert ceilings(made) == []


def test_wishes_put_encodings_to_sleep_after_a_while_and_wake_them_at_once() -> None:
    made, producer, consumer = camera()
    consumer.set_preferred_layers(1, None)
    consumer.layers_changed(1, 2, 255)
    made.clock.pass_s(REST_S - 0.1)
    assert ceilings(made) == []
    made.clock.pass_s(0.1)
    assert ceilings(made) == [1]
    producer.stream_changed(2, 1002, 0, False)
    consumer.set_preferred_layers(2, None)
    assert ceilings(made) == [1, 2]


def test_paused_consumers_want_nothing() -> None:
    made, _, consumer = camera()
    consumer.pause(True)
    made.clock.pass_s(REST_S)
    assert ceilings(made) == [0]
    consumer.pause(False)
    assert ceilings(made) == [0, 2]


def test_the_last_of_several_decides() -> None:
    made, producer, first = camera()
    second = made.consumer(made.transport("w"), producer, "c2")
    second.set_preferred_layers(1, None)
    first.close()
    made.clock.pass_s(REST_S)
    assert ceilings(made) == [1]
    second.close()
    made.clock.pass_s(REST_S)
    assert ceilings(made) == [1, 0]


def test_what_is_still_being_sent_is_wanted_until_something_else_is() -> None:
    """The wish for a lower encoding waits for its key frame; until then the higher one is the picture."""
    made, _, consumer = camera()
    consumer.layers_changed(2, 2, 255)
    consumer.set_preferred_layers(0, None)
    made.clock.pass_s(60)
    assert ceilings(made) == []
    consumer.layers_changed(0, 2, 255)
    made.clock.pass_s(REST_S)
    assert ceilings(made) == [0]


def test_what_no_link_carries_sleeps() -> None:
    made, producer, consumer = camera()
    bandwidth = made.router.transports["v"].bandwidth
    bandwidth.estimate_changed(400, made.clock.now_us())
    made.clock.pass_s(REST_S)
    assert ceilings(made) == [1]
    producer.stream_changed(2, 1002, 0, False)
    assert consumer.layer_stats()["layersReason"] == "bandwidth"
    assert bandwidth.demand_bps()[1] > 1000, "what sleeps must be probed for, or nobody ever gets it"
    bandwidth.estimate_changed(2000, made.clock.now_us())
    assert ceilings(made) == [1, 2]
    assert consumer.layer_stats()["layersReason"] == "waking"


def test_a_viewer_keeps_its_picture_until_the_better_one_comes() -> None:
    made, producer, consumer = camera(preferred=0)
    made.clock.pass_s(REST_S)
    for encoding in (1, 2):
        producer.stream_changed(encoding, 1000 + encoding, 0, False)
    consumer.set_preferred_layers(2, None)
    assert made.loop.named("set_target")[-1].args[1:] == (0, 255, 255)
    producer.stream_changed(2, 1002, 10, True)
    assert made.loop.named("set_target")[-1].args[1:] == (2, 255, 255)


def test_a_joiner_starts_with_what_is_awake() -> None:
    made, producer, consumer = camera()
    consumer.close()
    made.clock.pass_s(REST_S)
    for encoding in (1, 2):
        producer.stream_changed(encoding, 1000 + encoding, 0, False)
    made.consumer(made.transport("w"), producer, "late")
    assert made.loop.named("open_consumer")[-1].parameters["target"] == 0
    assert ceilings(made) == [0, 2]


def test_an_encoding_that_does_not_wake_is_taken_for_not_sent() -> None:
    made, producer, consumer = camera(preferred=1)
    made.clock.pass_s(REST_S)
    producer.stream_changed(2, 1002, 0, False)
    consumer.set_preferred_layers(2, None)
    assert producer.obtainable == [True] * 3
    made.clock.pass_s(WAKE_S)
    assert producer.obtainable == [True, True, False]
    assert consumer.layer_stats()["layersReason"] == "notSent"
    assert ceilings(made) == [1, 2], "it may still come"


def test_the_only_encoding_that_arrives_is_left_alone() -> None:
    made = bench()
    producer = made.producer(made.transport())
    producer.stream_changed(1, 1001, 10, True)
    made.clock.pass_s(REST_S)
    assert ceilings(made) == [1]


def test_a_stream_that_comes_back_costs_what_it_cost() -> None:
    """The first second of a stream is measured over a whole one: too little."""
    made, producer, _ = camera()
    producer.stream_changed(2, 1002, 0, False)
    producer.stream_changed(2, 1002, 10, True)
    producer.bitrates_measured(2, [200] + [0] * 15)
    assert producer.bitrates[2][0] == 1000
    made.clock.pass_s(2)
    producer.bitrates_measured(2, [900] + [0] * 15)
    assert producer.bitrates[2][0] == 900


def test_a_single_encoding_is_never_told_to_sleep() -> None:
    made = bench()
    made.producer(made.transport(), wire=video("video/VP8"))
    made.clock.pass_s(60)
    assert ceilings(made) == []


def test_closing_forgets_its_timer() -> None:
    made, producer, _ = camera()
    producer.close()
    made.clock.pass_s(60)
    assert ceilings(made) == []
    assert made.clock.waiting == 0


# -- clients that do not comply ------------------------------------------------------------------------------


def caps(made: Bench) -> list[int]:
    """Return the caps of the sender's uplink, one after the other; 0 = none."""
    return [call.args[1] for call in made.loop.named("cap_uplink")]


def ignoring_camera() -> tuple[Bench, Producer, Consumer]:
    """One that goes on sending three encodings, of 100, 500 and 2000 kbit/s, though the lowest is wanted."""
    made, producer, consumer = camera(preferred=0)
    for encoding, bps in enumerate((100_000, 500_000, 2_000_000)):
        producer.bitrates_measured(encoding, [bps // 2, bps] + [0] * 14)
    made.clock.pass_s(REST_S - WAKE_S)  # told now
    return made, producer, consumer


def test_what_still_comes_after_a_while_is_held_back_by_a_cap() -> None:
    made, _, _ = ignoring_camera()
    made.clock.pass_s(2.9)
    assert caps(made) == []
    made.clock.pass_s(0.1)
    assert caps(made) == [300_000]


def test_a_client_that_complies_is_not_capped() -> None:
    made, producer, _ = ignoring_camera()
    for encoding in (1, 2):
        producer.stream_changed(encoding, 1000 + encoding, 0, False)
    made.clock.pass_s(60)
    assert caps(made) == []


def test_a_cap_is_lifted_as_soon_as_somebody_wants_more() -> None:
    made, _, consumer = ignoring_camera()
    made.clock.pass_s(3)
    consumer.set_preferred_layers(2, None)
    assert caps(made) == [300_000, 0]
    consumer.set_preferred_layers(1, None)
    made.clock.pass_s(REST_S)
    assert caps(made) == [300_000, 0, 1_550_000], "a client that ignored it once is not waited for again"


def test_a_cap_leaves_room_to_grow() -> None:
    made, producer, _ = ignoring_camera()
    made.clock.pass_s(3)
    for bps in (160_000, 161_000, 100_000, 400_000):
        producer.bitrates_measured(0, [bps] + [0] * 15)
    assert caps(made) == [300_000, 480_000, 625_000]


def test_a_cap_that_silences_what_is_wanted_goes_for_good() -> None:
    made, producer, _ = ignoring_camera()
    made.clock.pass_s(3)
    producer.stream_changed(0, 1000, 0, False)
    assert caps(made) == [300_000, 0]
    producer.stream_changed(0, 1000, 10, True)
    made.clock.pass_s(60)
    assert caps(made) == [300_000, 0]


def test_a_second_picture_lifts_the_cap_while_it_is_sent() -> None:
    made, _, _ = ignoring_camera()
    made.clock.pass_s(3)
    screen = made.producer(made.router.transports["t"], "screen", wire=video("video/VP8", mid="9"))
    assert caps(made) == [300_000, 0]
    screen.pause(True)
    screen.pause(False)
    made.router.close_producer(screen)
    assert caps(made) == [300_000, 0, 300_000, 0, 300_000]


def test_a_paused_producer_needs_no_cap() -> None:
    made, producer, _ = ignoring_camera()
    made.clock.pass_s(3)
    producer.pause(True)
    assert caps(made) == [300_000, 0]
