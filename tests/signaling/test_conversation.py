"""The dialect that a client turns out to speak, and notifications, on the wire."""

from __future__ import annotations

import logging

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from mediad.signaling.app import SignalingSettings
from mediad.signaling.limits import ConnectionLimits
from tests.support import demo_b_client
from tests.support.demo_b_client import DemoBClient
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import Client, Failure, Front, eventually, run


def test_a_query_of_dialect_b_is_answered_in_it_from_the_first_frame() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.connect(running, "ana")
        answer = await ana.request("getRouterRtpCapabilities")
        assert ana.methods() == ["mediasoupVersion", "ok"]
        assert set(answer) == {"routerRtpCapabilities"}

    run(scenario)


def test_a_query_that_says_nothing_is_answered_so_that_both_can_read_it() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        answer = await ana.request("getRouterRtpCapabilities")
        nested = answer.pop("routerRtpCapabilities")
        assert answer == nested
        assert {"codecs", "headerExtensions"} <= set(nested)

    run(scenario)


def test_a_client_is_recognised_by_its_first_request_that_tells() -> None:
    """Conformance 17: an app of dialect B without a telling query is understood."""

    async def scenario(running: Front) -> None:
        ana, ben = await demo_b_client.member(running, "ana", told=False), await running.member("ben")
        assert ana.methods()[:4] == ["mediasoup-version", "ok", "mediasoupVersion", "ok"]
        assert (await ana.notified("newPeer"))["peer"]["peerId"] == "ben"
        await ben.produce("audio", opus())
        assert "consumerId" in (await ana.asked("newConsumer"))["data"]
        await ana.notify("changeDisplayName", {"displayName": "Anna"})
        assert (await ben.notified("peerDisplayNameChanged"))["displayName"] == "Anna"

    run(scenario)


def test_a_client_keeps_the_dialect_that_it_has_shown() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        with pytest.raises(Failure, match="unknown request"):
            await ana.request("getRtcStatsUrl")
        transport = {"forceTcp": False, "appData": {"direction": "producer"}}
        assert "id" in await ana.request("createWebRtcTransport", transport)
        bea = await demo_b_client.member(running, "bea")
        with pytest.raises(Failure, match="appData"):
            await bea.request("createWebRtcTransport", {"producing": True})

    run(scenario)


async def watched(running: Front) -> tuple[DemoBClient, Client, str, str]:
    """Ana, in dialect B, receives a camera of Ben, in dialect A; the producer's and the consumer's id."""
    ana, ben = await demo_b_client.member(running, "ana"), await running.member("ben")
    producer_id = await ben.produce("video", vp8())
    consumer_id = (await ana.asked("newConsumer"))["data"]["consumerId"]
    await ana.notified("consumerScore")
    return ana, ben, producer_id, consumer_id


def test_a_notification_is_done_and_never_answered() -> None:
    async def scenario(running: Front) -> None:
        ana, _, _, consumer_id = await watched(running)
        before = len(ana.log)
        await ana.notify("pauseConsumer", {"consumerId": consumer_id})
        await eventually(lambda: running.worker.called("consumer.pause"))
        await ana.notify("pauseConsumer", {"consumerId": "nothing"})  # unknown
        await ana.notify("pauseConsumer", {"consumerId": 7})  # malformed
        await ana.notify("levitate", {})
        await ana.sync()
        assert len(ana.log) == before + 1
        assert len(running.worker.called("consumer.pause")) == 1

    run(scenario)


def test_notifications_that_fail_are_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        await ana.notify("closeProducer", {"producerId": "nothing"})
        await ana.sync()

    run(scenario)
    lines = [record.getMessage() for record in caplog.records]
    assert "> notification closeProducer ignored: Producer 'nothing' not found" in lines


def test_unknown_ids_are_no_violation_and_unknown_words_are() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        for _ in range(20):
            await ana.notify("resumeConsumer", {"consumerId": "nothing"})
        await ana.sync()
        for _ in range(5):
            await ana.notify("resumeConsumer", {"consumerId": None})
        assert await ana.closed() == 1008

    run(scenario, settings=SignalingSettings(limits=ConnectionLimits(violations=4, violations_per_s=0)))


def test_notifications_of_dialect_a_are_violations() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        for _ in range(5):
            await ana.send(
                {"notification": True, "method": "changeDisplayName", "data": {"displayName": "A"}}
            )
        assert await ana.closed() == 1008

    run(scenario, settings=SignalingSettings(limits=ConnectionLimits(violations=4, violations_per_s=0)))


def test_notifications_under_way_count_like_requests() -> None:
    """The next frame stays unread while the worker has not done what one notification asked for."""

    async def scenario(running: Front) -> None:
        ana, _, _, consumer_id = await watched(running)
        running.worker.hold("consumer.pause")
        await ana.notify("pauseConsumer", {"consumerId": consumer_id})
        await ana.notify("resumeConsumer", {"consumerId": consumer_id})
        identifier = await ana.ask("getRtcStatsUrl")
        await eventually(lambda: running.worker.called("consumer.pause"))
        assert not any(frame.get("id") == identifier for frame in ana.log)
        running.worker.release("consumer.pause")
        await ana.until(lambda frame: frame.get("id") == identifier)

    run(scenario, settings=SignalingSettings(limits=ConnectionLimits(pending_requests=1)))


def test_names_that_are_missing_are_told_in_each_dialect() -> None:
    async def scenario(running: Front) -> None:
        for query, reason in (
            ({}, "Connection request without roomId and/or peerId"),
            ({"usePipeTransports": "true"}, "Missing roomId and/or peerId"),
        ):
            with pytest.raises(InvalidStatus) as caught:
                await connect(running.url(**query), subprotocols=[Subprotocol("protoo")])
            assert caught.value.response.status_code == 400
            assert caught.value.response.body.decode() == reason

    run(scenario)
