"""Relations between a room's objects, and those that are forgotten with another."""

from __future__ import annotations

from tests.support.calls import Call, run
from tests.support.rtp_samples import opus, vp8


def test_a_transport_takes_its_channels_along() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await ana.produce_data()
        await ben.produce_data()
        await call.settle()
        books = ana.seat.room.books
        for transport_id in (ana.sending, ana.receiving):
            books.close_transport(books.transports[transport_id])
        peers = [None if p.peer is None else p.peer.id for p in books.data_producers.values()]
        assert peers == [None, "ben"]
        assert {consumer.peer.id for consumer in books.data_consumers.values()} == {"ben"}
        assert len(ben.listener.named("data consumer closed")) == 1
        assert ana.listener.named("data consumer closed") == []

    run(scenario)


def test_a_transport_takes_what_is_on_it_along() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await ana.produce("video", vp8())
        await ben.produce("audio", opus())
        await call.settle()
        books = ana.seat.room.books
        ben.listener.heard.clear()
        sending = books.transports[ana.sending]
        books.close_transport(sending)
        assert sending.closed
        assert {producer.peer.id for producer in books.producers.values()} == {"ben"}
        assert {consumer.peer.id for consumer in books.consumers.values()} == {"ana"}
        assert [entry[0] for entry in ben.listener.heard] == ["consumer closed"] * 2
        await call.settle()
        assert [data["transportId"] for data in call.worker.called("transport.close")] == [ana.sending]

    run(scenario)


def test_closed_books_give_everything_back_and_tell_nobody() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await ana.produce("audio", opus())
        await ana.produce_data()
        await call.settle()
        room = ana.seat.room
        consumer = next(iter(room.books.consumers.values()))
        ben.listener.heard.clear()
        room.books.close()
        assert len(room.books) == 0
        assert consumer.closed
        assert consumer.producer.closed
        assert ben.listener.heard == []
        used = {name: table["used"] for name, table in room.home.stock.report().items()}
        assert (used["transports"], used["producers"], used["consumers"]) == (0, 0, 0)
        assert (used["data producers"], used["data consumers"]) == (0, 0)

    run(scenario)
