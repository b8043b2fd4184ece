"""The demo's dialect on the wire: each request and each notification in its spelling."""

from __future__ import annotations

import pytest

from tests.support.rtp_samples import opus, vp8, vp8_simulcast
from tests.support.signaling import (
    DTLS_PARAMETERS,
    Client,
    Failure,
    Front,
    run,
)


async def pair(running: Front) -> tuple[Client, Client, str, str]:
    """Ana sends video to Ben; both, and the producer's and the consumer's id."""
    ana, ben = await running.member("ana"), await running.member("ben")
    producer_id = await ana.produce("video", vp8())
    consumer_id = (await ben.asked("newConsumer"))["data"]["id"]
    await ben.notified("consumerScore")
    return ana, ben, producer_id, consumer_id


# -- requests -------------------------------------------------------------------------------------------


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


# -- notifications --------------------------------------------------------------------------------------


def test_news_of_the_worker_in_their_spelling() -> None:
    async def scenario(running: Front) -> None:
        _, ben, producer_id, consumer_id = await pair(running)
        worker = running.worker
        worker.emit("consumer.layers", consumerId=consumer_id, layers={"spatialLayer": 1, "temporalLayer": 0})
        worker.emit("consumer.layers", consumerId=consumer_id, layers=None)
        worker.emit("router.speaker", producerId=producer_id, volume=-30)
        worker.emit("router.dominantSpeaker", producerId=producer_id)
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
