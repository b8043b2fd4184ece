"""Seeded faults of the machine."""

from __future__ import annotations

from dataclasses import replace

from mediad.ctl.doctor.facts import Clock
from tests.support.doctor_facts import MACHINE, daemon, machine, settings, stopped
from tests.support.findings import fault, faults, in_order, only_fault


def test_more_workers_than_cores() -> None:
    only_fault(settings(workers=3), "warning", "cores", "3 workers on 2 usable cores")
    only_fault(machine(cores=1.5), "warning", "cores", "1.5")
    small = replace(settings(workers=1), machine=replace(MACHINE, cores=0.5))
    assert faults(small) == []


def test_a_control_group_that_holds_it_back() -> None:
    only_fault(machine(throttled=0.25), "warning", "cpu-quota", "25.0%")


def test_a_clock_that_is_off() -> None:
    behind = Clock(synchronised=True, offset_s=-7.5)
    only_fault(machine(clock=behind), "error", "clock", "7.5 s behind")
    only_fault(machine(clock=Clock(offset_s=3)), "error", "clock", "3.0 s ahead")


def test_a_clock_nobody_keeps_right() -> None:
    only_fault(machine(clock=Clock(synchronised=False)), "warning", "clock", "nobody")
    only_fault(machine(clock=Clock(synchronised=False, offset_s=0.1)), "warning", "clock", "nobody")


def test_a_clock_that_is_right() -> None:
    assert in_order(machine(clock=Clock(synchronised=True)), "clock") == ["the clock is kept right"]
    assert in_order(machine(clock=Clock(offset_s=-0.25)), "clock") == ["the clock is -0.250 s off"]
    assert in_order(machine(clock=Clock()), "clock") == []


def test_no_udp_gso() -> None:
    reports = {"0": {"udpGso": True}, "1": {"udpGso": False}}
    only_fault(daemon(reports=reports), "warning", "udp-gso", "no UDP GSO")
    fault(replace(stopped(), machine=replace(MACHINE, udp_gso=False)), "warning", "udp-gso")


def test_a_full_connection_table() -> None:
    only_fault(machine(conntrack=(900, 1000)), "warning", "conntrack", "900 of 1000")


def test_little_memory() -> None:
    only_fault(machine(memory_available=100 * 2**20), "warning", "memory", "100 MiB")


def test_a_control_group_near_its_limit() -> None:
    only_fault(machine(group_memory=(95 * 2**20, 100 * 2**20)), "warning", "memory", "95 MiB of 100 MiB")
    assert faults(machine(group_memory=(50, 100))) == []


def test_a_unit_that_is_killed_while_rooms_end() -> None:
    facts = settings(shutdown_grace_s=300)
    patient = replace(facts, machine=replace(MACHINE, stop_timeout_s=320))
    assert faults(patient) == []
    killed = replace(facts, machine=replace(MACHINE, stop_timeout_s=90))
    only_fault(killed, "warning", "stop-timeout", "90 s", "300 s")
