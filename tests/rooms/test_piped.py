"""One track or channel in a pipe: made where it arrives first, and unmade on both workers."""

from __future__ import annotations

import pytest

from mediad.errors import EnvelopeError, Unavailable
from mediad.rooms.piped import Piped
from tests.support.calls import Call, run_spread
from tests.support.rtp_samples import opus, vp8_simulcast


async def piped_of(call: Call, producer_id: str) -> Piped:
    (room,) = call.registry.rooms()
    (piped,) = [piped for piped in room.pipes.piped() if piped.producer.id == producer_id]
    return piped


def test_a_track_is_made_where_it_arrives_first() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.member("ana"), await call.member("ben")
        here, there = call.placement.workers
        there.hold("producer.create")
        producer_id = await ana.produce("video", vp8_simulcast())
        await call.settle()
        assert here.called("consumer.createPipe") == []
        there.release("producer.create")
        await call.settle()
        (made,) = there.called("producer.create")
        (sent,) = here.called("consumer.createPipe")
        assert made["rtpParameters"] == sent["rtpParameters"]
        types = [codec["payloadType"] for codec in made["rtpParameters"]["codecs"]]
        mapped = [
            (codec["payloadType"], codec["mappedPayloadType"]) for codec in made["rtpMapping"]["codecs"]
        ]
        assert mapped == [(own, own) for own in types]
        piped = await piped_of(call, producer_id)
        await piped.unmake()
        await call.settle()
        assert (there.producers, list(here.consumers)) == ({}, [])

    run_spread(scenario)


def test_a_channel_has_the_stream_that_its_sender_s_worker_chose() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.talker("ana"), await call.talker("ben")
        producer_id = await ana.produce_data("chat", ordered=False, maxRetransmits=3)
        await call.settle()
        stream = call.placement.workers[1].data.producers[producer_id]["sctpStreamParameters"]
        assert stream == {"streamId": 1, "ordered": False, "maxRetransmits": 3}

    run_spread(scenario)


def test_a_channel_that_the_worker_has_no_room_for_is_refused() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await call.settle()
        here = call.placement.workers[0]
        room = ana.seat.room
        here.data.room = len(here.data.consumers)
        producer_id = await ana.produce_data("talk")
        await call.settle()
        branch, producer = ben.seat.peer.branch, room.books.data_producers[producer_id]
        with pytest.raises(Unavailable, match="this worker is full"):
            await room.pipes.reach(producer, branch)
        here.data.room, here.data.forgetful = None, True
        with pytest.raises(EnvelopeError, match="0 answers for one data consumer"):
            await room.pipes.reach(producer, branch)
        here.data.forgetful = False
        await room.pipes.reach(producer, branch)
        await call.settle()
        assert producer_id in call.placement.workers[1].data.producers

    run_spread(scenario)


def test_levels_of_audio_alone_are_measured() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await ana.produce("video", vp8_simulcast())
        await call.settle()
        made = call.placement.workers[1].called("producer.create")
        assert sorted((data["kind"], data.get("levels", False)) for data in made) == [
            ("audio", True),
            ("video", False),
        ]

    run_spread(scenario)
