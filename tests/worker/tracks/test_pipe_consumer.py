from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from mediad._fastpath.door.events import StatsAnswered
from mediad.errors import Full, InvalidInput, InvalidState
from mediad.ortc.pipe import pipe_consumer_parameters
from mediad.pipe.rtp import RtpParameters
from mediad.protocols.srtp_keys import DTLS_PROFILES
from mediad.worker.media.plane import ExtensionKind, Kind
from mediad.worker.tracks.consumer_form import ConsumerForm
from mediad.worker.tracks.pipe_consumer import PipeConsumer
from mediad.worker.tracks.producer import Producer
from tests.support.loops import on_loop, until
from tests.support.negotiation import accept, chrome_opus, chrome_vp8
from tests.support.worker_objects import EMPTY_STREAM, Bench, bench

SSRC = 400_000_000


def parameters(wire: dict[str, Any], kind: str = "video", *, enable_rtx: bool = False) -> RtpParameters:
    consumable = accept(wire, kind=kind).consumable
    negotiated = pipe_consumer_parameters(consumable, ssrc=SSRC, enable_rtx=enable_rtx)
    return RtpParameters.from_wire(negotiated.to_wire())


def piped(kind: str = "video", *, enable_rtx: bool = False) -> tuple[Bench, Producer, PipeConsumer]:
    made = bench()
    producer = made.producer(made.transport("client"), "p", kind)
    given = parameters(chrome_vp8() if kind == "video" else chrome_opus(), kind, enable_rtx=enable_rtx)
    consumer = made.router.create_pipe_consumer(
        made.transport("pipe"), "c", producer, ConsumerForm.of("simple", given), given.encodings
    )
    return made, producer, consumer


def pauses(made: Bench) -> list[tuple[int, bool]]:
    """(encoding, paused) as the media path was told, one after the other."""
    order = [call.args[0] for call in made.loop.named("open_consumer")]
    return [(order.index(call.args[0]), call.args[1]) for call in made.loop.named("pause_consumer")]


# -- opening -----------------------------------------------------------------------------------------------


def test_each_encoding_is_opened_whole() -> None:
    made, producer, _ = piped()
    calls = made.loop.named("open_consumer")
    assert [call.parameters["ssrc"] for call in calls] == [SSRC, SSRC + 1, SSRC + 2]
    assert [call.parameters["target"] for call in calls] == [0, 1, 2]
    for call in calls:
        assert call.args[2] == producer.handle
        kept = {name: value for name, value in call.parameters.items() if not name.startswith("first_")}
        assert {name: kept[name] for name in kept if name not in ("ssrc", "target")} == {
            "video": True,
            "rtx_ssrc": 0,
            "codecs": [(101, 0)],
            "clock_rate": 90000,
            "mid": b"",
            "cname": b"abc",
            "extensions": {
                ExtensionKind.EXT_DEPENDENCY_DESCRIPTOR: 7,
                ExtensionKind.EXT_ORIENTATION: 8,
                ExtensionKind.EXT_TOFFSET: 9,
                ExtensionKind.EXT_PLAYOUT_DELAY: 11,
            },
            "nack": False,
            "ignore_dtx": False,
            "paused": False,
            "whole": True,
        }


def test_losses_are_repaired_when_asked_for() -> None:
    made, _, _ = piped(enable_rtx=True)
    opened = [call.parameters for call in made.loop.named("open_consumer")]
    assert [(p["ssrc"], p["rtx_ssrc"]) for p in opened] == [(SSRC + i, SSRC + 3 + i) for i in range(3)]
    assert all(p["nack"] and p["codecs"] == [(101, 102)] for p in opened)


def test_a_microphone_has_one_stream() -> None:
    made, _, consumer = piped("audio", enable_rtx=True)
    (call,) = made.loop.named("open_consumer")
    assert (call.parameters["video"], call.parameters["nack"]) == (False, True)
    assert (call.parameters["rtx_ssrc"], call.parameters["codecs"]) == (0, [(100, 0)])
    assert consumer.wanted_encoding == 0


def test_it_opens_all_encodings_or_none() -> None:
    made = bench()
    producer, pipe = made.producer(made.transport("client")), made.transport("pipe")
    given = parameters(chrome_vp8())
    form = ConsumerForm.of("simple", given)
    with pytest.raises(InvalidInput, match="2 encodings for a producer of 3"):
        made.router.create_pipe_consumer(pipe, "c", producer, form, given.encodings[:2])
    made.plane._consumers.handles._capacity = 2
    with pytest.raises(Full):
        made.router.create_pipe_consumer(pipe, "c", producer, form, given.encodings)
    opened = [call.args[0] for call in made.loop.named("open_consumer")]
    assert len(opened) == 2
    assert [call.args[0] for call in made.loop.named("close_consumer")] == opened
    assert (made.router.consumers, pipe.consumers, producer.consumers) == ({}, {}, {})


def test_an_id_is_taken_once() -> None:
    made, producer, consumer = piped()
    given = parameters(chrome_vp8())
    with pytest.raises(InvalidState, match="already exists"):
        made.router.create_pipe_consumer(
            made.transport("other"), "c", producer, ConsumerForm.of("simple", given), given.encodings
        )
    assert made.router.consumers == {"c": consumer}


@pytest.mark.parametrize("enable_rtx", [False, True])
def test_keys_make_a_session_for_each_ssrc(enable_rtx: bool) -> None:
    made, _, consumer = piped(enable_rtx=enable_rtx)
    consumer.set_keys(DTLS_PROFILES[0], bytes(28))
    sessions = [
        pointer
        for call in made.loop.named("set_consumer_sessions")
        for pointer in call.parameters.values()
        if pointer
    ]
    assert len(set(sessions)) == (6 if enable_rtx else 3)


def test_it_claims_no_bandwidth() -> None:
    made, producer, _ = piped()
    producer.stream_changed(0, 1000, 10, True)
    producer.bitrates_measured(0, [500_000] * 16)
    assert made.router.transports["pipe"].bandwidth.demand_bps() == (0, 0)


# -- layers ------------------------------------------------------------------------------------------------


def test_only_what_the_other_end_wants_is_sent() -> None:
    made, _, consumer = piped()
    consumer.want(0)
    assert pauses(made) == [(1, True), (2, True)]
    consumer.want(2)
    assert pauses(made)[2:] == [(1, False), (2, False)]
    assert not consumer.paused
    consumer.want(None)
    assert pauses(made)[4:] == [(0, True), (1, True), (2, True)]
    assert consumer.paused
    consumer.want(7)
    assert pauses(made)[7:] == [(0, False), (1, False), (2, False)]
    consumer.want(2)
    assert len(pauses(made)) == 10, "nothing new was wanted"


def test_its_wishes_reach_the_sender() -> None:
    made, producer, consumer = piped()
    for encoding in range(3):
        producer.stream_changed(encoding, 1000 + encoding, 10, True)
    consumer.want(1)
    made.clock.pass_s(6)
    assert made.told("producer.layers") == [{"producerId": "p", "spatialLayer": 1}]
    consumer.want(2)
    assert made.told("producer.layers")[1:] == [{"producerId": "p", "spatialLayer": 2}]
    made.router.close_consumer(consumer)
    made.clock.pass_s(6)
    assert made.told("producer.layers")[2:] == [{"producerId": "p", "spatialLayer": 0}]


def test_an_encoding_that_fell_silent_waits_for_its_return() -> None:
    made, producer, consumer = piped()
    producer.stream_changed(2, 1002, 10, True)
    producer.stream_changed(2, 1002, 0, False)
    assert pauses(made) == [(2, True)]
    consumer.want(0)
    consumer.want(2)
    assert pauses(made)[1:] == [(1, True), (1, False)], "it is silent still"
    producer.stream_changed(2, 1002, 10, True)
    assert pauses(made)[3:] == [(2, False)]


# -- the end, statistics -----------------------------------------------------------------------------------


def test_it_closes_with_its_producer_and_with_the_pipe() -> None:
    for close in ("producer", "transport"):
        made, producer, _ = piped()
        opened = [call.args[0] for call in made.loop.named("open_consumer")]
        if close == "producer":
            made.router.close_producer(producer)
        else:
            made.router.close_transport(made.router.transports["pipe"])
        assert [call.args[0] for call in made.loop.named("close_consumer")] == opened
        assert made.loop.names.index("close_consumer") < made.loop.names.index(f"close_{close}")
        assert (made.router.consumers, producer.consumers) == ({}, {})


def test_news_of_the_media_path_are_its_own_affair() -> None:
    made, _, consumer = piped()
    told = len(made.events)
    consumer.score_changed(3)
    consumer.layers_changed(1, 255, 255)
    assert len(made.events) == told


def _asked(made: Bench, times: int) -> bool:
    return len(made.loop.named("request_stats")) == times


@on_loop
async def test_statistics_of_each_encoding() -> None:
    made, _, consumer = piped()
    handles = [call.args[0] for call in made.loop.named("open_consumer")]
    made.plane.start()
    try:
        task = asyncio.create_task(consumer.stats())
        for number, handle in enumerate(handles):
            await until(partial(_asked, made, number + 1))
            request_id, *about = made.loop.named("request_stats")[number].args
            assert about == [Kind.KIND_CONSUMER, handle]
            made.loop.tell(StatsAnswered(request_id, [{**EMPTY_STREAM, "ssrc": SSRC + number}]))
        entries = await task
    finally:
        made.plane.stop()
    assert [(entry["type"], entry["ssrc"]) for entry in entries] == [
        ("outbound-rtp", SSRC + number) for number in range(3)
    ]
