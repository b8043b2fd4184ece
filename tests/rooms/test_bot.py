"""The room's bot: who hears it, what it says, and how often one peer can make it speak."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import MediadError
from mediad.rooms.entities import BOT_REPLIES
from mediad.rooms.observer import RoomObserver
from tests.support.calls import Call, Guest, run


class Counting(RoomObserver):
    def __init__(self) -> None:
        self.dropped: list[tuple[str, str]] = []

    def bot_reply_dropped(self, room_id: str, peer_id: str) -> None:
        self.dropped.append((room_id, peer_id))


def say(call: Call, data_producer_id: str, number: int, text: str = "hello") -> None:
    data: dict[str, Any] = {"dataConsumerId": data_producer_id, "number": number, "text": text}
    call.worker.emit("dataConsumer.message", **data)


async def asker(call: Call) -> tuple[Guest, str]:
    ana = await call.talker("ana")
    producer_id = await ana.produce_data("bot", 1, maxPacketLifeTime=2000)
    await call.settle()
    return ana, producer_id


def test_it_repeats_to_everybody_what_it_is_told() -> None:
    async def scenario(call: Call) -> None:
        ana, producer_id = await asker(call)
        listening = call.worker.data.consumers[producer_id]
        assert (listening["dataProducerId"], listening["maxMessageBytes"]) == (producer_id, 512)
        say(call, producer_id, 1, 'say "hi"')
        ana.seat.rename("Anastasia")
        say(call, producer_id, 2)
        await call.settle()
        assert call.worker.data.said == ['Ana said me: "say "hi""', 'Anastasia said me: "hello"']
        voice = ana.listener.data_offers[0].data_producer_id
        assert [data["dataProducerId"] for data in call.worker.called("dataProducer.send")] == [voice] * 2

    run(scenario)


def test_it_listens_before_a_client_knows_that_it_may_speak() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        producer_id = await ana.produce_data("bot", 1)
        assert producer_id in call.worker.data.consumers

    run(scenario)


def test_a_room_has_one_and_rooms_without_data_have_none() -> None:
    async def scenario(call: Call) -> None:
        await call.member("ana")
        await call.settle()
        assert call.worker.called("dataProducer.createDirect") == []
        await call.talker("ben")
        await call.talker("cid")
        await call.settle()
        assert len(call.worker.called("dataProducer.createDirect")) == 1

    run(scenario)


def test_one_peer_cannot_make_it_speak_without_end() -> None:
    observer = Counting()

    async def scenario(call: Call) -> None:
        call.registry.observer = observer
        ana, first = await asker(call)
        second = await ana.produce_data("bot", 2)
        ben = await call.talker("ben")
        other = await ben.produce_data("bot", 1)
        for number in range(2 * BOT_REPLIES):
            say(call, (first, second)[number % 2], number)
        say(call, other, 1, "still there?")
        await call.settle()
        assert len(call.worker.data.said) == BOT_REPLIES + 1
        assert call.worker.data.said[-1] == 'Ben said me: "still there?"'
        assert observer.dropped == [("room", "ana")] * BOT_REPLIES

    run(scenario)


def test_it_does_not_listen_to_those_who_are_gone() -> None:
    async def scenario(call: Call) -> None:
        ana, producer_id = await asker(call)
        await call.talker("ben")
        ana.disconnect()
        say(call, producer_id, 1)
        await call.settle()
        assert call.worker.data.said == []
        assert list(call.worker.data.producers) == [
            data["dataProducerId"] for data in call.worker.called("dataProducer.createDirect")
        ]

    run(scenario)


def test_a_room_whose_bot_could_not_be_made_gets_one_with_the_next_peer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(call: Call) -> None:
        call.worker.failures["dataProducer.createDirect"] = MediadError("no")
        ana = await call.talker("ana")
        await call.settle()
        assert ana.listener.data_offers == []
        assert not ana.seat.room.books.data_producers
        assert "the room has no bot, its data producer could not be made: no" in caplog.text
        del call.worker.failures["dataProducer.createDirect"]
        ben = await call.talker("ben")
        await call.settle()
        assert [offer.label for offer in ben.listener.data_offers] == ["bot"]

    run(scenario)


def test_a_worker_without_room_for_it_does_without(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        await ana.make_transports(enable_sctp=True)
        ana.seat.room.home.stock.shortage = "the worker is short of memory"
        ana.join(takes_data=True)
        await call.settle()
        assert ana.listener.data_offers == []
        assert "the room has no bot: the worker is short of memory" in caplog.text

    run(scenario)


def test_a_peer_it_cannot_hear_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call) -> None:
        call.worker.failures["dataConsumer.createDirect"] = MediadError("no")
        _ana, producer_id = await asker(call)
        assert f"the bot does not hear data producer {producer_id}: no" in caplog.text

    run(scenario)


def test_words_it_could_not_say_are_lost_alone() -> None:
    async def scenario(call: Call) -> None:
        _ana, producer_id = await asker(call)
        call.worker.failures["dataProducer.send"] = MediadError("no")
        say(call, producer_id, 1)
        await call.settle()
        del call.worker.failures["dataProducer.send"]
        say(call, producer_id, 2)
        await call.settle()
        assert call.worker.data.said == ['Ana said me: "hello"']

    run(scenario)
