"""Pipes between the branches of a room: made on first need, once, and kept as long as they are needed."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from mediad.errors import InvalidState
from mediad.pipe.messages import ReplyT, Request
from mediad.rooms import pipes
from mediad.rooms.asker import asker_of, current_asker
from mediad.rooms.listener import CloseCause
from mediad.rooms.media_worker import Compose
from mediad.rooms.room import Room
from mediad.rooms.stock import ROOM
from tests.support.bookkeeping_worker import BookkeepingWorker
from tests.support.calls import Call, apart, run_spread
from tests.support.rtp_samples import opus, vp8, vp8_simulcast


def pipe_consumer(worker: BookkeepingWorker, room: Room) -> dict[str, Any]:
    """The only consumer of a worker that feeds a pipe."""
    fed = [p.consumer_id for p in room.pipes.piped() if p.origin.worker_id == worker.worker_id]
    (consumer_id,) = worker.consumers.keys() & fed
    return worker.consumers[consumer_id]


def test_a_track_reaches_another_worker_on_first_need() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, here, there = await apart(call)
        producer_id = await ana.produce("video", vp8())
        await call.settle()
        ends = [here.transports, there.transports]
        ports = [(t["port"], t["connected"]) for table in ends for t in table.values() if "port" in t]
        assert ports[0] == ports[1][::-1]
        assert there.producers[producer_id]["kind"] == "video"
        far = there.producers[producer_id]["rtpParameters"]["encodings"]
        (sent,) = [c for c in here.consumers.values() if c["producerId"] == producer_id]
        assert [encoding["ssrc"] for encoding in sent["rtpParameters"]["encodings"]] == [
            encoding["ssrc"] for encoding in far
        ]
        assert [offer.producer_id for offer in ben.listener.offers] == [producer_id]
        assert ben.listener.offers[0].peer_id == "ana"

    run_spread(scenario)


def test_one_pipe_serves_all_who_come_at_once() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.member(name) for name in "abcdef"]
        for number, guest in enumerate(guests):
            await guest.produce("video", vp8(ssrc=1000 + 10 * number))
        await call.settle()
        for worker in call.placement.workers:
            assert len(worker.called("transport.createPipe")) == 1
            assert len(worker.called("consumer.createPipe")) == 3
            assert len(worker.called("producer.create")) == 6
        assert all(len(guest.listener.offers) == 5 for guest in guests)

    run_spread(scenario)


def test_a_track_stays_piped_for_a_while_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        monkeypatch.setattr(pipes, "HOLD_S", 0.05)
        ana, ben, here, there = await apart(call)
        producer_id = await ana.produce("video", vp8_simulcast())
        await call.settle()
        room = ana.seat.room
        ben.disconnect()
        await call.settle()
        assert pipe_consumer(here, room)["spatialLayer"] is None
        assert producer_id in there.producers
        ben = await call.member("ben")
        await call.settle()
        assert pipe_consumer(here, room)["spatialLayer"] == 2
        assert len(there.called("producer.create")) == 1
        ben.disconnect()
        await asyncio.sleep(0.1)
        assert (list(room.pipes.piped()), there.producers, here.consumers) == ([], {}, {})

    run_spread(scenario)


def test_an_unused_pipe_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        monkeypatch.setattr(pipes, "PAIR_HOLD_S", 0.02)
        ana, ben, here, there = await apart(call)
        producer_id = await ana.produce("video", vp8())
        await call.settle()
        await ana.seat.producing.close(producer_id)
        await call.settle()
        assert len(ana.seat.room.pipes.pairs()) == 1
        assert ana.seat.room.pipes.pairs()[0].uses == 1  # the bot's voice
        ben.disconnect()
        monkeypatch.setattr(pipes, "HOLD_S", 0.0)
        ana.seat.room.pipes.end(next(iter(ana.seat.room.books.data_producers.values())))
        await asyncio.sleep(0.05)
        assert ana.seat.room.pipes.pairs() == []
        assert set(here.transports) | set(there.transports) == set(ana.seat.room.books.transports)
        used = [stock.tables["transports"].used for stock in map(call.registry._ground.stocks.of, (0, 1))]
        assert used == [2, 0]

    run_spread(scenario)


def test_pause_and_resume_reach_every_worker() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, here, there = await apart(call)
        producer_id = await ana.produce("video", vp8())
        await call.settle()
        await ana.seat.producing.pause(producer_id)
        await call.settle()
        assert (here.producers[producer_id]["paused"], there.producers[producer_id]["paused"]) == (True, True)
        assert ben.listener.named("paused") != []
        await ana.seat.producing.resume(producer_id)
        await call.settle()
        assert (here.producers[producer_id]["paused"], there.producers[producer_id]["paused"]) == (
            False,
            False,
        )

    run_spread(scenario)


@pytest.mark.parametrize("held", ["transport.createPipe", "producer.create", "consumer.createPipe"])
def test_a_pause_while_the_pipe_is_made_is_not_lost(held: str) -> None:
    async def scenario(call: Call) -> None:
        ana, _, _, there = await apart(call)
        there.hold(held) if held != "consumer.createPipe" else call.placement.workers[0].hold(held)
        producer_id = await ana.produce("video", vp8())
        await call.settle()
        await ana.seat.producing.pause(producer_id)
        await call.settle()
        for worker in call.placement.workers[:2]:
            if held in worker._gates:
                worker.release(held)
        await call.settle()
        assert there.producers[producer_id]["paused"] is True

    run_spread(scenario)


def test_a_closed_track_is_closed_on_every_worker() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, here, there = await apart(call)
        producer_id = await ana.produce("video", vp8())
        await call.settle()
        await ana.seat.producing.close(producer_id)
        await call.settle()
        assert (here.producers, there.producers, here.consumers, there.consumers) == ({}, {}, {}, {})
        assert ben.listener.named("consumer closed") != []
        assert list(ana.seat.room.pipes.piped()) != []  # the bot's voice

    run_spread(scenario)


def test_scores_come_from_the_origin_and_wishes_from_the_branches() -> None:
    async def scenario(call: Call) -> None:
        ana, _, here, there = await apart(call)
        producer_id = await ana.produce("video", vp8_simulcast())
        await call.settle()
        room = ana.seat.room
        ana.listener.heard.clear()
        score = [{"encodingIdx": 0, "ssrc": 1, "score": 7}]
        here.emit("producer.score", producerId=producer_id, score=score)
        there.emit(
            "producer.score", producerId=producer_id, score=[{"encodingIdx": 0, "ssrc": 1, "score": 2}]
        )
        there.emit("producer.layers", producerId=producer_id, spatialLayer=1)
        await call.settle()
        assert [entry["score"] for entry in there.producers[producer_id]["sourceScore"]] == [7]
        assert pipe_consumer(here, room)["spatialLayer"] == 1
        assert [event[0] for event in ana.listener.heard] == ["producer score"]
        here.emit("producer.layers", producerId=producer_id, spatialLayer=1)
        assert ana.listener.heard[-1] == ("producer layers", producer_id, 1)

    run_spread(scenario)


def test_a_score_from_before_the_pipe_is_passed_on() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        producer_id = await ana.produce("video", vp8())
        score = [{"encodingIdx": 0, "ssrc": 1, "score": 9}]
        call.worker.emit("producer.score", producerId=producer_id, score=score)
        await call.member("ben")
        await call.settle()
        there = call.placement.workers[1].producers[producer_id]
        assert [entry["score"] for entry in there["sourceScore"]] == [9]

    run_spread(scenario)


def test_speakers_are_those_of_home() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, here, there = await apart(call)
        producer_id = await ben.produce("audio", opus())
        await call.settle()
        assert (here.producers[producer_id]["levels"], there.producers[producer_id]["levels"]) == (True, True)
        for worker, volume in ((there, -10), (here, -20)):
            worker.emit("router.speaker", producerId=producer_id, volume=volume)
            worker.emit("router.dominantSpeaker", producerId=producer_id)
        assert len(ana.listener.named("speaking")) == len(ben.listener.named("dominant")) == 1

    run_spread(scenario)


def test_chat_goes_through_pipes() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, _, there = await apart(call)
        producer_id = await ana.produce_data("chat")
        await call.settle()
        assert producer_id in there.data.producers
        assert [offer.label for offer in ben.listener.data_offers] == ["bot", "chat"]
        assert there.data.producers[producer_id]["sctpStreamParameters"] == {"streamId": 1}
        await ana.seat.data.close_producer(producer_id)
        await call.settle()
        assert producer_id not in there.data.producers
        assert ben.listener.named("data consumer closed") != []

    run_spread(scenario)


def test_pieces_count_as_the_rooms_own() -> None:
    async def scenario(call: Call) -> None:
        ana, _, _, _ = await apart(call)
        await ana.produce("video", vp8_simulcast())
        await call.settle()
        here, there = (call.registry._ground.stocks.of(worker_id) for worker_id in (0, 1))
        holder = (ROOM, "room")
        assert here.tables["consumers"]._held[holder] == 3  # one native consumer for each encoding
        assert there.tables["producers"]._held[holder] == 1
        assert here.tables["transports"]._held[holder] == there.tables["transports"]._held[holder] == 1
        ana.seat.room.close(CloseCause.REMOVED, "over")
        await call.settle()
        for stock in (here, there):
            assert {table.used for table in stock.tables.values()} == {0}

    run_spread(scenario)


def test_the_sender_answers_for_what_is_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A track that crashes the worker it is piped to counts against its sender, not against a receiver."""
    askers: dict[str, str | None] = {}
    carry_out = BookkeepingWorker.request_for

    async def note(
        self: BookkeepingWorker, router_id: str, kind: type[Request[ReplyT]], compose: Compose[ReplyT]
    ) -> ReplyT:
        askers[f"{kind.row} {self.worker_id}"] = current_asker()
        return await carry_out(self, router_id, kind, compose)

    async def scenario(call: Call) -> None:
        monkeypatch.setattr(BookkeepingWorker, "request_for", note)
        ana = await call.member("ana")
        await ana.produce("video", vp8())
        await asyncio.create_task(call.member("ben"))
        await call.settle()
        assert askers["producer.create 1"] == askers["consumer.createPipe 0"] == asker_of("room", "ana")
        assert askers["transport.create 1"] == asker_of("room", "ben")

    run_spread(scenario)


def test_what_is_closed_is_not_piped() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, _, _ = await apart(call)
        producer_id = await ana.produce("video", vp8())
        producer = ana.seat.room.books.producers[producer_id]
        await ana.seat.producing.close(producer_id)
        with pytest.raises(InvalidState):
            await ana.seat.room.pipes.reach(producer, ben.seat.peer.branch)
        await call.settle()

    run_spread(scenario)


def test_between_three_workers_there_are_three_pipes() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.member(name) for name in "abc"]
        for number, guest in enumerate(guests):
            await guest.produce("video", vp8(ssrc=1000 + 10 * number))
        await call.settle()
        room = guests[0].seat.room
        joined = {frozenset(branch.worker_id for branch in pair.branches) for pair in room.pipes.pairs()}
        assert joined == {frozenset(two) for two in itertools.combinations(range(3), 2)}

    run_spread(scenario, workers=3)
