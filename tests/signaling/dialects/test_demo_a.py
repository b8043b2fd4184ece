"""Dialect A on the wire: every request, every message, and the order that clients rely on."""

from __future__ import annotations

import asyncio

import pytest

from mediad.rooms.listener import CloseCause
from mediad.signaling.dialects.demo_a import CLOSE_CODES
from tests.support.rtp_samples import opus, vp8, vp8_simulcast
from tests.support.signaling import (
    DEVICE,
    DTLS_PARAMETERS,
    Client,
    Failure,
    Front,
    ignore,
    refuse,
    run,
)


async def pair(running: Front) -> tuple[Client, Client, str, str]:
    """Ana sends video to Ben; both, and the producer's and the consumer's id."""
    ana, ben = await running.member("ana"), await running.member("ben")
    producer_id = await ana.produce("video", vp8())
    consumer_id = (await ben.asked("newConsumer"))["data"]["id"]
    await ben.notified("consumerScore")
    return ana, ben, producer_id, consumer_id


# -- the whole session -----------------------------------------------------------------------------------


def test_a_call_from_the_first_frame_to_the_score() -> None:
    """The annotated session of the protocol, from the side of the peer that joins second."""

    async def scenario(running: Front) -> None:
        ben = await running.member("ben")
        audio = await ben.produce("audio", opus(), info="mic")
        ana = await running.connect("ana")
        capabilities = await ana.request("getRouterRtpCapabilities")
        assert {"codecs", "headerExtensions"} <= set(capabilities)
        assert all(isinstance(codec["preferredPayloadType"], int) for codec in capabilities["codecs"])
        send = await ana.request(
            "createWebRtcTransport",
            {"forceTcp": False, "producing": True, "consuming": False, "sctpCapabilities": {}},
        )
        assert {"id", "iceParameters", "iceCandidates", "dtlsParameters"} == set(send)
        receive = await ana.request(
            "createWebRtcTransport", {"forceTcp": False, "producing": False, "consuming": True}
        )
        reply = await ana.request(
            "join",
            {
                "displayName": "Ana",
                "device": DEVICE,
                "rtpCapabilities": capabilities,
                "sctpCapabilities": {"numStreams": {"OS": 1024, "MIS": 1024}},
            },
        )
        assert reply == {"peers": [{"id": "ben", "displayName": "Somebody", "device": DEVICE}]}
        assert await ben.notified("newPeer") == {"id": "ana", "displayName": "Ana", "device": DEVICE}
        offer = (await ana.asked("newConsumer"))["data"]
        assert (offer["peerId"], offer["producerId"], offer["kind"]) == ("ben", audio, "audio")
        assert (offer["type"], offer["producerPaused"]) == ("simple", False)
        assert offer["appData"] == {"info": "mic", "peerId": "ben"}
        assert offer["rtpParameters"]["mid"] == "0"
        score = await ana.notified("consumerScore")
        assert score == {
            "consumerId": offer["id"],
            "score": {"score": 10, "producerScore": 10, "producerScores": []},
        }
        connect = {"dtlsParameters": DTLS_PARAMETERS, "iceParameters": {"ignored": True}}
        for transport in (send, receive):
            assert (
                await ana.request("connectWebRtcTransport", {"transportId": transport["id"], **connect}) == {}
            )
        ana.sending = send["id"]
        produced = await ana.produce("audio", opus())
        assert (await ben.asked("newConsumer"))["data"]["producerId"] == produced

    run(scenario)


def test_the_answer_to_join_precedes_every_offer() -> None:
    async def scenario(running: Front) -> None:
        sender = await running.member("sender")
        await sender.produce("audio", opus())
        await sender.produce("video", vp8())
        for index in range(10):
            joiner = await running.member(f"joiner{index}")
            await joiner.until(lambda frame: frame.get("method") == "newConsumer")
            names = joiner.methods()
            joined_at = max(i for i, frame in enumerate(joiner.log) if "peers" in (frame.get("data") or {}))
            assert names.index("newConsumer") > joined_at

    run(scenario)


def test_a_new_peer_is_announced_before_its_tracks() -> None:
    async def scenario(running: Front) -> None:
        ben = await running.member("ben")
        for index in range(5):
            peer = await running.member(f"peer{index}")
            await peer.produce("audio", opus())
        await ben.until(lambda frame: frame.get("data", {}).get("peerId") == "peer4")
        known = set()
        for frame in ben.log:
            if frame.get("method") == "newPeer":
                known.add(frame["data"]["id"])
            if frame.get("method") == "newConsumer":
                assert frame["data"]["peerId"] in known

    run(scenario)


def test_the_answer_to_produce_precedes_its_score() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        running.worker.hold("producer.create")
        identifier = await ana.ask(
            "produce",
            {"transportId": ana.sending, "kind": "audio", "rtpParameters": opus(), "appData": {}},
        )
        await ana.sync()
        producer_id = next(iter(running.worker.producers))
        score = [{"encodingIdx": 0, "ssrc": 11110000, "score": 10}]
        running.worker.emit("producer.score", producerId=producer_id, score=score)
        running.worker.release("producer.create")
        assert await ana.notified("producerScore") == {"producerId": producer_id, "score": score}
        order = [frame.get("id") == identifier or frame.get("method") for frame in ana.log]
        assert order.index(True) + 1 == order.index("producerScore")

    run(scenario)


def test_a_sender_is_told_which_layers_are_wanted() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        producer_id = await ana.produce("video", vp8())
        running.worker.emit("producer.layers", producerId=producer_id, spatialLayer=1)
        told = await ana.notified("producerLayers")
        assert told == {"producerId": producer_id, "spatialLayer": 1}

    run(scenario)


def test_a_receiver_is_told_of_its_bandwidth() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        data = {"desiredBitrate": 3, "effectiveDesiredBitrate": 2, "availableBitrate": 1}
        running.worker.emit("transport.bandwidth", transportId=ana.receiving, **data)
        assert await ana.notified("downlinkBwe") == data

    run(scenario)


def test_requests_cross_each_other() -> None:
    """A client connects its transport while it handles its first consumer, before it answers."""

    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        ben = await running.member("ben")
        ben.answer = ignore
        await ana.produce("audio", opus())
        offer = await ben.asked("newConsumer")
        connect = {"transportId": ben.receiving, "dtlsParameters": DTLS_PARAMETERS}
        assert await ben.request("connectWebRtcTransport", connect) == {}
        assert running.worker.called("consumers.resume") == []
        await ben.send({"response": True, "id": offer["id"], "ok": True})
        await ben.notified("consumerScore")
        assert len(running.worker.called("consumers.resume")) == 1

    run(scenario)


def test_a_slow_request_does_not_hold_up_the_next() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        running.worker.hold("transport.stats")
        slow = await ana.ask("getTransportStats", {"transportId": ana.sending})
        await ana.sync()
        running.worker.release("transport.stats")
        await ana.until(lambda frame: frame.get("id") == slow)

    run(scenario)


# -- requests --------------------------------------------------------------------------------------------


def test_connecting_a_transport_twice_is_an_error() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        connect = {"transportId": ana.sending, "dtlsParameters": DTLS_PARAMETERS}
        assert await ana.request("connectWebRtcTransport", connect) == {}
        with pytest.raises(Failure) as caught:
            await ana.request("connectWebRtcTransport", connect)
        assert (caught.value.code, caught.value.reason) == (500, "connect() already called")

    run(scenario)


def test_restart_ice_answers_the_bare_parameters() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        reply = await ana.request("restartIce", {"transportId": ana.sending})
        assert {"usernameFragment", "password", "iceLite"} == set(reply)

    run(scenario)


def test_force_tcp_reaches_the_worker() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.request("createWebRtcTransport", {"forceTcp": True, "producing": True, "consuming": None})
        assert running.worker.called("transport.create")[0]["forceTcp"] is True

    run(scenario)


def test_what_happens_to_a_producer_reaches_its_receivers() -> None:
    async def scenario(running: Front) -> None:
        ana, ben, producer_id, consumer_id = await pair(running)
        for method, heard in (
            ("pauseProducer", "consumerPaused"),
            ("resumeProducer", "consumerResumed"),
            ("closeProducer", "consumerClosed"),
        ):
            assert await ana.request(method, {"producerId": producer_id}) == {}
            assert await ben.notified(heard) == {"consumerId": consumer_id}

    run(scenario)


def test_consumer_wishes_are_answered_with_nothing() -> None:
    async def scenario(running: Front) -> None:
        _, ben, _, consumer_id = await pair(running)
        for method, wish in (
            ("pauseConsumer", {}),
            ("resumeConsumer", {}),
            ("setConsumerPreferredLayers", {"spatialLayer": 1, "temporalLayer": 2}),
            ("setConsumerPreferredLayers", {"spatialLayer": 0}),
            ("setConsumerPriority", {"priority": 3}),
            ("requestConsumerKeyFrame", {}),
        ):
            assert await ben.request(method, {"consumerId": consumer_id, **wish}) == {}
        asked = [method for method, _ in running.worker.requests]
        assert {
            "consumer.pause",
            "consumer.resume",
            "consumer.setPreferredLayers",
            "consumer.setPriority",
            "consumer.requestKeyFrame",
        } <= set(asked)

    run(scenario)


def test_statistics_are_bare_arrays() -> None:
    async def scenario(running: Front) -> None:
        ana, ben, producer_id, consumer_id = await pair(running)
        transport = await ana.request("getTransportStats", {"transportId": ana.sending})
        assert [entry["type"] for entry in transport] == ["webrtc-transport"]
        producer = await ana.request("getProducerStats", {"producerId": producer_id})
        assert [entry["type"] for entry in producer] == ["inbound-rtp"]
        consumer = await ben.request("getConsumerStats", {"consumerId": consumer_id})
        assert [entry["type"] for entry in consumer] == ["outbound-rtp", "inbound-rtp"]

    run(scenario)


def test_a_name_change_is_told_before_it_is_answered() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        assert await ana.request("changeDisplayName", {"displayName": "Anastasia"}) == {}
        assert await ben.notified("peerDisplayNameChanged") == {
            "peerId": "ana",
            "displayName": "Anastasia",
            "oldDisplayName": "Somebody",
        }

    run(scenario)


def test_simulcast_is_offered_as_one_stream() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        await ana.produce("video", vp8_simulcast())
        offer = (await ben.asked("newConsumer"))["data"]
        assert offer["type"] == "simulcast"
        assert len(offer["rtpParameters"]["encodings"]) == 1

    run(scenario)


def test_offers_speak_the_routers_numbers() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        await ana.produce("audio", opus())
        await ana.produce("video", vp8())
        await ben.until(lambda frame: frame.get("data", {}).get("kind") == "video")
        offered = {
            frame["data"]["kind"]: frame["data"]["rtpParameters"]
            for frame in ben.log
            if frame.get("method") == "newConsumer"
        }
        numbers = {(codec["mimeType"], codec["preferredPayloadType"]) for codec in ben.capabilities["codecs"]}
        extensions = {
            (extension["uri"], extension["preferredId"]) for extension in ben.capabilities["headerExtensions"]
        }
        for parameters in offered.values():
            assert {(codec["mimeType"], codec["payloadType"]) for codec in parameters["codecs"]} <= numbers
            assert {(item["uri"], item["id"]) for item in parameters["headerExtensions"]} <= extensions
        feedback = {
            kind: {(item["type"], item["parameter"]) for item in parameters["codecs"][0]["rtcpFeedback"]}
            for kind, parameters in offered.items()
        }
        assert feedback == {
            "audio": {("nack", "")},
            "video": {("nack", ""), ("nack", "pli"), ("ccm", "fir"), ("transport-cc", "")},
        }

    run(scenario)


# -- notifications ---------------------------------------------------------------------------------------


def test_news_of_the_worker_in_their_spelling() -> None:
    async def scenario(running: Front) -> None:
        _, ben, producer_id, consumer_id = await pair(running)
        worker = running.worker
        worker.emit("consumer.layers", consumerId=consumer_id, layers={"spatialLayer": 1, "temporalLayer": 0})
        worker.emit("consumer.layers", consumerId=consumer_id, layers=None)
        worker.emit("router.speaker", producerId=producer_id, volume=-30)
        worker.emit("router.speaker", producerId=None)
        await ben.sync()
        heard = [
            (frame["method"], frame["data"])
            for frame in ben.log
            if frame.get("method") in ("consumerLayersChanged", "activeSpeaker")
        ]
        assert heard == [
            ("consumerLayersChanged", {"consumerId": consumer_id, "spatialLayer": 1, "temporalLayer": 0}),
            (
                "consumerLayersChanged",
                {"consumerId": consumer_id, "spatialLayer": None, "temporalLayer": None},
            ),
            ("activeSpeaker", {"peerId": "ana", "volume": -30}),
            ("activeSpeaker", {"peerId": None}),
        ]

    run(scenario)


# -- refusals --------------------------------------------------------------------------------------------


def test_a_client_that_does_not_want_a_consumer_keeps_none() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        ben = await running.member("ben")
        ben.answer = refuse
        await ana.produce("audio", opus())
        await ben.asked("newConsumer")
        await ben.sync()
        await ben.sync()
        assert not running.worker.consumers
        assert len(running.worker.producers) == 1

    run(scenario)


def test_a_client_that_dies_before_it_answers_keeps_none() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        ben.answer = ignore
        await ana.produce("audio", opus())
        await ben.asked("newConsumer")
        ben.socket.transport.abort()
        await ana.notified("peerClosed")
        await ana.sync()
        assert not running.worker.consumers
        assert len(running.worker.transports) == 2

    run(scenario)


def test_a_room_full_of_peers_offers_side_by_side() -> None:
    """Nobody answers, and still everybody is asked for everything."""

    async def scenario(running: Front) -> None:
        members = [await running.member(f"peer{index}") for index in range(8)]
        for member in members:
            member.answer = ignore
        await asyncio.gather(*(member.produce("audio", opus()) for member in members))
        for member in members:
            await member.until(lambda frame: member.methods().count("newConsumer") == len(members) - 1)

    run(scenario)


def test_only_a_replaced_client_is_told_to_stay_away() -> None:
    assert set(CLOSE_CODES) == set(CloseCause)
    assert [cause for cause, code in CLOSE_CODES.items() if code == 4000] == [
        CloseCause.REPLACED,
        CloseCause.REMOVED,
    ]
