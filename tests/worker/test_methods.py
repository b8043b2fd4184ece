"""Requests of rooms: met, or refused by name."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, reject

from mediad.errors import (
    EnvelopeError,
    InvalidInput,
    InvalidState,
    MediadError,
    NotFound,
)
from mediad.protocols.envelope import Request, encode
from tests.support.loops import on_loop
from tests.support.negotiation import chrome_vp8
from tests.support.negotiation_junk import corrupted
from tests.support.served_worker import (
    DTLS,
    consumer,
    producer,
    real_worker,
    recorded_worker,
    with_everything,
)


@on_loop
async def test_unknown_methods() -> None:
    assert await recorded_worker().refused(NotFound, "router.dance") == 'unknown method "router.dance"'


@pytest.mark.parametrize(
    ("method", "data", "text"),
    [
        ("router.create", {}, "router.create: Object missing required field `routerId`"),
        ("router.create", {"routerId": 7}, "router.create: Expected `str`, got `int` - at `$.routerId`"),
        ("transport.connect", {"transportId": "a"}, "missing required field `dtlsParameters`"),
        (
            "transport.connect",
            {"transportId": "a", "dtlsParameters": {**DTLS, "role": "both"}},
            "Invalid enum value 'both' - at `$.dtlsParameters.role`",
        ),
        ("producer.create", producer(chrome_vp8()) | {"kind": "smell"}, "Invalid enum value 'smell'"),
        (
            "consumer.setPreferredLayers",
            {"consumerId": "c", "spatialLayer": -1},
            "Expected `int` >= 0 - at `$.spatialLayer`",
        ),
        ("consumer.setPreferredLayers", {"consumerId": "c"}, "missing required field `spatialLayer`"),
        ("consumer.setPriority", {"consumerId": "c", "priority": 0}, "priority is 0, expected 1..255"),
        ("consumer.setPriority", {"consumerId": "c", "priority": 256}, "priority is 256, expected 1..255"),
    ],
)
@on_loop
async def test_malformed_requests_are_refused_by_name(method: str, data: dict[str, Any], text: str) -> None:
    worker = await with_everything()
    assert text in await worker.refused(InvalidInput, method, **data)


@pytest.mark.parametrize(
    ("what", "methods_of_it"),
    [
        ("router", ["router.close", "router.stats", "transport.create"]),
        ("transport", ["transport.connect", "transport.restartIce", "transport.close", "transport.stats"]),
        ("transport", ["producer.create"]),
        ("producer", [f"producer.{verb}" for verb in ("pause", "resume", "close", "stats")]),
        ("consumer", [f"consumer.{verb}" for verb in ("pause", "resume", "close", "stats")]),
        (
            "consumer",
            [f"consumer.{verb}" for verb in ("setPreferredLayers", "setPriority", "requestKeyFrame")],
        ),
    ],
)
@on_loop
async def test_ids_that_name_nothing(what: str, methods_of_it: list[str]) -> None:
    worker = await with_everything()
    for method in methods_of_it:
        data = {
            "transportId": "new",
            "dtlsParameters": DTLS,
            "spatialLayer": 0,
            "priority": 1,
            **(producer(chrome_vp8()) if method == "producer.create" else {}),
            f"{what}Id": "ghost",
        }
        assert await worker.refused(NotFound, method, **data) == f'{what} with id "ghost" not found'


@on_loop
async def test_an_id_of_another_kind_names_nothing() -> None:
    worker = await with_everything()
    for method, key in (("transport.close", "transportId"), ("consumer.close", "consumerId")):
        await worker.refused(NotFound, method, **{key: "p"})
    await worker.refused(NotFound, "producer.close", producerId="c")


@on_loop
async def test_a_consumer_of_no_producer() -> None:
    worker = await with_everything()
    data = consumer(chrome_vp8(), consumer_id="d")
    data["forms"][0]["producerId"] = "ghost"
    assert await worker.refused(NotFound, "consumers.create", **data) == 'producer with id "ghost" not found'


@on_loop
async def test_a_consumer_without_encodings() -> None:
    worker = await with_everything()
    data = consumer(chrome_vp8(), consumer_id="d")
    data["forms"][0]["rtpParameters"]["encodings"] = []
    text = await worker.refused(InvalidInput, "consumers.create", **data)
    assert text == "rtpParameters.encodings is empty"


@on_loop
async def test_ids_are_given_once() -> None:
    worker = await with_everything()
    for method, data in (
        ("router.create", {"routerId": "r"}),
        ("transport.create", {"routerId": "r", "transportId": "a"}),
        ("producer.create", producer(chrome_vp8())),
        ("consumers.create", consumer(chrome_vp8())),
    ):
        assert "already exists" in await worker.refused(InvalidState, method, **data)


@on_loop
async def test_routers_are_worlds_apart() -> None:
    worker = await with_everything()
    await worker.ask("router.create", routerId="s")
    await worker.ask("transport.create", routerId="s", transportId="elsewhere")
    data = consumer(chrome_vp8(), consumer_id="d")
    data["consumers"][0]["transportId"] = "elsewhere"
    assert "another router" in await worker.refused(InvalidInput, "consumers.create", **data)


@on_loop
async def test_replies() -> None:
    worker = await with_everything()
    created = await worker.ask("transport.create", routerId="r", transportId="t")
    assert set(created) == {"iceParameters", "iceCandidates", "dtlsParameters"}
    restarted = await worker.ask("transport.restartIce", transportId="t")
    assert set(restarted["iceParameters"]) == {"usernameFragment", "password", "iceLite"}
    for method, data in (
        ("producer.pause", {"producerId": "p"}),
        ("producer.resume", {"producerId": "p"}),
        ("consumer.pause", {"consumerId": "c"}),
        ("consumer.resume", {"consumerId": "c"}),
        ("consumer.setPriority", {"consumerId": "c", "priority": 255}),
        ("consumer.requestKeyFrame", {"consumerId": "c"}),
    ):
        assert await worker.ask(method, **data) == {}
    layers = await worker.ask("consumer.setPreferredLayers", consumerId="c", spatialLayer=1)
    assert layers == {"preferredLayers": {"spatialLayer": 1, "temporalLayer": 2}}
    data = consumer(chrome_vp8(), consumer_id="d")
    score = await worker.consume(**data)
    assert score == {"score": {"score": 10, "producerScore": 0, "producerScores": [0, 0, 0]}}


@on_loop
async def test_closing_forgets_all_that_closes_with_it() -> None:
    worker = await with_everything()
    await worker.ask("producer.close", producerId="p")
    await worker.refused(NotFound, "consumer.stats", consumerId="c")
    await worker.ask("producer.create", **producer(chrome_vp8()))
    await worker.consume(**consumer(chrome_vp8()))
    await worker.ask("transport.close", transportId="a")
    for method, data in (
        ("producer.stats", {"producerId": "p"}),
        ("consumer.stats", {"consumerId": "c"}),
        ("transport.stats", {"transportId": "a"}),
    ):
        await worker.refused(NotFound, method, **data)
    await worker.ask("router.close", routerId="r")
    await worker.refused(NotFound, "transport.stats", transportId="b")
    assert worker.server.objects.empty


@given(corrupted(producer(chrome_vp8())), corrupted(consumer(chrome_vp8(), consumer_id="d")))
def test_any_request_is_met_or_refused_and_nothing_else(producing: Any, consuming: Any) -> None:
    try:
        encode(Request(1, "producer.create", {"both": [producing, consuming]}))
    except EnvelopeError:
        reject()  # nothing the pipe can carry

    @on_loop
    async def try_both() -> None:
        worker = await with_everything()
        for method, data in (("producer.create", producing), ("consumers.create", consuming)):
            with suppress(MediadError):
                answer = await worker.ask(method, **data)
                assert all(one.get("code") != "error" for one in answer.get("consumers", []))

    try_both()


@on_loop
async def test_a_routers_transports_are_asked_at_once() -> None:
    async with real_worker() as worker:
        assert await worker.ask("router.stats", routerId="r") == {"transports": []}
        for transport_id in ("a", "b"):
            await worker.ask("transport.create", routerId="r", transportId=transport_id)
        stats = (await worker.ask("router.stats", routerId="r"))["transports"]
        assert [entry["transportId"] for entry in stats] == ["a", "b"]
        alone = (await worker.ask("transport.stats", transportId="a"))["stats"]
        assert stats[0].keys() == alone[0].keys() >= {"recvBitrate", "sendBitrate"}
