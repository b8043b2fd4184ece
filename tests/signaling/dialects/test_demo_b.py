"""Dialect B on the wire: a whole session, and each message in its spelling."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import PeerVolume
from mediad.signaling.dialects.demo_b import METHODS, DemoBListener, source_of
from tests.support import demo_b_client
from tests.support.demo_b_client import DemoBClient
from tests.support.recording_wire import RecordingWire
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DEVICE, DTLS_PARAMETERS, Failure, Front, refuse, run

HERE = "127.0.0.1"


async def pair(running: Front) -> tuple[DemoBClient, DemoBClient, str, str]:
    """Ana sends video to Ben; both, and the producer's and the consumer's id."""
    ana, ben = await demo_b_client.member(running, "ana"), await demo_b_client.member(running, "ben")
    producer_id = await ana.produce("video", vp8(), source="video")
    consumer_id = (await ben.asked("newConsumer"))["data"]["consumerId"]
    await ben.notified("consumerScore")
    return ana, ben, producer_id, consumer_id


def test_a_call_from_the_first_frame_to_the_score() -> None:
    async def scenario(running: Front) -> None:
        ben = await demo_b_client.member(running, "ben")
        audio = await ben.produce("audio", opus(), source="audio")
        ana = await demo_b_client.connect(running, "ana")
        assert await ana.request("getRtcStatsUrl") == {}
        capabilities = (await ana.request("getRouterRtpCapabilities"))["routerRtpCapabilities"]
        transports = [await ana.create_transport(direction) for direction in ("producer", "consumer")]
        for transport in transports:
            assert {"transportId", "iceParameters", "iceCandidates", "dtlsParameters"} <= set(transport)
            assert "id" not in transport
        ana.sending, ana.receiving = (transport["transportId"] for transport in transports)
        join = {"displayName": "Ana", "device": DEVICE, "rtpCapabilities": capabilities}
        somebody = {"peerId": "ben", "displayName": "Somebody", "device": DEVICE, "remoteAddress": HERE}
        assert await ana.request("join", join) == {"peers": [somebody]}
        herself = {"peerId": "ana", "displayName": "Ana", "device": DEVICE, "remoteAddress": HERE}
        assert await ben.notified("newPeer") == {"peer": herself}
        offer = (await ana.asked("newConsumer"))["data"]
        assert set(offer) == {
            *("peerId", "transportId", "consumerId", "producerId", "kind", "rtpParameters", "type"),
            *("producerPaused", "consumerScore", "appData"),
        }
        assert (offer["peerId"], offer["producerId"], offer["kind"]) == ("ben", audio, "audio")
        assert (offer["transportId"], offer["producerPaused"]) == (ana.receiving, False)
        assert offer["consumerScore"] == {"score": 10, "producerScore": 10, "producerScores": []}
        assert offer["appData"] == {"source": "audio", "peerId": "ben"}
        assert (await ana.notified("consumerScore"))["consumerId"] == offer["consumerId"]
        for transport in transports:
            data = {"transportId": transport["transportId"], "dtlsParameters": DTLS_PARAMETERS}
            assert await ana.request("connectWebRtcTransport", data) == {}
        produced = await ana.produce("video", vp8(), source="screensharing")
        offered = (await ben.asked("newConsumer"))["data"]
        assert (offered["producerId"], offered["appData"]["source"]) == (produced, "screensharing")

    run(scenario)


def test_peers_of_both_dialects_are_told_of_each_other() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await demo_b_client.member(running, "ben")
        assert await ana.notified("newPeer") == {"id": "ben", "displayName": "Somebody", "device": DEVICE}
        await ana.produce("video", vp8(), share=True)
        await ben.produce("video", vp8(), source="screensharing")
        assert (await ben.asked("newConsumer"))["data"]["appData"]["source"] == "screensharing"
        assert (await ana.asked("newConsumer"))["data"]["appData"]["share"] is True
        await ana.close()
        assert await ben.notified("peerClosed") == {"peerId": "ana"}

    run(scenario)


@pytest.mark.parametrize(
    ("kind", "app_data", "source"),
    [
        ("audio", {}, "audio"),
        ("video", {}, "video"),
        ("video", {"share": True}, "screensharing"),
        ("video", {"source": "screensharing"}, "screensharing"),
        ("video", {"source": 7}, "video"),
    ],
)
def test_every_track_has_a_source(kind: str, app_data: dict[str, Any], source: str) -> None:
    assert source_of(kind, app_data) == source


def test_what_happens_to_a_producer_reaches_its_receivers() -> None:
    async def scenario(running: Front) -> None:
        ana, ben, producer_id, consumer_id = await pair(running)
        for wish, told in (
            ("pauseProducer", "consumerPaused"),
            ("resumeProducer", "consumerResumed"),
            ("closeProducer", "consumerClosed"),
        ):
            await ana.notify(wish, {"producerId": producer_id})
            assert await ben.notified(told) == {"consumerId": consumer_id}
        assert not any(frame.get("ok") is False for frame in ana.log)

    run(scenario)


def test_wishes_of_a_receiver_reach_the_worker() -> None:
    async def scenario(running: Front) -> None:
        _, ben, _, consumer_id = await pair(running)
        await ben.notify("pauseConsumer", {"consumerId": consumer_id})
        await ben.notify("resumeConsumer", {"consumerId": consumer_id})
        await ben.notify("setConsumerPreferredLayers", {"consumerId": consumer_id, "spatialLayer": 1})
        await ben.notify("setConsumerPriority", {"consumerId": consumer_id, "priority": 3})
        await ben.notify("requestConsumerKeyFrame", {"consumerId": consumer_id})
        await ben.sync()
        asked = [name for name, data in running.worker.requests if data.get("consumerId") == consumer_id]
        assert asked == [
            *("consumer.pause", "consumer.resume", "consumer.setPreferredLayers", "consumer.setPriority"),
            "consumer.requestKeyFrame",
        ]

    run(scenario)


def test_ice_parameters_and_statistics_come_in_objects() -> None:
    async def scenario(running: Front) -> None:
        ana, ben, producer_id, consumer_id = await pair(running)
        restarted = await ana.request("restartIce", {"transportId": ana.sending})
        assert set(restarted) == {"iceParameters"}
        for client, method, data in (
            (ana, "getTransportStats", {"transportId": ana.sending}),
            (ana, "getProducerStats", {"producerId": producer_id}),
            (ben, "getConsumerStats", {"consumerId": consumer_id}),
        ):
            answer = await client.request(method, data)
            assert set(answer) == {"stats"}
            assert isinstance(answer["stats"], list)

    run(scenario)


def test_news_of_the_worker_in_their_spelling() -> None:
    async def scenario(running: Front) -> None:
        _, ben, producer_id, consumer_id = await pair(running)
        worker = running.worker
        worker.emit("consumer.layers", consumerId=consumer_id, layers={"spatialLayer": 1, "temporalLayer": 0})
        worker.emit("consumer.layers", consumerId=consumer_id, layers=None)
        worker.emit("router.speaker", producerId=producer_id, volume=-30)
        worker.emit("router.speaker", producerId=None)
        worker.emit("router.dominantSpeaker", producerId=producer_id)
        worker.emit("router.dominantSpeaker", producerId=None)
        await ben.sync()
        heard = [
            (frame["method"], frame["data"])
            for frame in ben.log
            if frame.get("method") in ("consumerLayersChanged", "speakingPeers", "activeSpeaker")
        ]
        layers = {"spatialLayer": 1, "temporalLayer": 0}
        assert heard == [
            ("consumerLayersChanged", {"consumerId": consumer_id, "layers": layers}),
            ("consumerLayersChanged", {"consumerId": consumer_id}),
            ("speakingPeers", {"peerVolumes": [{"peerId": "ana", "volume": -30}]}),
            ("speakingPeers", {"peerVolumes": []}),
            ("activeSpeaker", {"peerId": "ana"}),
            ("activeSpeaker", {}),
        ]

    run(scenario)


def test_a_crowd_that_speaks_is_not_told_whole() -> None:
    wire = RecordingWire()
    DemoBListener(wire, "1").speaking_peers([PeerVolume(f"peer{index}", -index) for index in range(50)])
    method, data, droppable = wire.told[-1]
    assert (method, droppable) == ("speakingPeers", True)
    assert [entry["peerId"] for entry in data["peerVolumes"]] == [f"peer{index}" for index in range(10)]


def test_errors_in_its_own_words() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.connect(running, "ana")
        for method, data, reason in (
            ("produce", {}, "Peer not joined"),
            ("restartIce", {"transportId": "x"}, "WebRtcTransport 'x' not found"),
            ("getProducerStats", {"producerId": "x"}, "Producer 'x' not found"),
            ("getConsumerStats", {"consumerId": "x"}, "Consumer 'x' not found"),
            ("levitate", {}, "unknown request method 'levitate'"),
            ("pauseProducer", {"producerId": "x"}, "unknown request method 'pauseProducer'"),
        ):
            with pytest.raises(Failure) as caught:
                await ana.request(method, data)
            assert (caught.value.code, caught.value.reason) == (500, reason)
        await ana.join()
        with pytest.raises(Failure, match="Peer already joined"):
            await ana.enter()

    run(scenario)


def test_members_only() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.connect(running, "ana")
        for name, method in METHODS.items():
            if method.joined:
                with pytest.raises(Failure, match="Peer not joined"):
                    await ana.request(name, {})

    run(scenario)


def test_a_client_that_does_not_want_a_consumer_keeps_none() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await demo_b_client.member(running, "ana"), await demo_b_client.member(running, "ben")
        ben.answer = refuse
        await ana.produce("audio", opus())
        await ben.asked("newConsumer")
        await ben.sync()
        assert running.worker.consumers == {}

    run(scenario)


def test_a_chat_in_the_words_of_both_dialects() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await demo_b_client.member(running, "ana"), await running.connect("ben")
        await ben.join_with_data()
        of_bot = (await ana.asked("newDataConsumer"))["data"]
        assert "peerId" not in of_bot
        assert (of_bot["label"], of_bot["appData"]) == ("bot", {"channel": "bot"})
        produced = await ben.produce_data("chat", ordered=False, maxRetransmits=1)
        offer = await ana.until(lambda frame: frame.get("data", {}).get("dataProducerId") == produced)
        assert offer["data"] == {
            "peerId": "ben",
            "transportId": ana.receiving,
            "dataConsumerId": offer["data"]["dataConsumerId"],
            "dataProducerId": produced,
            "sctpStreamParameters": {"streamId": 1, "ordered": False, "maxRetransmits": 1},
            "label": "chat",
            "protocol": "",
            "appData": {"channel": "chat", "info": "my-chat-DataProducer", "peerId": "ben"},
        }
        consumer_id = offer["data"]["dataConsumerId"]
        stats = await ana.request("getDataConsumerStats", {"dataConsumerId": consumer_id})
        assert stats == {"stats": [{"type": "data-consumer"}]}
        data = {
            "transportId": ana.sending,
            "sctpStreamParameters": {"streamId": 0},
            "label": "chat",
            "appData": {"channel": "chat"},
        }
        own = (await ana.request("produceData", data))["dataProducerId"]
        assert await ana.request("getDataProducerStats", {"dataProducerId": own}) == {
            "stats": [{"type": "data-producer"}]
        }
        chat = await ben.until(lambda frame: frame.get("data", {}).get("dataProducerId") == own)
        assert (chat["data"]["peerId"], chat["data"]["label"]) == ("ana", "chat")

    run(scenario)


def test_the_throttle_buttons() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        options = {"up": 500, "down": 0, "rtt": 100, "packetLoss": 2.5, "localhost": True}
        asked = {"secret": "our secret", "options": options}
        assert await ana.request("applyNetworkThrottle", asked) == {}
        throttle = {"uplinkKbps": 500.0, "rttMs": 100.0, "packetLossPercent": 2.5}
        told = running.worker.called("transport.throttle")
        assert [data["throttle"] for data in told] == [throttle, throttle]
        assert await ana.request("stopNetworkThrottle", {"secret": "our secret"}) == {}
        assert running.worker.called("transport.throttle")[-1]["throttle"] is None
        for method, data in (("applyNetworkThrottle", asked), ("stopNetworkThrottle", asked)):
            with pytest.raises(Failure) as caught:
                await ana.request(method, {**data, "secret": "a guess"})
            assert caught.value.code == 403

    run(scenario, limits=RoomLimits(throttle_secret="our secret"))
