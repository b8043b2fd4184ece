"""Requests about what goes through a pipe: met, or refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import InvalidInput, InvalidState, NotFound
from mediad.ortc.pipe import pipe_consumer_parameters
from tests.support.loops import on_loop
from tests.support.negotiation import accept, chrome_vp8
from tests.support.served_worker import Worker, with_everything


def pipe_consumer(**changes: Any) -> dict[str, Any]:
    """The data of consumer.createPipe."""
    asked = {"transportId": "pipe", "consumerId": "x", "producerId": "p", "rtpParameters": parameters()}
    return {**asked, **changes}


def parameters(*, enable_rtx: bool = False) -> dict[str, Any]:
    consumable = accept(chrome_vp8()).consumable
    return pipe_consumer_parameters(consumable, ssrc=400_000_000, enable_rtx=enable_rtx).to_wire()


async def with_pipe() -> Worker:
    worker = await with_everything()
    await worker.ask("transport.createPipe", routerId="r", transportId="pipe")
    return worker


async def piped() -> Worker:
    worker = await with_pipe()
    await worker.ask("consumer.createPipe", **pipe_consumer())
    return worker


@on_loop
async def test_the_answer_is_the_state_of_the_producer() -> None:
    worker = await with_pipe()
    _, producer = worker.server.objects.producer("p")
    producer.stream_changed(1, 1001, 7, True)
    await worker.ask("producer.pause", producerId="p")
    assert await worker.ask("consumer.createPipe", **pipe_consumer()) == {
        "producerPaused": True,
        "score": [{"encodingIdx": 1, "ssrc": 1001, "score": 7, "rid": "r1"}],
    }


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"producerId": "q"}, NotFound, 'producer with id "q" not found'),
        ({"transportId": "q"}, NotFound, 'transport with id "q" not found'),
        ({"transportId": "b"}, InvalidInput, 'transport with id "b" is not a PipeTransport'),
        ({"rtpParameters": parameters(enable_rtx=True)}, InvalidInput, "create it with enableRtx"),
        ({"producerId": "elsewhere"}, InvalidInput, "the producer is in another router"),
        ({"consumerId": "c"}, InvalidState, 'a consumer with id "c" already exists'),
    ],
)
@on_loop
async def test_what_cannot_be_piped(changes: dict[str, Any], error: type[Exception], text: str) -> None:
    worker = await with_pipe()
    await worker.ask("router.create", routerId="other")
    await worker.ask("transport.create", routerId="other", transportId="o")
    await worker.ask("producer.create", **_elsewhere())
    with pytest.raises(error, match=text):
        await worker.ask("consumer.createPipe", **pipe_consumer(**changes))
    assert not worker.server.objects.has("x")


def _elsewhere() -> dict[str, Any]:
    accepted = accept(chrome_vp8())
    return {
        "transportId": "o",
        "producerId": "elsewhere",
        "kind": "video",
        "rtpParameters": accepted.rtp_parameters.to_wire(),
        "rtpMapping": accepted.mapping.to_wire(),
    }


@on_loop
async def test_the_layer_that_is_wanted() -> None:
    worker = await piped()
    consumer = worker.server.objects.pipe_consumer("x")
    for layer, wanted in ((1, 1), (None, -1), (2, 2)):
        await worker.ask("consumer.setPipeLayer", consumerId="x", spatialLayer=layer)
        assert consumer.wanted_encoding == wanted


@on_loop
async def test_consumers_of_pipes_and_of_clients_are_asked_different_things() -> None:
    worker = await piped()
    refused = await worker.refused(NotFound, "consumer.setPipeLayer", consumerId="c", spatialLayer=0)
    assert refused == 'consumer with id "c" is that of a client, not of a pipe'
    for method, more in (
        ("consumer.pause", {}),
        ("consumer.setPreferredLayers", {"spatialLayer": 0}),
        ("consumer.setPriority", {"priority": 2}),
        ("consumer.requestKeyFrame", {}),
    ):
        refused = await worker.refused(NotFound, method, consumerId="x", **more)
        assert refused == 'consumer with id "x" is that of a pipe, not of a client'
    assert await worker.ask("consumers.resume", consumerIds=["x", "c"]) == {"missing": ["x"]}


@on_loop
async def test_it_closes_by_itself_and_with_its_producer() -> None:
    worker = await piped()
    await worker.ask("consumer.close", consumerId="x")
    assert not worker.server.objects.has("x")
    await worker.ask("consumer.createPipe", **pipe_consumer())
    await worker.ask("producer.close", producerId="p")
    assert not worker.server.objects.has("x")
    await worker.ask("router.close", routerId="r")
    assert worker.server.objects.empty


@on_loop
async def test_the_score_of_the_source() -> None:
    worker = await piped()
    _, producer = worker.server.objects.producer("p")
    for encoding in range(3):
        producer.stream_changed(encoding, 1000 + encoding, 9, True)
    await worker.ask(
        "producer.setSourceScore",
        producerId="p",
        score=[{"encodingIdx": 0, "ssrc": 7, "score": 4}, {"encodingIdx": 3, "ssrc": 8, "score": 0}],
    )
    assert producer.scores() == [4, 9, 9]
    assert worker.told("consumer.score")[-1]["score"]["producerScores"] == [4, 9, 9]
