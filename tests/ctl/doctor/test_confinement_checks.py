"""Findings of the doctor about the confinement of workers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mediad.confinement.report import Confinement
from mediad.ctl.doctor.confinement_checks import confinement
from mediad.ctl.doctor.facts import Facts
from tests.support.doctor_facts import DAEMON, WELL, worker


def found(*told: Confinement | None) -> list[tuple[str, str]]:
    workers: list[dict[str, Any]] = []
    for number, one in enumerate(told):
        data = {"seccomp": one.seccomp, "landlock": one.landlock, "off": one.off} if one else None
        workers.append(worker(number) | {"confinement": data})
    facts: Facts = replace(WELL, daemon=replace(DAEMON, workers=workers))
    return [(finding.level.name.lower(), finding.text) for finding in confinement(facts)]


def test_a_worker_that_has_everything() -> None:
    text = "workers are confined by their own list and Landlock (version 7)"
    assert found(Confinement("own", 7), Confinement("own", 7)) == [("ok", text)]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Confinement(off=True), "are not confined"),
        (Confinement("none", 7), "no list of system calls of their own, but none"),
        (Confinement("inherited", 7), "but that of systemd or the container"),
        (Confinement("own", 0), "no Landlock"),
    ],
)
def test_what_one_lacks(told: Confinement, words: str) -> None:
    ((level, text),) = found(Confinement("own", 7) if told.landlock == 0 else told, told)
    assert level == "warning"
    assert words in text


def test_older_daemons_do_not_tell() -> None:
    assert found(None) == []
    assert list(confinement(replace(WELL, daemon=None))) == []
