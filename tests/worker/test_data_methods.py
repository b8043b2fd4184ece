"""Requests about data channels: what each answers. What channels do is in tests/worker/data/."""

from __future__ import annotations

import asyncio
from typing import Any

from mediad.errors import InvalidInput, NotFound
from tests.support.loops import on_loop
from tests.support.served_worker import Worker, with_router


def data_producer(data_producer_id: str = "p", stream_id: int = 0) -> dict[str, Any]:
    return {
        "transportId": "a",
        "dataProducerId": data_producer_id,
        "sctpStreamParameters": {"streamId": stream_id},
        "label": "chat",
    }


def data_consumers(*ids: str, data_producer_id: str = "p") -> list[dict[str, Any]]:
    return [{"dataConsumerId": id_, "transportId": "b", "dataProducerId": data_producer_id} for id_ in ids]


async def with_transports() -> Worker:
    worker = await with_router()
    for transport_id in ("a", "b"):
        created = await worker.ask(
            "transport.create", routerId="r", transportId=transport_id, enableSctp=True
        )
        assert created["sctpParameters"] == {
            "port": 5000,
            "OS": 1024,
            "MIS": 1024,
            "maxMessageSize": 262_144,
            "maxSendMessageSize": 262_144,
            "maxReceiveMessageSize": 262_144,
            "sendBufferSize": 262_144,
            "sctpBufferedAmount": 0,
            "isDataChannel": True,
        }
    return worker


@on_loop
async def test_a_channel_from_its_beginning_to_its_end() -> None:
    worker = await with_transports()
    assert await worker.ask("dataProducer.create", **data_producer()) == {}
    answer = await worker.ask("dataConsumers.create", consumers=data_consumers("c", "d"))
    assert answer == {"consumers": [{"sctpStreamParameters": {"streamId": n}} for n in (0, 1)]}
    (stats,) = (await worker.ask("dataProducer.stats", dataProducerId="p"))["stats"]
    assert (stats["type"], stats["label"]) == ("data-producer", "chat")
    (stats,) = (await worker.ask("dataConsumer.stats", dataConsumerId="c"))["stats"]
    assert (stats["type"], stats["bufferedAmount"]) == ("data-consumer", 0)
    await worker.ask("dataConsumer.close", dataConsumerId="c")
    await worker.ask("dataProducer.close", dataProducerId="p")
    for method, id_ in (("dataProducer", "p"), ("dataConsumer", "c"), ("dataConsumer", "d")):
        for verb in ("stats", "close"):
            refused = await worker.refused(NotFound, f"{method}.{verb}", **{f"{method}Id": id_})
            assert f'with id "{id_}" not found' in refused
    await worker.ask("router.close", routerId="r")
    assert worker.server.objects.empty


@on_loop
async def test_the_supervisor_sends_and_listens() -> None:
    worker = await with_transports()
    await worker.ask("dataProducer.createDirect", routerId="r", dataProducerId="bot", label="bot")
    await worker.ask(
        "dataConsumer.createDirect", dataConsumerId="ear", dataProducerId="bot", maxMessageBytes=5
    )
    for text in ("hello", "too long"):
        await worker.ask("dataProducer.send", dataProducerId="bot", text=text)
    told = {"routerId": "r", "dataConsumerId": "ear", "number": 1, "text": "hello"}
    assert worker.told("dataConsumer.message") == [told]
    assert (await worker.ask("worker.stats"))["dropped"]["data_direct_too_long"] == 1
    await worker.ask("dataProducer.create", **data_producer())
    assert "only a direct" in await worker.refused(
        InvalidInput, "dataProducer.send", dataProducerId="p", text="x"
    )
    await worker.ask("router.close", routerId="r")
    assert worker.server.objects.empty


@on_loop
async def test_each_data_consumer_is_answered_for_itself() -> None:
    worker = await with_transports()
    await worker.ask("router.create", routerId="other")
    await worker.ask("dataProducer.createDirect", routerId="other", dataProducerId="q")
    await worker.ask("dataProducer.create", **data_producer())
    wanted = [
        *data_consumers("c"),
        *data_consumers("d", data_producer_id="ghost"),
        *data_consumers("e", data_producer_id="q"),
        *data_consumers("c"),
    ]
    answer = (await worker.ask("dataConsumers.create", consumers=wanted))["consumers"]
    assert [one.get("code", "made") for one in answer] == ["made", "not-found", "invalid", "state"]
    worker.server.objects.close()


@on_loop
async def test_what_is_closed_before_it_was_made_is_not_made() -> None:
    worker = await with_transports()
    await worker.ask("dataProducer.create", **data_producer())
    making = asyncio.create_task(worker.ask("dataConsumers.create", consumers=data_consumers("c", "d")))
    await asyncio.sleep(0)
    assert await worker.ask("dataConsumer.close", dataConsumerId="d") == {}
    answer = await making
    assert [one.get("code", "made") for one in answer["consumers"]] == ["made", "state"]
    assert not worker.server.objects.has("d")
    worker.server.objects.close()
