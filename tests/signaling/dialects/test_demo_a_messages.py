"""The demo's dialect on the wire: each request and each notification in its spelling."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mediad.rooms.limits import RoomLimits
from mediad.signaling.app import SignalingSettings
from mediad.signaling.limits import ConnectionLimits
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


# -- data channels --------------------------------------------------------------------------------------


async def talkers(running: Front) -> tuple[Client, Client]:
    ana, ben = await running.connect("ana"), await running.connect("ben")
    for client in (ana, ben):
        await client.join_with_data()
    return ana, ben


def test_a_chat_is_offered_and_ends_in_the_demos_words() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await talkers(running)
        producer_id = await ana.produce_data("chat", ordered=False, maxRetransmits=1)
        offers = [await ben.until(lambda f, p=p: _offered_by(f, p)) for p in (None, "ana")]  # type: ignore[misc]
        bot, chat = (offer["data"] for offer in offers)
        assert bot | {"id": "", "dataProducerId": ""} == {
            "peerId": None,
            "dataProducerId": "",
            "id": "",
            "sctpStreamParameters": {"streamId": 0, "ordered": True},
            "label": "bot",
            "protocol": "",
            "appData": {},
        }
        assert chat == {
            "peerId": "ana",
            "dataProducerId": producer_id,
            "id": chat["id"],
            "sctpStreamParameters": {"streamId": 1, "ordered": False, "maxRetransmits": 1},
            "label": "chat",
            "protocol": "",
            "appData": {"info": "my-chat-DataProducer"},
        }
        stats = await ana.request("getDataProducerStats", {"dataProducerId": producer_id})
        assert stats == [{"type": "data-producer"}]
        stats = await ben.request("getDataConsumerStats", {"dataConsumerId": chat["id"]})
        assert stats == [{"type": "data-consumer"}]
        reset = {"dataProducerId": producer_id, "reason": "its client has reset the stream"}
        running.worker.emit("dataProducer.closed", **reset)
        assert await ben.notified("dataConsumerClosed") == {"dataConsumerId": chat["id"]}

    run(scenario)


def _offered_by(frame: dict[str, Any], peer_id: str | None) -> bool:
    return frame.get("method") == "newDataConsumer" and frame["data"]["peerId"] == peer_id


def test_the_answer_to_join_precedes_every_channel() -> None:
    async def scenario(running: Front) -> None:
        ana, _ben = await talkers(running)
        await ana.produce_data("chat")
        for index in range(5):
            joiner = await running.connect(f"joiner{index}")
            await joiner.join_with_data()
            await joiner.until(lambda frame: frame.get("method") == "newDataConsumer")
            joined_at = max(i for i, frame in enumerate(joiner.log) if "peers" in (frame.get("data") or {}))
            assert joiner.methods().index("newDataConsumer") > joined_at

    run(scenario)


@pytest.mark.parametrize(
    ("wish", "has"), [({}, True), ({"sctpCapabilities": {}}, True), ({"sctpCapabilities": None}, False)]
)
def test_a_transport_has_sctp_unless_it_is_refused(wish: dict[str, Any], has: bool) -> None:
    """A newer mediasoup-client knows no sctpCapabilities, and can send data nevertheless."""

    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        reply = await ana.request("createWebRtcTransport", {"producing": True, **wish})
        assert ("sctpParameters" in reply) is has
        if has:
            assert reply["sctpParameters"].items() >= {"port": 5000, "OS": 1024, "MIS": 1024}.items()
            assert reply["sctpParameters"]["maxMessageSize"] == 262_144

    run(scenario)


def test_who_says_nothing_of_channels_is_offered_none_before_it_sends_data() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.join_with_data()
        await ana.produce_data("chat")
        ben = await running.member("ben")
        await ben.sync()
        assert "newDataConsumer" not in ben.methods()
        await ben.produce_data("chat")
        await ben.until(lambda frame: ben.methods().count("newDataConsumer") == 2)

    run(scenario)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sctpStreamParameters": {"streamId": 0, "ordered": True, "maxRetransmits": 1}}, "ordered: true"),
        ({"sctpStreamParameters": []}, "Expected `object`"),
        ({"label": "x" * 257}, "length <= 256"),
        ({"transportId": "ghost"}, 'transport with id "ghost" not found'),
    ],
)
def test_a_channel_that_cannot_be_is_refused(change: dict[str, Any], reason: str) -> None:
    async def scenario(running: Front) -> None:
        ana, _ben = await talkers(running)
        data = {"transportId": ana.sending, "sctpStreamParameters": {"streamId": 0}, "label": "chat"}
        with pytest.raises(Failure, match=re.escape(reason)):
            await ana.request("produceData", {**data, **change})

    run(scenario)


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
    """Conformance 8: numbers of the router; no transport-cc for audio, no goog-remb for video."""

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


# -- an emulated network --------------------------------------------------------------------------------


def test_the_throttle_buttons() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        asked = {"secret": "our secret", "uplink": 500, "downlink": 0, "rtt": 100, "packetLoss": 2.5}
        assert await ana.request("applyNetworkThrottle", asked) == {}
        throttle = {"uplinkKbps": 500.0, "rttMs": 100.0, "packetLossPercent": 2.5}
        told = running.worker.called("transport.throttle")
        assert [data["throttle"] for data in told] == [throttle, throttle]
        assert await ana.request("resetNetworkThrottle", {"secret": "our secret"}) == {}
        assert running.worker.called("transport.throttle")[-1]["throttle"] is None
        stranger = await running.connect("ben")
        assert await stranger.request("applyNetworkThrottle", {"secret": "our secret"}) == {}, (
            "before join too"
        )

    run(scenario, limits=RoomLimits(throttle_secret="our secret"))


def test_a_wrong_secret_is_a_violation_and_403() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        for method in ("applyNetworkThrottle", "resetNetworkThrottle"):
            with pytest.raises(Failure) as caught:
                await ana.request(method, {"secret": "a guess"})
            assert caught.value.code == 403
        with pytest.raises(Failure) as caught:
            await ana.request("applyNetworkThrottle", {"secret": "our secret", "rtt": 9999})
        assert caught.value.code == 500
        for _ in range(10):
            await ana.ask("applyNetworkThrottle", {"secret": "a guess"})
        assert await ana.closed() == 1008
        assert running.worker.called("transport.throttle") == []

    run(
        scenario,
        limits=RoomLimits(throttle_secret="our secret"),
        settings=SignalingSettings(limits=ConnectionLimits(violations=5, violations_per_s=0.01)),
    )


def test_without_a_secret_there_is_no_throttle() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        for secret in ("", "a guess"):
            with pytest.raises(Failure, match="network_throttle_secret is not set") as caught:
                await ana.request("applyNetworkThrottle", {"secret": secret})
            assert caught.value.code == 403

    run(scenario)
