"""Requests of a peer about the tracks it receives."""

from __future__ import annotations

import pytest

from tests.support.calls import Call, Guest, run, told
from tests.support.listeners import RecordingListener
from tests.support.rtp_samples import opus, vp8


async def pair(call: Call) -> tuple[Guest, Guest, str, str]:
    """Ana sends video to Ben; returns both, the producer's id and the consumer's."""
    ana, ben = await call.member("ana"), await call.member("ben")
    producer_id = await ana.produce("video", vp8())
    await call.settle()
    return ana, ben, producer_id, ben.listener.offers[0].consumer_id


def test_consumer_wishes_reach_the_worker() -> None:
    async def scenario(call: Call) -> None:
        _, ben, _, consumer_id = await pair(call)
        await ben.seat.consuming.set_preferred_layers(consumer_id, 1, None)
        await ben.seat.consuming.set_preferred_layers(consumer_id, 2, 0)
        wishes = call.worker.called("consumer.setPreferredLayers")
        assert wishes[0] == {"consumerId": consumer_id, "spatialLayer": 1}
        assert wishes[1] == {"consumerId": consumer_id, "spatialLayer": 2, "temporalLayer": 0}
        await ben.seat.consuming.set_priority(consumer_id, 5)
        assert call.worker.consumers[consumer_id]["priority"] == 5
        await ben.seat.consuming.request_key_frame(consumer_id)
        assert len(call.worker.called("consumer.requestKeyFrame")) == 1
        stats = told(await ben.seat.consuming.stats(consumer_id))
        assert [entry["type"] for entry in stats] == ["outbound-rtp", "inbound-rtp"]

    run(scenario)


def test_audio_has_no_key_frames_and_that_is_no_error() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await call.settle()
        await ben.seat.consuming.request_key_frame(ben.listener.offers[0].consumer_id)
        assert call.worker.called("consumer.requestKeyFrame") == []

    run(scenario)


def test_pause_and_resume_reach_the_worker() -> None:
    async def scenario(call: Call) -> None:
        _, ben, _, consumer_id = await pair(call)
        assert call.worker.consumers[consumer_id]["paused"] is False
        await ben.seat.consuming.pause(consumer_id)
        assert call.worker.consumers[consumer_id]["paused"] is True
        await ben.seat.consuming.resume(consumer_id)
        assert call.worker.consumers[consumer_id]["paused"] is False

    run(scenario)


@pytest.mark.parametrize("wish", ["pause", "resume"])
def test_wishes_before_the_acceptance_are_kept_for_it(wish: str) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        listener = RecordingListener()
        listener.hold_offers()
        ben = await call.member("ben", listener=listener)
        await ana.produce("audio", opus())
        await call.settle()
        consumer_id = listener.offers[0].consumer_id
        await ben.seat.consuming.pause(consumer_id)
        if wish == "resume":
            await ben.seat.consuming.resume(consumer_id)
        await call.settle()
        assert call.worker.consumers[consumer_id]["paused"] is True, "not before it is accepted"
        listener.answer_offers()
        await call.settle()
        assert call.worker.consumers[consumer_id]["paused"] is (wish == "pause")

    run(scenario)
