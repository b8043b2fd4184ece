"""Requests of a peer about the tracks it sends, and the notifications that others get of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mediad.budgets.refusal import OverLimit
from mediad.errors import InvalidInput, InvalidState, MediadError, NotFound, Unsupported
from mediad.rooms.limits import RoomLimits
from mediad.rooms.reply import Reply
from mediad.rooms.unknown import Unknown
from tests.support.calls import Call, Guest, run, told
from tests.support.rtp_samples import opus, vp8, vp8_simulcast


async def pair(call: Call) -> tuple[Guest, Guest, str, str]:
    """Ana sends video to Ben; returns both, the producer's id and the consumer's."""
    ana, ben = await call.member("ana"), await call.member("ben")
    producer_id = await ana.produce("video", vp8())
    await call.settle()
    return ana, ben, producer_id, ben.listener.offers[0].consumer_id


def test_a_track_is_made_on_the_worker_with_its_mapping() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        producer_id = await ana.produce("audio", opus())
        made = call.worker.producers[producer_id]
        assert made["transportId"] == ana.sending
        assert (made["kind"], made["paused"], made["levels"]) == ("audio", False, True)
        assert made["rtpMapping"]["codecs"]
        assert made["rtpParameters"]["mid"] == "0"
        await ana.produce("video", vp8_simulcast())
        assert "levels" not in call.worker.called("producer.create")[1]
        assert told(await ana.seat.producing.stats(producer_id))[0]["type"] == "inbound-rtp"

    run(scenario)


def test_all_tracks_of_a_transport_share_the_first_ones_cname() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus(cname="ana-1"))
        await ana.produce("video", vp8(cname="ana-2"))
        await call.settle()
        assert [made["rtpParameters"]["rtcp"]["cname"] for made in call.worker.called("producer.create")] == [
            "ana-1",
            "ana-1",
        ]
        assert {offer.rtp_parameters["rtcp"]["cname"] for offer in ben.listener.offers} == {"ana-1"}

    run(scenario)


def test_a_missing_cname_is_made_up_once_for_each_transport() -> None:
    async def scenario(call: Call) -> None:
        for name in ("ana", "ben"):
            guest = await call.member(name)
            await guest.produce("audio", opus(cname=""))
            await guest.produce("video", vp8(cname="late"))
        cnames = [made["rtpParameters"]["rtcp"]["cname"] for made in call.worker.called("producer.create")]
        assert [len(cname) for cname in cnames] == [8] * 4
        assert cnames[0] == cnames[1] != cnames[2] == cnames[3]

    run(scenario)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (opus(mid="9"), "ssrc already exists in RTP listener"),
        (vp8(mid="0"), "MID already exists in RTP listener"),
    ],
)
def test_clashing_streams_on_one_transport_are_refused(second: dict[str, Any], reason: str) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        kind = second["codecs"][0]["mimeType"].split("/")[0]
        first = await ana.produce("audio", opus())
        with pytest.raises(InvalidInput, match=reason):
            await ana.produce(kind, second)
        assert list(call.worker.producers) == [first]
        await ana.seat.producing.close(first)
        await ana.produce(kind, second)

    run(scenario)


def test_parameters_the_room_cannot_have_are_refused_before_the_worker_hears_of_them() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        with pytest.raises((InvalidInput, Unsupported)):
            await ana.produce("audio", {**opus(), "codecs": []})
        assert call.worker.called("producer.create") == []

    run(scenario)


def test_a_track_the_worker_refuses_gives_its_claims_back() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.failures["producer.create"] = MediadError("full")
        with pytest.raises(MediadError, match="full"):
            await ana.produce("audio", opus())
        del call.worker.failures["producer.create"]
        await ana.produce("audio", opus())

    run(scenario)


def test_producers_are_limited() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("audio", opus())
        with pytest.raises(OverLimit, match="peer_producers"):
            await ana.produce("video", vp8())

    run(scenario, limits=RoomLimits(producers_per_peer=1))


def test_a_track_made_while_its_peer_leaves_is_closed_and_offered_to_nobody() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.worker.hold("producer.create")
        producing = asyncio.create_task(ana.produce("audio", opus()))
        await call.settle()
        ana.disconnect()
        call.worker.release("producer.create")
        with pytest.raises(InvalidState, match="peer closed"):
            await producing
        await call.settle()
        assert not call.worker.producers
        assert ben.listener.offers == []

    run(scenario)


def test_closing_a_track_tells_its_receivers_once() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, producer_id, consumer_id = await pair(call)
        closing = [asyncio.create_task(ana.seat.producing.close(producer_id)) for _ in range(2)]
        results = await asyncio.gather(*closing, return_exceptions=True)
        assert [type(result) for result in results] == [Reply, Unknown]
        assert ben.listener.named("consumer closed") == [("consumer closed", consumer_id)]
        assert not call.worker.producers
        assert not call.worker.consumers

    run(scenario)


def test_pausing_a_track_tells_its_receivers_of_changes_only() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, producer_id, consumer_id = await pair(call)
        for verb in (
            ana.seat.producing.pause,
            ana.seat.producing.pause,
            ana.seat.producing.resume,
            ana.seat.producing.resume,
        ):
            await verb(producer_id)
        assert ben.listener.named("paused", "resumed") == [
            ("paused", consumer_id),
            ("resumed", consumer_id),
        ]
        assert call.worker.producers[producer_id]["paused"] is False

    run(scenario)


def test_a_paused_track_is_offered_as_such() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.seat.producing.pause(await ana.produce("audio", opus()))
        ben = await call.member("ben")
        await call.settle()
        assert ben.listener.offers[0].producer_paused is True

    run(scenario)


Attempts = tuple[Callable[[str], Awaitable[object]], ...]


def test_another_peers_track_is_unknown() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, producer_id, consumer_id = await pair(call)
        of_producer: Attempts = (ben.seat.producing.close, ben.seat.producing.pause, ben.seat.producing.stats)
        for attempt in of_producer:
            with pytest.raises(NotFound, match=f'producer with id "{producer_id}" not found'):
                await attempt(producer_id)
        of_consumer: Attempts = (
            ana.seat.consuming.pause,
            ana.seat.consuming.stats,
            ana.seat.consuming.request_key_frame,
        )
        for attempt in of_consumer:
            with pytest.raises(NotFound, match=f'consumer with id "{consumer_id}" not found'):
                await attempt(consumer_id)

    run(scenario)


def test_the_others_are_told_what_a_peer_sends_after_a_pause_and_a_resume() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.connect("ben")
        ben.join(receives=False)
        audio, _ = await ana.produce("audio", opus()), await ana.produce("video", vp8())
        await ana.seat.producing.pause(audio)
        await ana.seat.producing.pause(audio)
        await ana.seat.producing.resume(audio)
        assert ben.listener.named("tracks") == [
            ("tracks", "ana", [("audio", True), ("video", False)]),
            ("tracks", "ana", [("audio", False), ("video", False)]),
        ]
        assert ana.listener.named("tracks") == []

    run(scenario)
