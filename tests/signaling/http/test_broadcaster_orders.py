"""All that can be asked for about a broadcaster, in both spellings."""

from __future__ import annotations

import pytest

from mediad.rooms.limits import RoomLimits
from tests.support import demo_b_client
from tests.support.broadcasting import WEBRTC, Answer, Owner, in_a, in_b
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DTLS_PARAMETERS, Front, run


def test_a_transport_is_connected() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam = Owner(running, "cam")
        await cam.create_in_a()
        answer = await cam.post("/transports", WEBRTC)
        assert answer.status == 200
        assert {"id", "iceParameters", "iceCandidates", "dtlsParameters"} <= set(answer.data)
        path = f"/transports/{answer.data['id']}/connect"
        connected = await cam.post(path, {"dtlsParameters": DTLS_PARAMETERS})
        assert (connected.status, connected.text) == (200, "")
        twice = await cam.post(path, {"dtlsParameters": DTLS_PARAMETERS})
        assert twice.status == 500
        wrong = await cam.post(path, {"dtlsParameters": {}})
        assert wrong.status == 400
        bea = Owner(running, "bea")
        await bea.create_in_b()
        answer = await bea.post("/transports", {**WEBRTC, "direction": "consumer"})
        assert (answer.status, "transportId" in answer.data, "id" in answer.data) == (201, True, False)
        path = f"/transports/{answer.data['transportId']}/connect"
        assert (await bea.post(path, {"dtlsParameters": DTLS_PARAMETERS})).text == "Transport connected"

    run(scenario)


@pytest.mark.parametrize("body", [{"type": "pigeon"}, {}, {"type": 7}])
def test_other_types_of_transports_in_dialect_a(body: dict[str, object]) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam = Owner(running, "cam")
        await cam.create_in_a()
        before = len(running.worker.transports)
        answer = await cam.post("/transports", body)
        assert answer.status == 400
        assert len(running.worker.transports) == before

    run(scenario)


def test_what_a_broadcaster_sends_is_offered() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        cam, transport_id = await in_a(running)
        body = {"kind": "audio", "rtpParameters": opus()}
        produced = await cam.post(f"/transports/{transport_id}/producers", body)
        assert produced.status == 200
        offer = (await ana.asked("newConsumer"))["data"]
        assert (offer["peerId"], offer["producerId"]) == ("cam", produced.data["id"])
        assert offer["appData"] == {"peerId": "cam"}
        await ana.notified("consumerScore")
        await cam.delete()
        assert await ana.notified("consumerClosed") == {"consumerId": offer["id"]}

    run(scenario)


def test_the_same_in_dialect_b() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        cam, transport_id = await in_b(running)
        body = {
            "transportId": transport_id,
            "kind": "video",
            "rtpParameters": vp8(),
            "appData": {"source": "screensharing"},
        }
        produced = await cam.post("/producers", body)
        assert produced.status == 201
        offer = (await ana.asked("newConsumer"))["data"]
        assert offer["producerId"] == produced.data["producerId"]
        assert offer["appData"] == {"source": "screensharing", "peerId": "cam"}

    run(scenario)


def test_nothing_is_sent_or_received_before_joining() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        producer_id = await ana.produce("audio", opus())
        cam = Owner(running, "cam")
        await cam.create_in_b()
        transport_id = (await cam.post("/transports", WEBRTC)).data["transportId"]
        names = {"transportId": transport_id, "producerId": producer_id}
        for path, body in (
            ("/producers", {**names, "kind": "audio", "rtpParameters": opus()}),
            ("/consumers", {**names, "rtpCapabilities": ana.capabilities}),
        ):
            answer = await cam.post(path, body)
            assert answer.status == 409

    run(scenario)


def test_a_consumer_of_dialect_a_flows_at_once() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        producer_id = await ana.produce("video", vp8())
        cam = Owner(running, "cam")
        await cam.create_in_a(ana.capabilities)
        transport_id = (await cam.post("/transports", WEBRTC)).data["id"]
        path = f"/transports/{transport_id}/consume"
        answer = await cam.post(f"{path}?producerId={producer_id}")
        assert answer.status == 200
        assert set(answer.data) == {"id", "producerId", "kind", "rtpParameters", "type"}
        assert answer.data["producerId"] == producer_id
        assert running.worker.called("consumer.resume") == [{"consumerId": answer.data["id"]}]
        missing = await cam.post(f"{path}?producerId=nothing")
        assert (missing.status, missing.text) == (500, 'producer with id "nothing" not found')
        deaf = Owner(running, "deaf")
        await deaf.create_in_a()
        transport_id = (await deaf.post("/transports", WEBRTC)).data["id"]
        refused = await deaf.post(f"/transports/{transport_id}/consume?producerId={producer_id}")
        assert (refused.status, refused.text) == (500, "broadcaster does not have rtpCapabilities")

    run(scenario)


def test_a_consumer_of_dialect_b_waits_if_it_shall() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        producer_id = await ana.produce("video", vp8(), source="video")
        cam, transport_id = await in_b(running)

        async def consume(paused: bool) -> Answer:
            body = {
                "transportId": transport_id,
                "producerId": producer_id,
                "rtpCapabilities": ana.capabilities,
                "paused": paused,
            }
            return await cam.post("/consumers", body)

        answer = await consume(paused=True)
        assert (answer.status, set(answer.data)) == (201, {"consumerId"})
        consumer_id = answer.data["consumerId"]
        assert running.worker.called("consumer.resume") == []
        assert (await cam.post(f"/consumers/{consumer_id}/resume")).status == 200
        assert running.worker.called("consumer.resume") == [{"consumerId": consumer_id}]
        assert (await cam.post("/consumers/nothing/resume")).status == 404
        assert (await consume(paused=False)).status == 201
        assert len(running.worker.called("consumer.resume")) == 2

    run(scenario)


def test_producers_of_the_others_with_their_codecs() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        producer_id = await ana.produce("video", vp8(), source="screensharing")
        cam, _ = await in_b(running)
        answer = await cam.get("/peerProducersInfos")
        assert answer.status == 200
        (info,) = answer.data["peerProducersInfos"]
        (producer,) = info["producers"]
        codecs = [codec["mimeType"] for codec in producer.pop("consumableCodecs")]
        assert codecs == ["video/VP8", "video/rtx"]
        assert info["peerId"] == "ana"
        assert producer == {"producerId": producer_id, "kind": "video", "source": "screensharing"}

    run(scenario)


def test_limits_of_a_peer_hold_for_broadcasters() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, _ = await in_b(running)
        await cam.post("/transports", WEBRTC)
        answer = await cam.post("/transports", WEBRTC)
        assert (answer.status, "peer_transports" in answer.text) == (429, True)

    run(scenario, limits=RoomLimits(transports_per_peer=2))


def test_what_fits_no_schema_is_refused() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, transport_id = await in_b(running)
        for path, body in (
            ("/producers", {"transportId": transport_id, "kind": "smell", "rtpParameters": {}}),
            ("/producers", {"transportId": transport_id, "kind": "audio", "rtpParameters": {"codecs": 7}}),
            ("/consumers", {"transportId": transport_id}),
            (f"/transports/{transport_id}/producers", {}),
        ):
            answer = await cam.post(path, body)
            assert answer.status == 400

    run(scenario)


def test_data_channels_of_a_broadcaster() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        sending = {
            "transportId": ana.sending,
            "sctpStreamParameters": {"streamId": 0, "ordered": False, "maxRetransmits": 1},
            "label": "chat",
            "protocol": "",
            "appData": {"channel": "chat"},
        }
        of_ana = (await ana.request("produceData", sending))["dataProducerId"]
        cam = Owner(running, "cam")
        await cam.create_in_a()
        body = {**WEBRTC, "sctpCapabilities": {"numStreams": {"OS": 1024, "MIS": 1024}}}
        made = (await cam.post("/transports", body)).data
        assert "sctpParameters" in made
        path = f"/transports/{made['id']}"
        received = await cam.post(f"{path}/consume/data", {"dataProducerId": of_ana})
        assert (received.status, set(received.data)) == (200, {"id", "streamId"})
        missing = await cam.post(f"{path}/consume/data", {"dataProducerId": "nothing"})
        assert (missing.status, missing.text) == (500, 'dataProducer with id "nothing" not found')
        body = {"label": "chat", "protocol": "", "sctpStreamParameters": {"streamId": 0}, "appData": {}}
        produced = await cam.post(f"{path}/produce/data", body)
        offered = await ana.until(
            lambda frame: frame.get("method") == "newDataConsumer" and frame["data"].get("peerId") == "cam"
        )
        assert offered["data"]["dataProducerId"] == produced.data["id"]
        without = (await cam.post("/transports", WEBRTC)).data["id"]
        assert (await cam.post(f"/transports/{without}/produce/data", body)).status == 500

    run(scenario)
