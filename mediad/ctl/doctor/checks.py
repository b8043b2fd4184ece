"""All checks, in the order in which their findings are shown."""

from __future__ import annotations

from mediad.ctl.doctor import (
    certificate_checks,
    confinement_checks,
    daemon_checks,
    installation_checks,
    machine_checks,
    network_checks,
    public_checks,
    recording_checks,
)
from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding

CHECKS: tuple[Check, ...] = (
    *installation_checks.CHECKS,
    *daemon_checks.CHECKS,
    *confinement_checks.CHECKS,
    *network_checks.CHECKS,
    *certificate_checks.CHECKS,
    *machine_checks.CHECKS,
    *recording_checks.CHECKS,
    *public_checks.CHECKS,
)


def examine(facts: Facts) -> list[Finding]:
    """All findings, the worst last, where a terminal stops scrolling."""
    findings = [finding for check in CHECKS for finding in check(facts)]
    return sorted(findings, key=lambda finding: finding.level)
