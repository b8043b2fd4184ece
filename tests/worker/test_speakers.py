"""Speakers of a router: reports of the media thread in, two kinds of events out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mediad.pipe.events import RouterEvent
from mediad.worker.speakers import Speakers, VolumeOptions
from mediad.worker.tracks.producer import Producer
from tests.support.fake_clock import FakeClock
from tests.support.loops import on_loop
from tests.support.pipe_wire import wire
from tests.support.served_worker import with_router
from tests.support.worker_objects import Bench, bench

VOLUMES, DOMINANT = "router.speaker", "router.dominantSpeaker"
REPORT_S = 0.3
WORDS = bytes([100, 105, 100, 98, 95, 99, 102, 100, 100, 99, 60, 100, 97, 96, 99])


class Room:
    """Speakers alone, with a clock that moves by one report at a time."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.speakers = Speakers(self.clock, self._heard, VolumeOptions(800_000, -80))

    def _heard(self, event: RouterEvent) -> None:
        data = wire(event)
        data.pop("routerId", None)
        self.events.append((event.row, data))

    def told(self, row: str) -> list[dict[str, Any]]:
        return [data for name, data in self.events if name == row]

    def speak(self, seconds: float, **dbov: int) -> None:
        for _ in range(round(seconds / REPORT_S)):
            for name, volume in dbov.items():
                loud = volume > -60
                self.speakers.heard(name, 15, 15 * volume, WORDS if loud else bytes([127 + volume] * 15))
            self.clock.pass_s(REPORT_S)


def test_all_who_are_heard_are_told_and_the_silence_after() -> None:
    room = Room()
    room.clock.pass_s(5)
    assert room.clock.waiting == 0, "a silent room costs no timer"
    room.speak(0.6, ana=-50, ben=-30, eve=-81)
    assert room.told(VOLUMES) == []
    room.speak(0.3, ana=-50, ben=-30, eve=-81)
    speaking = {"producerId": "ben", "volume": -30, "others": [{"producerId": "ana", "dbov": -50}]}
    assert room.told(VOLUMES) == [speaking]
    room.clock.pass_s(10)
    assert room.told(VOLUMES)[1:] == [{"producerId": None}]
    assert room.clock.waiting == 0
    room.speak(0.9, ana=-40)
    assert room.told(VOLUMES)[2:] == [{"producerId": "ana", "volume": -40}]


def test_new_options_hold_from_the_next_interval_on() -> None:
    room = Room()
    room.speakers.options = VolumeOptions(2_400_000, -40)
    room.speak(2.1, ana=-50, ben=-30)
    assert room.told(VOLUMES) == []
    room.speak(0.3, ana=-50, ben=-30)
    assert room.told(VOLUMES) == [{"producerId": "ben", "volume": -30}]


def test_the_floor_is_taken_kept_and_lost() -> None:
    room = Room()
    room.speak(3, ana=-28, ben=-90)
    assert room.told(DOMINANT) == [{"producerId": "ana"}]
    room.speak(3, ana=-90, ben=-28)
    assert room.told(DOMINANT)[1:] == [{"producerId": "ben"}]
    room.clock.pass_s(10)
    assert room.told(DOMINANT)[2:] == [{"producerId": None}]
    assert room.events[-2:] == [(VOLUMES, {"producerId": None}), (DOMINANT, {"producerId": None})]
    assert room.clock.waiting == 0
    room.speak(3, ben=-28)
    assert room.told(DOMINANT)[3:] == [{"producerId": "ben"}]


def test_who_is_gone_has_not_the_floor() -> None:
    room = Room()
    room.speak(3, ana=-28)
    room.speakers.forget("ana")
    room.clock.pass_s(REPORT_S)
    assert room.told(DOMINANT) == [{"producerId": "ana"}, {"producerId": None}]


def test_nothing_is_told_after_the_end() -> None:
    room = Room()
    room.speak(0.3, ana=-28)
    room.speakers.stop()
    room.clock.pass_s(10)
    assert room.events == []
    assert room.clock.waiting == 0


# -- producers of a router ---------------------------------------------------------------------------------


def report(producer: Producer) -> None:
    producer.level_measured(15, -450, WORDS)


def microphone(made: Bench, name: str) -> Producer:
    return made.producer(made.transport(f"of {name}"), name, "audio", levels=True)


def test_a_producer_that_is_paused_or_closed_is_not_heard() -> None:
    made = bench()
    paused, closed, heard = (microphone(made, name) for name in ("paused", "closed", "heard"))
    for producer in (paused, closed, heard):
        report(producer)
    paused.pause(True)
    report(paused)  # told by the media thread before it knew
    made.router.close_producer(closed)
    made.clock.pass_s(0.8)
    assert made.told(VOLUMES) == [{"producerId": "heard", "volume": -30}]
    paused.pause(False)
    report(paused)
    made.clock.pass_s(0.8)
    assert made.told(VOLUMES)[1:] == [{"producerId": "paused", "volume": -30}]


def test_a_router_that_is_closed_tells_nothing() -> None:
    made = bench()
    report(microphone(made, "ana"))
    made.router.close()
    made.clock.pass_s(10)
    assert made.told(VOLUMES) == []


@on_loop
async def test_routers_get_new_settings() -> None:
    objects = (await with_router()).server.objects
    before = objects.router("r").speakers.options
    assert before == VolumeOptions(800_000, -80)
    objects.configure(replace(objects.settings, audio_level_interval_ms=500, audio_level_threshold_dbov=-60))
    objects.create_router("later")
    for router_id in ("r", "later"):
        assert objects.router(router_id).speakers.options == VolumeOptions(500_000, -60)
