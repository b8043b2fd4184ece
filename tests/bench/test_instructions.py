"""The cost of a forwarded packet has not grown, and a cost that grew is noticed."""

from __future__ import annotations

import shutil

import pytest

from tests.bench import gate
from tests.bench.instructions import Counted, count, read_costs


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
@pytest.mark.parametrize("scene", gate.SCENES)
def test_a_forwarded_packet_costs_what_is_recorded(scene: str) -> None:
    if gate.built_with() not in gate.recorded():
        pytest.skip(f"nothing is recorded for: {gate.built_with()}")
    counted = {scene: count(gate.SCENES[scene])}
    assert counted[scene].own > 100  # it did count
    assert gate.problems(counted, gate.recorded()) == []


def test_growth_beyond_the_tolerance_is_a_problem() -> None:
    baseline = {gate.built_with(): {"clear": 1000}}
    assert gate.problems({"clear": Counted(5000, 1000 * (1 + gate.TOLERANCE))}, baseline) == []
    assert len(gate.problems({"clear": Counted(5000, 1000 * (1 + gate.TOLERANCE) + 1)}, baseline)) == 1


@pytest.mark.parametrize("other", ["gcc 1", f"{gate.built_with()} -fstack-protector-strong"])
def test_another_compiler_or_flag_is_not_compared(other: str) -> None:
    assert gate.problems({"clear": Counted(5000, 4000)}, {other: {"clear": 1000}}) == []


def test_costs_of_callees_are_not_counted_twice_and_crypto_apart() -> None:
    profile = """events: Ir
ob=(1) /x/engine.so
fl=(1) engine.c
fn=(1) receive
10 30
+2 12
cob=(2) /x/libcrypto.so.3
cfn=(2) aes
calls=4 100
* 5000
ob=(2)
fn=(2)
100 5000
ob=(1)
fn=(3) send
7 8
"""
    assert read_costs(profile) == (5050, 50)
