"""The demo's dialect on the wire: a whole session, and the order that clients rely on."""

from __future__ import annotations

import asyncio

from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import (
    DEVICE,
    DTLS_PARAMETERS,
    Front,
    ignore,
    refuse,
    run,
)


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
        parameters = {"id", "iceParameters", "iceCandidates", "dtlsParameters", "sctpParameters"}
        assert parameters == set(send)
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
    """Conformance 4: the answer to `join` precedes every `newConsumer` in the bytes."""

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


# -- offers that come to nothing ------------------------------------------------------------------------


def test_a_client_that_does_not_want_channels_keeps_none() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.connect("ana"), await running.connect("ben")
        ben.answer = refuse
        await ana.join_with_data()
        await ben.join_with_data()
        await ana.produce_data("chat")
        await ben.until(lambda frame: ben.methods().count("newDataConsumer") == 2)
        await ben.sync()
        await ben.sync()
        owners = {consumer["transportId"] for consumer in running.worker.data.consumers.values()}
        assert owners == {ana.receiving}
        assert "dataConsumerClosed" not in ben.methods()

    run(scenario)


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
    """Conformance 5: a client killed before it answers `newConsumer` leaves no consumer."""

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
    """Every peer is asked about every track, although none answers."""

    async def scenario(running: Front) -> None:
        members = [await running.member(f"peer{index}") for index in range(8)]
        for member in members:
            member.answer = ignore
        await asyncio.gather(*(member.produce("audio", opus()) for member in members))
        for member in members:
            await member.until(lambda frame: member.methods().count("newConsumer") == len(members) - 1)

    run(scenario)
