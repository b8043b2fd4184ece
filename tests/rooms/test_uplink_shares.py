"""Shares of what a peer may send: its transports together never get more than the peer."""

from __future__ import annotations

import pytest

from mediad.errors import Unavailable
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.regrant import regrant
from tests.support.calls import Call, Guest, run, told
from tests.support.rtp_samples import opus, vp8

LIMITED = Grants(max_bitrate_bps=1_000_000)


def limits(call: Call) -> list[tuple[str, int | None]]:
    """Return what the worker was told, in order."""
    return [
        (data["transportId"], data["bitrateBps"]) for data in call.worker.called("transport.limitIncoming")
    ]


async def second_transport(guest: Guest) -> str:
    return told(await guest.seat.transports.create(consuming=False, force_tcp=False)).id


def test_a_peer_without_a_limit_costs_no_request() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("audio", opus())
        assert limits(call) == []

    run(scenario)


def test_the_limit_is_in_force_before_the_track_is() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana", grants=LIMITED)
        assert limits(call) == []
        await ana.produce("audio", opus())
        await ana.produce("video", vp8())
        assert limits(call) == [(ana.sending, 1_000_000)], "one for the transport, not for the track"
        order = [
            name for name, _ in call.worker.requests if name in ("transport.limitIncoming", "producer.create")
        ]
        assert order == ["transport.limitIncoming", "producer.create", "producer.create"]

    run(scenario)


def test_more_transports_do_not_make_it_more() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana", grants=LIMITED)
        await ana.produce("audio", opus())
        second = await second_transport(ana)
        producing = ana.seat.producing
        video = told(await producing.produce(second, "video", vp8(), {}))
        assert sorted(limits(call)[1:]) == sorted([(ana.sending, 500_000), (second, 500_000)])
        told(await producing.close(video.id))
        assert limits(call)[3:] == [(ana.sending, 1_000_000)]
        assert sum(t.limit_bps or 0 for t in ana.seat.peer.transports.values() if t.producers) == 1_000_000

    run(scenario)


def test_an_operator_changes_it_in_the_call() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.produce("video", vp8())
        for most in (300_000, None):
            regrant(ana.seat.room, ana.seat.peer, {"max_bitrate_bps": most})
            await call.settle()
        assert limits(call) == [(ana.sending, 300_000), (ana.sending, None)]
        assert ana.seat.peer.grants == ALL

    run(scenario)


def test_a_limit_that_the_worker_did_not_take_refuses_the_track_and_is_told_again() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana", grants=LIMITED)
        call.worker.failures["transport.limitIncoming"] = Unavailable("no answer in time")
        with pytest.raises(Unavailable):
            await ana.produce("video", vp8())
        assert call.worker.producers == {}
        regrant(ana.seat.room, ana.seat.peer, {"max_bitrate_bps": 200_000})
        await call.settle()
        call.worker.failures.clear()
        await ana.produce("video", vp8())
        assert limits(call)[-1] == (ana.sending, 200_000)

    run(scenario)


def test_who_does_not_keep_to_its_limit_has_its_tracks_ended() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana", grants=LIMITED), await call.member("ben")
        producer_id = await ana.produce("video", vp8())
        await call.settle()
        told_of = {"transportId": ana.sending, "bitrateBps": 3_000_000}
        call.worker.emit("transport.incomingExceeded", **told_of, limitBps=7)
        assert ana.listener.named("producer closed") == [], "the limit of before, of which it was told later"
        call.worker.emit("transport.incomingExceeded", **told_of, limitBps=1_000_000)
        await call.settle()
        reason = "3000 kbit/s were sent where 1000 are allowed (grant maxBitrateBps)"
        assert ana.listener.named("producer closed") == [("producer closed", producer_id, reason)]
        assert len(ben.listener.named("consumer closed")) == 1
        assert call.worker.producers == {}
        await ana.produce("video", vp8())
        call.worker.emit("transport.incomingExceeded", transportId="nobody's", bitrateBps=9, limitBps=7)

    run(scenario)
