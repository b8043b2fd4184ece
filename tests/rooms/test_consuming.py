"""Requests of a peer about the tracks it receives."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import EnvelopeError, InvalidState, MediadError, NotFound, Unavailable, Unsupported
from mediad.rooms.unknown import Unknown
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


# -- tracks that a client asks for -------------------------------------------------------------------------


async def viewer(call: Call, peer_id: str = "ben") -> Guest:
    """Join without capabilities: nothing is offered."""
    guest = await call.connect(peer_id)
    await guest.make_transports()
    guest.join(receives=False)
    return guest


def test_the_newest_track_of_another_peer_comes_first_and_the_own_last() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await viewer(call)
        own = await ben.produce("video", vp8())
        older = await ana.produce("audio", opus())
        newer = await ana.produce("video", vp8())
        capabilities = call.registry.room("room").capabilities.to_wire()
        got = [told(await ben.seat.consuming.consume(capabilities)) for _ in range(3)]
        assert [offer.producer_id for offer in got] == [newer, older, own]
        assert [offer.peer_id for offer in got] == ["ana", "ana", "ben"]
        with pytest.raises(NotFound, match="no track"):
            await ben.seat.consuming.consume(capabilities)
        assert ben.listener.offers == []

    run(scenario)


def test_a_track_that_was_asked_for_flows_once_it_is_resumed() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await viewer(call)
        producer_id = await ana.produce("video", vp8())
        capabilities = call.registry.room("room").capabilities.to_wire()
        offer = told(await ben.seat.consuming.consume(capabilities))
        assert call.worker.consumers[offer.consumer_id]["paused"] is True
        await ben.seat.consuming.resume(offer.consumer_id)
        assert call.worker.consumers[offer.consumer_id]["paused"] is False
        await ana.seat.producing.pause(producer_id)
        assert ben.listener.named("paused") == [("paused", offer.consumer_id)]

    run(scenario)


def test_what_cannot_be_received_leaves_nothing_behind() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await viewer(call)
        capabilities = call.registry.room("room").capabilities.to_wire()
        cid = await call.connect("cid")
        with pytest.raises(InvalidState, match="no transport"):
            await cid.seat.consuming.consume(capabilities)
        await ana.produce("video", vp8())
        with pytest.raises(Unsupported, match="no codec in common"):
            await ben.seat.consuming.consume({"codecs": []})
        call.worker.failures["consumers.create"] = Unsupported("not today")
        with pytest.raises(Unsupported, match="not today"):
            await ben.seat.consuming.consume(capabilities)
        del call.worker.failures["consumers.create"]
        call.worker.consumer_room = 0
        with pytest.raises(Unavailable, match="full"):
            await ben.seat.consuming.consume(capabilities)
        call.worker.consumer_room, call.worker.forgetful = None, True
        with pytest.raises(EnvelopeError):
            await ben.seat.consuming.consume(capabilities)
        await call.settle()
        assert not call.worker.consumers
        assert not call.registry.room("room").books.consumers

    run(scenario)


@pytest.mark.parametrize("what", ["track", "receiver"])
def test_a_track_that_ends_while_it_is_being_made_ready_is_no_answer(what: str) -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await viewer(call)
        producer_id = await ana.produce("video", vp8())
        capabilities = call.registry.room("room").capabilities.to_wire()
        call.worker.hold("consumers.create")
        asked = asyncio.ensure_future(ben.seat.consuming.consume(capabilities))
        await call.settle()
        if what == "track":
            await ana.seat.producing.close(producer_id)
        else:
            ben.disconnect()
        call.worker.release("consumers.create")
        with pytest.raises(MediadError):
            await asked
        await call.settle()
        assert not call.worker.consumers
        assert ben.listener.named("consumer closed") == []

    run(scenario)


def test_a_track_that_was_asked_for_by_its_id() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.connect("ben")
        await ben.make_transports()
        ben.join(receives=False)
        producer_id = await ana.produce("video", vp8())
        capabilities = call.registry.room("room").capabilities.to_wire()
        consuming = ben.seat.consuming
        offer = told(await consuming.consume_track(ben.sending, producer_id, capabilities))
        assert (offer.producer_id, offer.transport_id) == (producer_id, ben.sending)
        assert call.worker.called("consumer.resume") == []
        await consuming.resume(offer.consumer_id)
        assert call.worker.called("consumer.resume") == [{"consumerId": offer.consumer_id}]
        deaf = {**capabilities, "codecs": []}
        for transport, producer, can, error in (
            ("nothing", producer_id, capabilities, Unknown),
            (ben.sending, "nothing", capabilities, Unknown),
            (ben.sending, producer_id, deaf, Unsupported),
        ):
            with pytest.raises(error):
                await consuming.consume_track(transport, producer, can)

    run(scenario)
