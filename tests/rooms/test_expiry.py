"""Calls that end with their tokens, where the operator wants it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mediad.rooms.expiry import GRACE_S
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause
from mediad.rooms.regrant import regrant
from tests.support.calls import Call, Guest, run
from tests.support.loops import until

ENFORCED = RoomLimits(cuts_expired=True)


async def member(call: Call, peer_id: str, left_s: float) -> Guest:
    return await call.member(peer_id, grants=ALL.changed(expires_at_s=time.time() + left_s))


def sweep(guest: Guest, in_s: float) -> None:
    guest.seat.room.expiries.sweep(time.monotonic() + in_s)


def ends(guest: Guest) -> list[tuple[Any, ...]]:
    return guest.listener.named("closed")


def test_a_call_ends_with_its_token_and_some_grace() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await member(call, "ana", 60), await call.member("ben")
        sweep(ana, 60 + GRACE_S - 1)
        assert ends(ana) == []
        sweep(ana, 60 + GRACE_S + 1)
        assert ends(ana) == [("closed", CloseCause.EXPIRED)]
        assert ben.listener.named("left") == [("left", "ana")]
        assert ends(ben) == []
        assert len(ben.seat.room.expiries) == 0

    run(scenario, limits=ENFORCED)


def test_the_timer_ends_it() -> None:
    async def scenario(call: Call) -> None:
        ana = await member(call, "ana", 0.05 - GRACE_S)
        cas = await member(call, "cas", 0.15 - GRACE_S)
        abe = await member(call, "abe", 600)
        await until(lambda: ends(ana) != [] and ends(cas) != [])
        assert ends(abe) == []

    run(scenario, limits=ENFORCED)


def test_the_setting_may_change_while_tokens_end() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await member(call, "ana", -GRACE_S), await call.member("ben")
        for _ in range(3):
            await call.settle()
        assert ends(ana) == []
        call.registry.set_limits(ENFORCED)
        await until(lambda: ends(ana) != [])
        assert ends(ben) == []

    run(scenario)


def test_setting_the_clock_of_the_day_ends_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        ana = await member(call, "ana", 60)
        today = time.time()
        monkeypatch.setattr(time, "time", lambda: today + 3600)
        call.registry.set_limits(ENFORCED)
        await call.settle()
        sweep(ana, 0)
        assert ends(ana) == []

    run(scenario, limits=ENFORCED)


def test_an_operator_gives_more_time_or_less() -> None:
    async def scenario(call: Call) -> None:
        ana = await member(call, "ana", 60)
        regrant(ana.seat.room, ana.seat.peer, {"expires_at_s": time.time() + 600})
        sweep(ana, 500)
        assert ends(ana) == []
        regrant(ana.seat.room, ana.seat.peer, {"expires_at_s": None})
        assert len(ana.seat.room.expiries) == 0
        sweep(ana, 10_000)
        regrant(ana.seat.room, ana.seat.peer, {"expires_at_s": time.time() - GRACE_S})
        await until(lambda: ends(ana) != [])

    run(scenario, limits=ENFORCED)


def test_a_later_token_counts_and_an_earlier_one_does_not() -> None:
    async def scenario(call: Call) -> None:
        ana = await member(call, "ana", 60)
        now_s = time.time()
        for later_s in (now_s + 30, now_s + 600):
            ana.seat.renew(Grants(publish=False, expires_at_s=later_s))
        assert ana.seat.peer.grants == ALL.changed(expires_at_s=now_s + 600), "nothing else of it counts"
        sweep(ana, 500)
        assert ends(ana) == []
        ana.seat.renew(Grants())
        assert len(ana.seat.room.expiries) == 0

    run(scenario, limits=ENFORCED)


def test_the_end_of_the_last_peer_ends_its_room() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await member(call, "ana", 1), await member(call, "ben", 1)
        room = ana.seat.room
        room.expiries.sweep(time.monotonic() + 100)
        assert (len(ends(ana)), len(ends(ben)), room.closed, len(room.expiries)) == (1, 1, True, 0)

    run(scenario, limits=ENFORCED)


def test_who_leaves_is_forgotten() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await member(call, "ana", 60), await member(call, "ben", 60)
        again = await member(call, "ben", 70)
        assert len(ana.seat.room.expiries) == 2
        assert len(ends(ben)) == 1
        again.disconnect()
        ana.disconnect()
        assert len(ana.seat.room.expiries) == 0

    run(scenario, limits=ENFORCED)
