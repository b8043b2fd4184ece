"""Data channels between real clients, through a real worker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mediad.errors import InvalidInput, InvalidState
from tests.support.data_peer import Channel, DataPeer, data_worker
from tests.support.loops import on_loop, raises, until
from tests.support.served_worker import Worker

LARGEST = 262_144


async def channel(
    worker: Worker, ana: DataPeer, ben: DataPeer, *, stream_id: int = 0, **parameters: Any
) -> tuple[Channel, Channel]:
    """A channel of ana's that ben gets: both ends."""
    sender = await ana.produce(stream_id, **parameters)
    return sender, await ben.consume(f"p{stream_id}")


@on_loop
async def test_every_kind_of_message_arrives_as_it_was_sent() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        sender, receiver = await channel(worker, ana, ben, stream_id=3)
        sent: list[str | bytes] = ["text", b"bytes", "", b"", "ä" * 500, bytes(LARGEST)]
        await sender.send(*sent)
        await until(lambda: len(receiver.messages) == len(sent))
        assert receiver.messages == sent
        size = LARGEST + 1000 + 9
        (produced,) = (await worker.ask("dataProducer.stats", dataProducerId="p3"))["stats"]
        assert (produced["messagesReceived"], produced["bytesReceived"]) == (6, size)
        (consumed,) = (await worker.ask("dataConsumer.stats", dataConsumerId="b-p3"))["stats"]
        assert (consumed["messagesSent"], consumed["bytesSent"]) == (6, size)
        assert worker.told("transport.sctpState")[-1]["sctpState"] == "connected"
        stats = await worker.ask("worker.stats")
        assert (stats["sctpStates"], stats["data"]["messagesSent"]) == ({"connected": 2}, 6)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"ordered": False},
        {"ordered": False, "maxRetransmits": 1},
        {"ordered": False, "maxPacketLifeTime": 300},
    ],
    ids=["ordered", "unordered", "retransmits", "lifetime"],
)
@on_loop
async def test_reliability_under_loss(parameters: dict[str, Any]) -> None:
    """5 % of the packets are lost each way."""
    async with data_worker("a", "b", loss=0.05) as (worker, ana, ben):
        sender, receiver = await channel(worker, ana, ben, **parameters)
        sent = [b"%d" % number for number in range(60)]
        for message in sent:
            await sender.send(message)
            await asyncio.sleep(0.005)
        reliable = "maxRetransmits" not in parameters and "maxPacketLifeTime" not in parameters
        await until(lambda: len(receiver.messages) >= (len(sent) if reliable else 45))
        arrived = receiver.messages
        assert len(set(arrived)) == len(arrived)
        assert set(arrived) <= set(sent)
        if parameters.get("ordered", True):
            assert arrived == sent


@on_loop
async def test_closing_from_either_side_closes_both() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        first = await channel(worker, ana, ben, stream_id=0)
        second = await channel(worker, ana, ben, stream_id=1)
        third = await channel(worker, ana, ben, stream_id=2)
        for sender, _ in (first, second, third):
            await sender.send("x")
        await until(lambda: all(receiver.messages for _, receiver in (first, second, third)))
        first[0].raw.close()
        await until(lambda: worker.told("dataProducer.closed"))
        (closed,) = worker.told("dataProducer.closed")
        assert (closed["dataProducerId"], closed["reason"]) == ("p0", "the client closed the channel")
        await until(lambda: first[0].state == first[1].state == "closed")
        second[1].raw.close()
        await until(lambda: worker.told("dataConsumer.closed"))
        (closed,) = worker.told("dataConsumer.closed")
        assert (closed["dataConsumerId"], closed["reason"]) == ("b-p1", "the client closed the channel")
        await until(lambda: second[1].state == "closed")
        await worker.ask("dataProducer.close", dataProducerId="p2")
        await until(lambda: third[0].state == third[1].state == "closed")
        assert (len(worker.told("dataProducer.closed")), len(worker.told("dataConsumer.closed"))) == (1, 1)
        assert [worker.server.objects.has(id_) for id_ in ("p0", "b-p0", "p1", "b-p1", "p2", "b-p2")] == [
            *(False, False, True, False, False, False)
        ]
        sender, receiver = await channel(worker, ana, ben, stream_id=7)
        await sender.send("still")
        await until(lambda: receiver.messages == ["still"])


@on_loop
async def test_sctp_begins_with_the_first_channel_and_both_sides_may_begin() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        await asyncio.sleep(0.05)
        assert worker.told("transport.sctpState") == []
        assert (await worker.ask("worker.stats"))["data"]["associations"] == 0
        sender = ana.open(0)
        await ana.start()  # before the worker knows of a channel
        await until(lambda: sender.state == "open")
        await worker.ask("dataProducer.create", **ana.producing(0))
        receiver = await ben.consume("p0")  # both send INIT at once
        await sender.send("x")
        await until(lambda: receiver.messages == ["x"])
        states = [(told["transportId"], told["sctpState"]) for told in worker.told("transport.sctpState")]
        assert sorted(states) == [(id_, state) for id_ in "ab" for state in ("connected", "connecting")]


@on_loop
async def test_messages_of_unknown_streams_and_kinds_are_counted() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        sender, receiver = await channel(worker, ana, ben)
        stranger = ana.open(5)
        await stranger.send("nobody receives it")
        for ppid in (50, 52, 99):
            await ana.sctp._send(0, ppid, b"no message")
        await sender.send("x")
        await until(lambda: receiver.messages == ["x"])
        dropped = (await worker.ask("worker.stats"))["dropped"]
        assert [dropped[f"data_{reason}"] for reason in ("no_producer", "dcep", "ppid")] == [1, 1, 2]


@on_loop
async def test_what_is_no_sctp_is_dropped() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        sctp = worker.server.objects.transport("a")[1].data._sctp
        for junk in (b"x", b"y" * 600, b"\x13\x88\x13\x88" + bytes(40)):
            ana.media.send_data(junk)
        await until(lambda: sctp.dropped == {"not_sctp": 2, "no_association": 1})
        sender, receiver = await channel(worker, ana, ben)
        await until(lambda: sender.state == "open")
        for junk in (b"z" * 100, b"\x13\x88\x13\x88" + bytes(2000)[:1000]):
            ana.media.send_data(junk)
        await sender.send("x")
        await until(lambda: receiver.messages == ["x"])
        assert sctp.dropped == {"not_sctp": 3, "no_association": 1}


@on_loop
async def test_a_client_that_takes_nothing_loses_its_channel_and_no_other_one() -> None:
    async with data_worker("a", "b", "c") as (worker, ana, ben, cyn):
        sender, slow = await channel(worker, ana, ben)
        quick = await cyn.consume("p0")
        lossy = await ana.produce(1, ordered=False, maxRetransmits=0)
        lossy_slow = await ben.consume("p1")
        await sender.send("hello")
        await until(lambda: slow.messages == quick.messages == ["hello"])
        ben.deaf()
        part = bytes(100_000)
        for number in range(30):
            await sender.send(part)
            await until(lambda number=number: len(quick.messages) == number + 2)  # type: ignore[misc]
        (closed,) = worker.told("dataConsumer.closed")
        assert closed["dataConsumerId"] == "b-p0"
        assert "its queue is full" in closed["reason"]
        stats = await worker.ask("worker.stats")
        assert stats["data"]["queuedBytes"] < 2_500_000
        await lossy.send("kept or lost")
        assert worker.server.objects.has("b-p1")
        assert lossy_slow.messages == []


@on_loop
async def test_the_end_of_sctp_ends_the_channels_alone() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        sender, receiver = await channel(worker, ana, ben)
        await ben.produce(4)
        await sender.send("x")
        await until(lambda: receiver.messages)
        await ben.sctp._abort()
        await until(lambda: worker.told("dataConsumer.closed") and worker.told("dataProducer.closed"))
        told = worker.told("transport.sctpState")[-1]
        assert (told["transportId"], told["sctpState"]) == ("b", "closed")
        assert worker.told("dataProducer.closed")[0]["dataProducerId"] == "p4"
        assert worker.told("transport.dtlsState")[-1]["dtlsState"] == "connected"
        refused = await raises(InvalidState, worker.ask("dataProducer.create", **ben.producing(5)))
        assert refused == "SCTP of this transport is closed: open data channels on a new transport"
        assert worker.server.objects.has("p0")


@on_loop
async def test_the_end_of_dtls_ends_the_channels() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        await channel(worker, ana, ben)
        await until(lambda: len(worker.told("transport.sctpState")) == 4)
        ana.media._send(ana.media.dtls.close())
        await until(lambda: worker.told("dataProducer.closed"))
        assert worker.told("dataProducer.closed")[0]["reason"] == "SCTP has ended: DTLS has closed"
        assert not worker.server.objects.has("b-p0")


@on_loop
async def test_a_transport_that_closes_says_so() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        sender, receiver = await channel(worker, ana, ben)
        await sender.send("x")
        await until(lambda: receiver.messages)
        await worker.ask("transport.close", transportId="b")
        await until(lambda: ben.sctp.state == receiver.state == "closed")
        assert (sender.state, worker.told("dataConsumer.closed")) == ("open", [])
        assert not worker.server.objects.has("b-p0")


@on_loop
async def test_datagrams_fit_the_path() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        sizes: list[int] = []
        take = ben.media.dtls.receive
        ben.media.dtls.receive = lambda data: sizes.append(len(data)) or take(data)  # type: ignore[func-returns-value]
        sender, receiver = await channel(worker, ana, ben)
        await sender.send(bytes(50_000))
        await until(lambda: receiver.messages)
        assert max(sizes) in range(1190, 1201)


@on_loop
async def test_streams_are_given_in_turn_and_taken_back_when_both_sides_are_done() -> None:
    async with data_worker("a", "b") as (worker, ana, ben):
        await ana.produce(0)
        given = [(await ben.consume("p0", f"c{number}")).raw.id for number in range(3)]
        await worker.ask("dataConsumer.close", dataConsumerId="c1")
        given.append((await ben.consume("p0", "c3")).raw.id)
        assert given == [0, 1, 2, 3]
        assert "streamId already exists in SCTP listener" in await raises(
            InvalidInput, worker.ask("dataProducer.create", **ana.producing(0) | {"dataProducerId": "again"})
        )
        assert "this transport has 0..1023" in await raises(
            InvalidInput, worker.ask("dataProducer.create", **ana.producing(1024))
        )
