"""Findings about recording."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mediad.ctl.doctor.facts import RecordingFacts
from mediad.ctl.doctor.finding import Level
from mediad.ctl.doctor.recording_checks import recording
from tests.support.doctor_facts import daemon, stopped

WELL = RecordingFacts(directory="/srv/recordings", free_bytes=5 * 2**30, problem=None, wanted=True)


def found(facts: RecordingFacts | None) -> list[tuple[Level, str]]:
    return [(finding.level, finding.text) for finding in recording(daemon(recording=facts))]


def test_a_place_that_is_right_is_named_with_its_room() -> None:
    assert found(WELL) == [(Level.OK, "rooms can be recorded to /srv/recordings, where 5.0 GiB are free")]


@pytest.mark.parametrize(("wanted", "level"), [(True, Level.ERROR), (False, Level.WARNING)])
def test_a_problem_is_an_error_where_somebody_has_set_the_place(wanted: bool, level: Level) -> None:
    problem = "recording needs PyAV: pip install mediad[recording]"
    facts = replace(WELL, problem=problem, wanted=wanted)
    assert found(facts) == [(level, "rooms cannot be recorded: recording needs PyAV")]
    assert [finding.advice for finding in recording(daemon(recording=facts))] == [
        "pip install mediad[recording]"
    ]


def test_where_nobody_records_nothing_is_found() -> None:
    assert found(None) == []
    assert found(replace(WELL, directory=None)) == []
    assert list(recording(stopped())) == []
