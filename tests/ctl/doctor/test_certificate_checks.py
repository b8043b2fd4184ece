"""Seeded faults of the front's certificate."""

from __future__ import annotations

from tests.support.doctor_facts import DAY, NOW, certificate
from tests.support.findings import faults, in_order, only_fault


def test_expired() -> None:
    only_fault(
        certificate(not_after=NOW - DAY), "error", "certificate", "sfu.example", "expired on 2030-05-31"
    )
    only_fault(certificate(not_after=NOW), "error", "certificate", "expired")


def test_expires_soon() -> None:
    only_fault(certificate(not_after=NOW + 3 * DAY), "warning", "certificate", "in 3 days, on 2030-06-04")
    assert faults(certificate(not_after=NOW + 15 * DAY)) == []


def test_not_valid_yet() -> None:
    only_fault(certificate(not_before=NOW + DAY), "error", "certificate", "not valid before 2030-06-02")


def test_unusable() -> None:
    only_fault(certificate(problem="Permission denied"), "error", "certificate", "/etc/c.pem: Permission")


def test_somebody_elses_key() -> None:
    only_fault(certificate(key_matches=False), "error", "certificate", "/etc/k.pem is not the one")


def test_without_its_chain() -> None:
    only_fault(certificate(chain_length=1), "warning", "certificate-chain", "without its chain")


def test_self_signed() -> None:
    only_fault(certificate(self_signed=True, chain_length=1), "warning", "certificate-chain", "self-signed")


def test_a_key_for_everybody() -> None:
    only_fault(certificate(key_readable_by_all=True), "warning", "certificate-key", "/etc/k.pem")


def test_for_nobody() -> None:
    assert "of nobody" in in_order(certificate(names=()), "certificate")[0]
