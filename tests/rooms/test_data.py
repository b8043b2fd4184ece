"""Requests of a peer about its data channels."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mediad.budgets.refusal import OverLimit
from mediad.errors import Full, InvalidInput, InvalidState, MediadError, NotFound
from mediad.rooms.limits import RoomLimits
from tests.support.calls import Call, run, told


def test_a_channel_is_made_on_the_worker_as_it_was_asked_for() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        producer_id = await ana.produce_data("chat", 3, maxRetransmits=1)
        made = call.worker.data.producers[producer_id]
        assert (made["transportId"], made["label"]) == (ana.sending, "chat")
        stream = {"streamId": 3, "ordered": False, "maxRetransmits": 1}
        assert made["sctpStreamParameters"] == stream
        assert told(await ana.seat.data.producer_stats(producer_id)) == [{"type": "data-producer"}]

    run(scenario)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ({"streamId": 1, "maxRetransmits": 1, "maxPacketLifeTime": 1}, "not both"),
        ({"streamId": 0}, "streamId already exists in SCTP listener"),
        ({}, "streamId"),
    ],
)
def test_a_stream_that_cannot_be_is_refused_before_the_worker_hears_of_it(
    stream: dict[str, Any], reason: str
) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        first = await ana.produce_data("chat", 0)
        with pytest.raises(InvalidInput, match=reason):
            await ana.seat.data.produce(ana.sending, stream, "chat", "", {})
        assert len(call.worker.called("dataProducer.create")) == 1
        await ana.seat.data.close_producer(first)
        await ana.produce_data("chat", 0)

    run(scenario)


def test_large_app_data_is_refused() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        with pytest.raises(InvalidInput, match="appData is larger than"):
            await ana.seat.data.produce(ana.sending, {"streamId": 0}, "chat", "", {"x": "y" * 20_000})

    run(scenario)


def test_a_transport_without_sctp_has_no_channels() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        with pytest.raises(InvalidState, match="has no SCTP"):
            await ana.produce_data()

    run(scenario)


def test_who_has_not_joined_sends_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        await ana.make_transports(enable_sctp=True)
        with pytest.raises(InvalidState, match="Peer not yet joined"):
            await ana.produce_data()

    run(scenario)


def test_channels_are_limited() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        await ana.produce_data()
        with pytest.raises(OverLimit, match="peer_data_producers is reached, 1 of 1"):
            await ana.produce_data(stream_id=1)

    run(scenario, limits=RoomLimits(data_producers_per_peer=1))


def test_channels_count_in_the_workers_table() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana", address="10.0.0.1")
        stock = ana.seat.room.home.stock
        producer_id = await ana.produce_data()
        used = stock.tables["data producers"].used
        await ana.seat.data.close_producer(producer_id)
        assert stock.tables["data producers"].used == used - 1
        stock.shortage = "the worker is short of memory"
        with pytest.raises(Full, match="short of memory"):
            await ana.produce_data()

    run(scenario)


def test_a_channel_that_the_worker_refuses_is_forgotten() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        call.worker.failures["dataProducer.create"] = MediadError("no")
        with pytest.raises(MediadError, match="no"):
            await ana.produce_data()
        assert ana.seat.peer.data_producer_count() == 0
        del call.worker.failures["dataProducer.create"]
        await ana.produce_data()
        await call.settle()
        assert [offer.peer_id for offer in ben.listener.data_offers] == [None, "ana"]

    run(scenario)


def test_a_channel_made_while_its_peer_leaves_is_closed_and_offered_to_nobody() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        call.worker.hold("dataProducer.create")
        producing = asyncio.create_task(ana.produce_data())
        await call.settle()
        ana.disconnect()
        call.worker.release("dataProducer.create")
        with pytest.raises(InvalidState, match="closed meanwhile"):
            await producing
        await call.settle()
        assert [producer["label"] for producer in call.worker.data.producers.values()] == ["bot"]
        assert [offer.peer_id for offer in ben.listener.data_offers] == [None]

    run(scenario)


def test_closing_a_channel_tells_its_receivers() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data()
        await call.settle()
        offer = ben.listener.data_offers[-1]
        await ana.seat.data.close_producer(producer_id)
        assert ben.listener.named("data consumer closed") == [
            ("data consumer closed", offer.data_consumer_id)
        ]
        assert producer_id not in call.worker.data.producers
        assert offer.data_consumer_id not in call.worker.data.consumers

    run(scenario)


def test_a_receiver_may_close_its_own_end() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data()
        await call.settle()
        consumer_id = ben.listener.data_offers[-1].data_consumer_id
        assert told(await ben.seat.data.consumer_stats(consumer_id)) == [{"type": "data-consumer"}]
        await ben.seat.data.close_consumer(consumer_id)
        assert consumer_id not in call.worker.data.consumers
        assert ben.listener.named("data consumer closed") == []
        assert not ana.seat.room.books.data_producers[producer_id].consumers

    run(scenario)


def test_another_peers_channel_is_unknown() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data()
        await call.settle()
        consumer_id = ben.listener.data_offers[-1].data_consumer_id
        with pytest.raises(NotFound, match=f'dataProducer with id "{producer_id}" not found'):
            await ben.seat.data.producer_stats(producer_id)
        with pytest.raises(NotFound, match=f'dataConsumer with id "{consumer_id}" not found'):
            await ana.seat.data.consumer_stats(consumer_id)

    run(scenario)


def test_a_channel_that_was_asked_for_by_its_id() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.connect("ben")
        await ben.make_transports(enable_sctp=True)
        ben.join()
        producer_id = await ana.produce_data("chat", 0, maxRetransmits=1)
        await call.settle()
        data = ben.seat.data
        offer = told(await data.consume(ben.sending, producer_id))
        assert (offer.data_producer_id, offer.transport_id, offer.peer_id) == (
            producer_id,
            ben.sending,
            "ana",
        )
        assert offer.sctp_stream_parameters["maxRetransmits"] == 1
        assert call.worker.data.consumers[offer.data_consumer_id]["transportId"] == ben.sending
        for transport_id, data_producer_id in (("nothing", producer_id), (ben.sending, "nothing")):
            with pytest.raises(NotFound):
                await data.consume(transport_id, data_producer_id)
        without = told(await ben.seat.transports.create(consuming=False, force_tcp=False)).id
        with pytest.raises(InvalidState, match="has no SCTP"):
            await data.consume(without, producer_id)
        await data.close_consumer(offer.data_consumer_id)
        await call.settle()
        assert offer.data_consumer_id not in call.worker.data.consumers

    run(scenario)
