"""Dominance: made-up voices in steps of 20 ms, reported and judged every 300 ms as in a worker."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.worker.policy.dominance import IDLE_SPEAKER_US, INTERVAL_US, STEP_MS, Dominance

REPORT = INTERVAL_US // 1000 // STEP_MS  # steps
QUIET = -127  # dBov


def level(ms: int, dbov: int) -> list[int]:
    """Return the steps of a sound that does not change, in dBov."""
    return [dbov] * (ms // STEP_MS)


def speech(ms: int, dbov: int = -28, noise: int = -75, seed: int = 1) -> list[int]:
    """Return speech: syllables of about 200 ms with short gaps, and a pause for breath after some words."""
    dice = random.Random(seed)
    steps: list[int] = []
    while len(steps) < ms // STEP_MS:
        for _ in range(dice.randrange(4, 12)):
            loud = dbov + dice.randrange(-6, 7)
            steps += level(dice.randrange(100, 320), loud) + level(dice.randrange(20, 80), loud - 25)
        steps += level(dice.randrange(200, 600), noise)
    return steps[: ms // STEP_MS]


class Conference:
    """Voices that are judged together; `history` has who had the floor after each decision."""

    def __init__(self) -> None:
        self.dominance = Dominance()
        self.now_us = 0
        self.history: list[str | None] = []

    def hear(self, **voices: list[int]) -> list[str | None]:
        """Let all voices sound from now on, each as long as it is; return the history of that time."""
        before = len(self.history)
        for start in range(0, max(map(len, voices.values())), REPORT):
            for name, steps in voices.items():
                report = bytes(127 + dbov for dbov in steps[start : start + REPORT])
                if any(report):
                    self.dominance.heard(name, report, self.now_us)
            self.now_us += INTERVAL_US
            self.dominance.decide(self.now_us)
            self.history.append(self.dominance.speaker)
        return self.history[before:]

    def wait(self, ms: int) -> list[str | None]:
        return self.hear(nobody=level(ms, QUIET))


def first(history: Iterable[str | None], name: str) -> int:
    """Return after how many decisions this one had the floor."""
    return 1 + list(history).index(name)


def test_nobody_has_the_floor_before_somebody_speaks() -> None:
    conference = Conference()
    assert set(conference.hear(ana=level(3000, -70), ben=level(3000, QUIET))) == {None}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dbov", [-12, -28, -38])
def test_the_only_voice_has_the_floor_within_two_seconds(seed: int, dbov: int) -> None:
    history = Conference().hear(ana=speech(6000, dbov, seed=seed), ben=level(6000, -75))
    assert first(history, "ana") <= 7
    assert set(history[7:]) == {"ana"}


@pytest.mark.parametrize("seed", range(5))
def test_the_floor_passes_to_whoever_speaks_next(seed: int) -> None:
    conference = Conference()
    conference.hear(ana=speech(6000, seed=seed), ben=level(6000, -75))
    history = conference.hear(ana=level(6000, -75), ben=speech(6000, seed=seed + 100))
    assert first(history, "ben") <= 7
    assert set(history[7:]) == {"ben"}


@pytest.mark.parametrize("ms", [20, 60, 100, 160, 240, 280])
@pytest.mark.parametrize("offset_ms", range(0, 300, 60))
@pytest.mark.parametrize("scene", ["nobody", "speech", "pause", "long pause"])
def test_a_cough_does_not_win(ms: int, offset_ms: int, scene: str) -> None:
    conference = Conference()
    if scene != "nobody":
        conference.hear(ana=speech(6000))
        conference.wait({"speech": 0, "pause": 600, "long pause": 3000}[scene] or STEP_MS)
    holder = conference.dominance.speaker
    assert holder == (None if scene == "nobody" else "ana")
    cough = level(600 + offset_ms, -75) + level(ms, -10) + level(1500, -75)
    ana = speech(len(cough) * STEP_MS, seed=2) if scene == "speech" else level(len(cough) * STEP_MS, -75)
    assert set(conference.hear(ana=ana, ben=cough)) == {holder}


@pytest.mark.parametrize("seed", range(5))
def test_a_louder_voice_does_not_interrupt(seed: int) -> None:
    """Two who speak at the same time: the first keeps the floor as long as there are words."""
    conference = Conference()
    conference.hear(ana=speech(6000, -30, seed=seed), ben=level(6000, -75))
    monologue = level(3000, -30)  # above what was learned to be noise
    assert set(conference.hear(ana=monologue, ben=speech(3000, -15, seed=seed + 50))) == {"ana"}


@pytest.mark.parametrize("seed", range(5))
def test_two_who_go_on_talking_do_not_swap_at_every_word(seed: int) -> None:
    conference = Conference()
    conference.hear(ana=speech(6000, -30, seed=seed), ben=level(6000, -75))
    history = conference.hear(ana=speech(30_000, -30, seed=seed + 9), ben=speech(30_000, -24, seed=seed + 50))
    swaps = sum(before != after for before, after in pairwise(history))
    assert 1 <= swaps <= 10, "of 100 decisions"


def test_a_steady_noise_is_no_voice() -> None:
    """A fan that is switched on is taken for speech until it has gone on for 15 to 30 seconds."""
    conference = Conference()
    assert set(conference.hear(fan=level(6000, -35))) == {None}
    conference.hear(fan=level(300, -75))
    assert conference.hear(fan=level(30_000, -35))[-1] == "fan"
    history = conference.hear(fan=level(9000, -35), ana=speech(9000))
    assert first(history, "ana") <= 7
    assert set(history[7:]) == {"ana"}


def test_a_voice_above_its_own_noise_is_heard() -> None:
    conference = Conference()
    conference.hear(ana=level(30_000, -40), ben=level(30_000, -40))
    assert first(conference.hear(ana=speech(3000, -12, noise=-40), ben=level(3000, -40)), "ana") <= 7


def test_who_stops_sending_is_silent() -> None:
    """Muted, or Opus DTX: no reports come, and the others need not speak against the last one."""
    conference = Conference()
    conference.hear(ana=speech(3000))
    assert first(conference.hear(ben=speech(3000)), "ben") <= 7


def test_a_report_may_be_late() -> None:
    """The interval of reports and that of decisions are not in step."""
    dominance = Dominance()
    dominance.heard("ana", bytes([50, 50]), 0)
    dominance.heard("ben", bytes([50, 50]), 0)
    report = bytes([100]) * REPORT
    for number in range(10):
        dominance.heard("ana", report, number * INTERVAL_US)
        dominance.decide(number * INTERVAL_US + 20_000)
    assert dominance.speaker == "ana"
    dominance.heard("ben", report, 10 * INTERVAL_US)
    dominance.decide(9 * INTERVAL_US + INTERVAL_US + 40_000)
    assert not dominance.idle
    assert dominance.speaker == "ana"


def test_who_is_gone_has_not_the_floor() -> None:
    conference = Conference()
    conference.hear(ana=speech(3000), ben=level(3000, -75))
    conference.dominance.forget("ana")
    assert conference.dominance.speaker is None
    conference.dominance.forget("nobody")
    assert first(conference.hear(ben=speech(3000)), "ben") <= 7


def test_silence_takes_the_floor_and_words_give_it_back() -> None:
    conference = Conference()
    conference.hear(ana=speech(3000))
    assert not conference.dominance.idle
    assert conference.wait(2000)[-1] == "ana", "a pause does not take it"
    assert conference.dominance.idle
    conference.dominance.silence()
    assert conference.dominance.speaker is None
    assert first(conference.hear(ana=speech(3000)), "ana") <= 7


def test_a_voice_is_forgotten_after_an_hour() -> None:
    conference = Conference()
    conference.hear(ana=speech(3000))
    conference.now_us += IDLE_SPEAKER_US
    assert conference.wait(300) == [None]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.binary(max_size=32).map(lambda data: bytes(b & 127 for b in data))
        ),
        max_size=30,
    )
)
def test_any_report_is_taken(reports: list[tuple[str, bytes]]) -> None:
    dominance = Dominance()
    told: set[str | None] = {None}
    for number, (name, report) in enumerate(reports):
        dominance.heard(name, report, number * 100_000)
        dominance.decide(number * 100_000)
        told.add(name)
        assert dominance.speaker in told
