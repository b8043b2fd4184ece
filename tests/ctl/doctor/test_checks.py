"""All checks together: nothing is wrong with what is in order, and every check has its say."""

from __future__ import annotations

from dataclasses import replace

from mediad.ctl.doctor.checks import CHECKS, examine
from mediad.ctl.doctor.facts import Facts, Machine, Network
from mediad.ctl.doctor.finding import Level
from tests.support.doctor_facts import NOW, WELL, machine, settings, stopped
from tests.support.findings import faults


def test_a_well_kept_installation() -> None:
    assert faults(WELL) == []
    checks = {finding.check for finding in examine(WELL)}
    assert len(checks) >= 14


def test_what_is_not_known_is_not_judged() -> None:
    unknown = Facts(now=NOW, version="1.0", settings=None, settings_problems=("port: wrong",))
    assert [check for _, check, _ in faults(unknown)] == ["settings", "daemon"]
    blind = replace(WELL, machine=Machine(cores=2.0), network=Network())
    assert faults(blind) == []


def test_each_check_alone() -> None:
    for facts in (WELL, stopped(), settings(tls_certificate=None)):
        for check in CHECKS:
            assert all(finding.check for finding in check(facts))


def test_the_worst_comes_last() -> None:
    seeded = replace(machine(udp_gso=False, memory_available=1), daemon=None)
    levels = [finding.level for finding in examine(seeded)]
    assert levels == sorted(levels)
    assert levels[-1] == Level.ERROR
