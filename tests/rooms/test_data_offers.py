"""Offers of data channels: made many at once, offered, and every way this can fail."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import EnvelopeError, Forbidden, InvalidState, MediadError, Unavailable
from mediad.rooms import offer_book
from mediad.rooms.limits import RoomLimits
from tests.support.calls import Call, Guest, run
from tests.support.listeners import RecordingListener, holding


async def chatting(call: Call, listener: RecordingListener) -> tuple[Guest, Guest, str]:
    """Ana, who chats, Ben, who joins later with this listener, and the data producer's id."""
    ana = await call.talker("ana")
    producer_id = await ana.produce_data("chat", 2, maxRetransmits=1)
    ben = await call.talker("ben", listener=listener)
    await call.settle()
    return ana, ben, producer_id


def test_an_offer_says_whose_channel_it_is_and_on_which_stream() -> None:
    async def scenario(call: Call) -> None:
        _ana, ben, producer_id = await chatting(call, RecordingListener())
        chat, bot = ben.listener.data_offers
        assert (chat.peer_id, chat.data_producer_id, chat.label) == ("ana", producer_id, "chat")
        assert (chat.transport_id, chat.app_data) == (ben.receiving, {"channel": "chat"})
        assert chat.sctp_stream_parameters == {"streamId": 0, "ordered": False, "maxRetransmits": 1}
        assert (bot.peer_id, bot.label, bot.app_data) == (None, "bot", {})
        assert bot.sctp_stream_parameters == {"streamId": 1, "ordered": True}
        assert call.worker.data.consumers[chat.data_consumer_id]["transportId"] == ben.receiving

    run(scenario)


def test_all_channels_for_a_newcomer_are_one_request() -> None:
    async def scenario(call: Call) -> None:
        for name in ("ana", "ben", "cid"):
            await (await call.talker(name)).produce_data()
        await call.settle()
        call.worker.requests.clear()
        await call.talker("dee")
        await call.settle()
        (request,) = call.worker.called("dataConsumers.create")
        assert len(request["consumers"]) == 4

    run(scenario)


@pytest.mark.parametrize(
    ("answer", "told"), [(Forbidden("I do not want DataChannels"), 0), (TimeoutError(), 1)]
)
def test_what_is_not_accepted_is_closed(answer: Exception, told: int) -> None:
    async def scenario(call: Call) -> None:
        ana, ben, _ = await chatting(call, RecordingListener(answer))
        assert len(ben.listener.data_offers) == 2
        assert len(ben.listener.named("data consumer closed")) == 2 * told
        assert ben.seat.peer.data_consumer_count() == 0
        assert not [c for c in call.worker.data.consumers.values() if c["transportId"] == ben.receiving]
        assert not ana.seat.room.offers.queue._under_way

    run(scenario)


def test_a_client_that_vanishes_between_offer_and_answer_leaves_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, producer_id = await chatting(call, holding())
        ben.disconnect()
        await call.settle()
        assert not ana.seat.room.books.data_producers[producer_id].consumers
        assert {c["transportId"] for c in call.worker.data.consumers.values()} == {ana.receiving}

    run(scenario)


def test_a_channel_that_ends_between_offer_and_answer_is_taken_back() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, producer_id = await chatting(call, holding())
        await ana.seat.data.close_producer(producer_id)
        ben.listener.answer_offers()
        await call.settle()
        chat = ben.listener.data_offers[0].data_consumer_id
        assert ben.listener.named("data consumer closed") == [("data consumer closed", chat)]

    run(scenario)


def test_what_ends_while_it_is_being_made_is_never_offered() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await call.settle()
        ben.listener.heard.clear()
        call.worker.hold("dataConsumers.create")
        producer_id = await ana.produce_data()
        await call.settle()
        await ana.seat.data.close_producer(producer_id)
        call.worker.release("dataConsumers.create")
        await call.settle()
        assert ben.listener.heard == []
        assert len(call.worker.data.consumers) == 2  # the bot's

    run(scenario)


def test_a_channel_that_the_worker_refuses_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await call.settle()
        call.worker.failures["dataConsumers.create"] = MediadError("no")
        await ana.produce_data()
        await call.settle()
        assert ben.seat.peer.data_consumer_count() == 1
        assert "its data consumer could not be made: no" in caplog.text
        assert not ana.seat.room.offers.queue._under_way

    run(scenario)


def test_an_answer_that_leaves_out_a_channel_leaves_nothing_behind() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await call.settle()
        call.worker.data.forgetful = True
        producer_id = await ana.produce_data()
        await call.settle()
        assert not ana.seat.room.books.data_producers[producer_id].consumers
        assert len(call.worker.data.consumers) == 2
        assert ben.seat.peer.data_consumer_count() == 1

    run(scenario)


def test_what_found_no_room_is_offered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offer_book, "RETRY_S", 0)

    async def scenario(call: Call) -> None:
        call.worker.data.room = 0
        _ana, ben, _ = await chatting(call, RecordingListener())
        assert ben.listener.data_offers == []
        call.worker.data.room = None
        await call.settle()
        assert sorted(offer.label for offer in ben.listener.data_offers) == ["bot", "chat"]

    run(scenario)


def test_a_client_gets_no_more_channels_than_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call) -> None:
        _ana, ben, _ = await chatting(call, RecordingListener())
        assert len(ben.listener.data_offers) == 1
        assert "the client has 1 data consumers, and 1 is the limit" in caplog.text

    run(scenario, limits=RoomLimits(data_consumers_per_peer=1))


def test_a_client_whose_transport_has_no_sctp_is_offered_nothing() -> None:
    async def scenario(call: Call) -> None:
        await (await call.talker("ana")).produce_data()
        ben = await call.connect("ben")
        await ben.make_transports()
        ben.join(takes_data=True)
        await call.settle()
        assert ben.listener.data_offers == []
        await ben.make_transports(enable_sctp=True)
        await call.settle()
        assert ben.listener.data_offers == [], "consumers are on the first transport made for them"

    run(scenario)


def test_a_client_is_offered_channels_once_it_has_a_transport_for_them() -> None:
    async def scenario(call: Call) -> None:
        await (await call.talker("ana")).produce_data()
        ben = await call.connect("ben")
        ben.join(takes_data=True)
        await call.settle()
        assert ben.listener.data_offers == []
        await ben.make_transports(enable_sctp=True)
        await call.settle()
        assert [offer.label for offer in ben.listener.data_offers] == ["chat", "bot"]

    run(scenario)


def test_a_channel_that_was_asked_for_and_cannot_be_made_leaves_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data("chat")
        await call.settle()
        before = ben.seat.peer.data_consumer_count()
        call.worker.failures["dataConsumers.create"] = MediadError("no")
        with pytest.raises(MediadError, match="no"):
            await ben.seat.data.consume(ben.sending, producer_id)
        assert ben.seat.peer.data_consumer_count() == before
        del call.worker.failures["dataConsumers.create"]
        call.worker.data.forgetful = True
        with pytest.raises(EnvelopeError):
            await ben.seat.data.consume(ben.sending, producer_id)
        call.worker.data.forgetful = False
        call.worker.data.room = 0
        with pytest.raises(Unavailable):
            await ben.seat.data.consume(ben.sending, producer_id)
        assert ben.seat.peer.data_consumer_count() == before
        call.registry.set_limits(RoomLimits(data_consumers_per_peer=before))
        with pytest.raises(InvalidState, match="too many data consumers"):
            await ben.seat.data.consume(ben.sending, producer_id)

    run(scenario)


@pytest.mark.parametrize("answer", [None, MediadError("no")])
def test_a_channel_that_ends_while_it_is_being_made_is_no_answer(answer: MediadError | None) -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data("chat")
        await call.settle()
        call.worker.hold("dataConsumers.create")
        if answer is not None:
            call.worker.failures["dataConsumers.create"] = answer
        asking = asyncio.create_task(ben.seat.data.consume(ben.sending, producer_id))
        await call.settle()
        await ana.seat.data.close_producer(producer_id)
        call.worker.release("dataConsumers.create")
        with pytest.raises(MediadError):
            await asking
        await call.settle()
        assert not [c for c in call.worker.data.consumers.values() if c["transportId"] == ben.sending]

    run(scenario)
