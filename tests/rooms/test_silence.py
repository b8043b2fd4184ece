"""Broadcasters from which nothing comes any more, in fake time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mediad.errors import Unavailable
from mediad.pipe.transport_requests import Heard
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause, Device
from mediad.rooms.observer import RoomObserver
from mediad.rooms.seat import Seat
from mediad.rooms.silence import Silence
from tests.support.calls import Call, Guest, run, told
from tests.support.listeners import RecordingListener
from tests.support.loops import until


async def enter(call: Call, peer_id: str = "cam") -> tuple[Seat, RecordingListener, str]:
    """A broadcaster that has joined, and its plain transport."""
    listener = RecordingListener()
    seat = await call.registry.enter("room", peer_id, listener)
    told(seat.join(peer_id, Device("broadcaster"), None))
    return seat, listener, told(await seat.plain_transports.create(rtcp_mux=True, comedia=True)).id


def play(
    scenario: Callable[[Call, Guest], Coroutine[Any, Any, None]], timeout_s: int = 60, **options: Any
) -> None:
    async def with_a_member(call: Call) -> None:
        await scenario(call, await call.member("ana"))

    run(with_a_member, limits=RoomLimits(broadcaster_timeout_s=timeout_s), **options)


async def look(call: Call, after_s: float) -> None:
    await call.registry.room("room").silence.look(time.monotonic() + after_s)


def test_one_that_never_sends_is_removed_with_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    ends: list[tuple[str, str, str]] = []

    class Ear(RoomObserver):
        def peer_left(self, room_id: str, peer_id: str, worker_id: int, cause: str, reason: str) -> None:
            ends.append((peer_id, cause, reason))

    async def scenario(call: Call, ana: Guest) -> None:
        seat, listener, _ = await enter(call)
        await look(call, 50)
        assert not seat.peer.closed
        with caplog.at_level(logging.INFO):
            await look(call, 70)
        assert seat.peer.closed
        assert listener.heard[-1] == ("closed", CloseCause.SILENT)
        assert ends == [("cam", "silent", "no packet has come from it for 60 s")]
        assert "peer left (silent): no packet has come from it for 60 s" in caplog.text
        assert ana.listener.heard[-1] == ("left", "cam")
        await call.settle()
        assert len(call.worker.transports) == 2, "those of ana, who is no broadcaster"

    play(scenario, observer=Ear())


def test_any_packet_on_any_transport_counts() -> None:
    async def scenario(call: Call, ana: Guest) -> None:
        seat, _, first = await enter(call)
        second = told(await seat.plain_transports.create(rtcp_mux=True, comedia=True)).id
        for moment, id_ in ((50, first), (100, second), (150, first)):
            had = call.worker.plain.heard.get(id_, Heard())
            call.worker.plain.heard[id_] = Heard(had.bytes + 32)
            await look(call, moment)
        await look(call, 209)
        assert not seat.peer.closed
        await look(call, 211)
        assert seat.peer.closed

    play(scenario)


def test_who_is_there_by_ice_stays() -> None:
    async def scenario(call: Call, ana: Guest) -> None:
        seat, _, transport_id = await enter(call)
        call.worker.plain.heard[transport_id] = Heard(present=True)
        await look(call, 1000)
        call.worker.plain.heard[transport_id] = Heard()
        await look(call, 1050)
        assert not seat.peer.closed
        await look(call, 1061)
        assert seat.peer.closed

    play(scenario)


def test_one_question_for_all_of_a_worker() -> None:
    async def scenario(call: Call, ana: Guest) -> None:
        ids = [(await enter(call, f"cam{number}"))[2] for number in range(20)]
        await look(call, 10)
        assert call.worker.called("transport.heard") == [{"transportIds": ids}]

    play(scenario)


def test_a_silent_worker_blames_nobody() -> None:
    async def scenario(call: Call, ana: Guest) -> None:
        seat, _, _ = await enter(call)
        call.worker.failures["transport.heard"] = Unavailable("busy")
        await look(call, 1000)
        assert not seat.peer.closed

    play(scenario)


def test_zero_is_never_and_the_setting_is_live() -> None:
    async def scenario(call: Call, ana: Guest) -> None:
        seat, _, _ = await enter(call)
        await look(call, 100_000)
        assert not seat.peer.closed
        assert call.worker.called("transport.heard") == []
        call.registry.set_limits(RoomLimits(broadcaster_timeout_s=5))
        await look(call, 100_000)
        assert seat.peer.closed

    play(scenario, timeout_s=0)


def test_it_looks_by_itself_while_there_is_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    async def noted(self: Silence, now_s: float) -> None:
        looks.append(now_s)

    monkeypatch.setattr(Silence, "look", noted)
    monkeypatch.setattr("mediad.rooms.silence.LEAST_S", 0.001)

    async def scenario(call: Call, ana: Guest) -> None:
        seat, _, _ = await enter(call)
        await until(lambda: len(looks) > 2)
        seat.leave()
        assert seat.room.silence._timer is None

    play(scenario, timeout_s=1)
