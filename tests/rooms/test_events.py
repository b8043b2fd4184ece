"""Events of the worker, and the peers that are told of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mediad.pipe.events import EVENTS, RouterEvent
from mediad.rooms.events import RULES
from mediad.rooms.listener import CloseCause
from tests.support.bookkeeping_worker import DEFAULT_SCORE
from tests.support.calls import Call, told
from tests.support.listeners import RecordingListener
from tests.support.rtp_samples import opus, vp8

SCORE = [{"encodingIdx": 0, "ssrc": 11110000, "score": 7}]


def run(scenario: Callable[[Call], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await scenario(Call())

    asyncio.run(main())


@pytest.mark.parametrize(
    ("event", "key", "state", "ends"),
    [
        ("transport.iceState", "iceState", "connected", False),
        ("transport.iceState", "iceState", "completed", False),
        ("transport.iceState", "iceState", "disconnected", True),
        ("transport.iceState", "iceState", "closed", True),
        ("transport.dtlsState", "dtlsState", "connecting", False),
        ("transport.dtlsState", "dtlsState", "connected", False),
        ("transport.dtlsState", "dtlsState", "failed", True),
        ("transport.dtlsState", "dtlsState", "closed", True),
    ],
)
def test_a_lost_transport_ends_its_peer(event: str, key: str, state: str, ends: bool) -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        ana.listener.heard.clear()
        for _ in range(2):
            call.worker.emit(event, transportId=ana.receiving, **{key: state})
        await call.settle()
        assert ana.seat.peer.closed is ends
        assert ana.listener.heard == ([("closed", CloseCause.MEDIA_LOST)] if ends else [])
        assert ben.listener.heard == ([("left", "ana")] if ends else [])
        assert len(call.worker.transports) == (2 if ends else 4)

    run(scenario)


def test_a_plain_transport_that_has_learned_where_its_client_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ours = {"localAddress": "203.0.113.7", "localPort": 10002}
        rtp = {**ours, "remoteIp": "198.51.100.7", "remotePort": 5004}
        for transport_id in (ana.receiving, "nobody's"):
            call.worker.emit("transport.tuple", transportId=transport_id, tuple=rtp, rtcpTuple=ours)
        told = [r.getMessage() for r in caplog.records if "comes from" in r.getMessage()]
        assert told == [f"RTP of transport {ana.receiving} comes from 198.51.100.7 port 5004"]
        assert not ana.seat.peer.closed

    run(scenario)


def test_a_plain_transport_that_fails_ends_its_peer() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        ana.listener.heard.clear()
        for transport_id in ("nobody's", ana.receiving, ana.receiving):
            call.worker.emit("transport.failed", transportId=transport_id, reason="no memory")
        await call.settle()
        assert ana.listener.heard == [("closed", CloseCause.MEDIA_LOST)]
        assert ben.listener.heard == [("left", "ana")]

    run(scenario)


@pytest.mark.parametrize("state", ["connecting", "connected", "failed", "closed"])
def test_media_flows_on_without_sctp(state: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        data = {"transportId": ana.receiving, "sctpState": state, "reason": "no answer to 10 repeats"}
        call.worker.emit("transport.sctpState", **data)
        assert not ana.seat.peer.closed
        text = f"SCTP of transport {ana.receiving} is {state}: no answer to 10 repeats"
        levels = [r.levelno for r in caplog.records if r.getMessage() == text]
        assert levels == [logging.INFO if state == "failed" else logging.DEBUG]

    run(scenario)


def test_a_channel_that_its_client_has_closed_ends_for_everybody() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data()
        await call.settle()
        consumer_id = ben.listener.data_offers[-1].data_consumer_id
        for _ in range(2):
            reset = {"dataProducerId": producer_id, "reason": "its client has reset the stream"}
            call.worker.emit("dataProducer.closed", **reset)
        assert ben.listener.named("data consumer closed") == [("data consumer closed", consumer_id)]
        assert producer_id not in ana.seat.room.books.data_producers
        assert consumer_id not in ana.seat.room.books.data_consumers
        await ana.produce_data()  # on the same stream

    run(scenario)


def test_a_receiver_is_told_that_its_channel_has_ended() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data()
        await call.settle()
        consumer_id = ben.listener.data_offers[-1].data_consumer_id
        for _ in range(2):
            ended = {"dataConsumerId": consumer_id, "reason": "its queue is full"}
            call.worker.emit("dataConsumer.closed", **ended)
        assert ben.listener.named("data consumer closed") == [("data consumer closed", consumer_id)]
        assert not ana.seat.room.books.data_producers[producer_id].consumers

    run(scenario)


def test_a_message_reaches_the_bot() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.talker("ana")
        producer_id = await ana.produce_data("bot")
        for number, subject in enumerate((producer_id, "ghost")):
            said = {"dataConsumerId": subject, "number": number, "text": "hi"}
            call.worker.emit("dataConsumer.message", **said)
        await call.settle()
        assert call.worker.data.said == ['Ana said me: "hi"']

    run(scenario)


def test_why_a_transport_was_lost_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        with caplog.at_level(logging.INFO):
            call.worker.emit(
                "transport.iceState",
                transportId=ana.receiving,
                iceState="disconnected",
                reason="no valid check within 30 s",
            )
        assert ana.seat.peer.closed
        assert "ICE disconnected: no valid check within 30 s" in caplog.text

    run(scenario)


def test_the_last_peers_lost_transport_closes_the_room() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.emit("transport.dtlsState", transportId=ana.sending, dtlsState="closed")
        await call.settle()
        assert call.worker.is_empty()
        assert call.registry.room_count == 0

    run(scenario)


def test_a_producers_score_waits_for_the_answer_to_produce() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.hold("producer.create")
        producing = asyncio.create_task(ana.seat.producing.produce(ana.sending, "audio", opus(), {}))
        await call.settle()
        producer_id = next(iter(call.worker.producers))
        call.worker.emit("producer.score", producerId=producer_id, score=[])
        call.worker.emit("producer.score", producerId=producer_id, score=SCORE)
        call.worker.release("producer.create")
        reply = await producing
        assert ana.listener.heard == []
        told(reply)
        assert ana.listener.heard == [("producer score", producer_id, SCORE)]
        call.worker.emit("producer.score", producerId=producer_id, score=[])
        assert ana.listener.heard[1:] == [("producer score", producer_id, [])]

    run(scenario)


def test_a_consumers_score_waits_for_its_acceptance() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        listener = RecordingListener()
        listener.hold_offers()
        await call.member("ben", listener=listener)
        await ana.produce("audio", opus())
        await call.settle()
        consumer_id = listener.offers[0].consumer_id
        news: dict[str, Any] = {"score": 3, "producerScore": 7, "producerScores": [7]}
        call.worker.emit("consumer.score", consumerId=consumer_id, score=news)
        assert listener.named("consumer score") == []
        listener.answer_offers()
        await call.settle()
        assert listener.named("consumer score") == [("consumer score", consumer_id, news)]
        call.worker.emit("consumer.score", consumerId=consumer_id, score={**news, "score": 9})
        assert listener.heard[-1] == ("consumer score", consumer_id, {**news, "score": 9})

    run(scenario)


def test_layers_reach_the_receiver() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("video", vp8())
        await call.settle()
        consumer_id = ben.listener.offers[0].consumer_id
        layers = {"spatialLayer": 1, "temporalLayer": 2}
        call.worker.emit("consumer.layers", consumerId=consumer_id, layers=layers)
        call.worker.emit("consumer.layers", consumerId=consumer_id, layers=None)
        assert ben.listener.named("layers") == [
            ("layers", consumer_id, layers),
            ("layers", consumer_id, None),
        ]

    run(scenario)


def test_layers_nobody_wants_are_told_to_their_sender_once_it_knows_its_producer() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.worker.hold("producer.create")
        producing = asyncio.create_task(ana.seat.producing.produce(ana.sending, "video", vp8(), {}))
        await call.settle()
        producer_id = next(iter(call.worker.producers))
        call.worker.emit("producer.layers", producerId=producer_id, spatialLayer=0)
        call.worker.release("producer.create")
        reply = await producing
        assert ana.listener.named("producer layers") == []
        told(reply)
        call.worker.emit("producer.layers", producerId=producer_id, spatialLayer=2)
        assert ana.listener.named("producer layers") == [
            ("producer layers", producer_id, 0),
            ("producer layers", producer_id, 2),
        ]
        assert ben.listener.named("producer layers") == []

    run(scenario)


def test_bandwidth_is_told_to_whom_it_is_about() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        news = {"desiredBitrate": 3, "effectiveDesiredBitrate": 2, "availableBitrate": 1}
        for transport_id in (ben.receiving, "gone"):
            call.worker.emit("transport.bandwidth", transportId=transport_id, **news)
        assert ben.listener.named("downlink") == [("downlink", 3, 2, 1)]
        assert ana.listener.named("downlink") == []

    run(scenario)


def test_speakers_are_everybodys_business() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        outsider = await call.connect("eve")
        producer_id, second_id = (
            await ana.produce("audio", opus()),
            await ana.produce("audio", opus("1", 22220000)),
        )
        of_ben = await ben.produce("audio", opus())
        others = [{"producerId": of_ben, "dbov": -50}, {"producerId": second_id, "dbov": -60}]
        call.worker.emit("router.speaker", producerId=producer_id, volume=-42)
        call.worker.emit("router.speaker", producerId=producer_id, volume=-42, others=others)
        call.worker.emit("router.speaker", producerId="gone", volume=-42, others=others)
        call.worker.emit("router.speaker", producerId=None)
        call.worker.emit("router.dominantSpeaker", producerId=of_ben)
        call.worker.emit("router.dominantSpeaker", producerId=None)
        for guest in (ana, ben):
            assert guest.listener.named("speaking", "dominant") == [
                ("speaking", [("ana", -42)]),
                ("speaking", [("ana", -42), ("ben", -50)]),
                ("speaking", [("ben", -50), ("ana", -60)]),
                ("speaking", []),
                ("dominant", "ben"),
                ("dominant", None),
            ]
        assert outsider.listener.heard == []

    run(scenario)


def test_news_of_what_is_gone_is_nobodys_business() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.emit("transport.iceState", transportId="gone", iceState="closed")
        call.worker.emit("producer.score", producerId="gone", score=SCORE)
        call.worker.emit("producer.layers", producerId="gone", spatialLayer=0)
        call.worker.emit("consumer.score", consumerId="gone", score=DEFAULT_SCORE)
        call.worker.emit("consumer.layers", consumerId="gone", layers=None)
        call.worker.emit("router.speaker", producerId="gone", volume=-3)
        call.worker.emit("router.dominantSpeaker", producerId="gone")
        assert ana.listener.heard == []

    run(scenario)


def test_every_event_of_a_router_has_a_rule() -> None:
    assert RULES.keys() == {kind for kind in EVENTS.values() if issubclass(kind, RouterEvent)}
