"""Compares a packet's instructions with those recorded in baseline.json by the same compiler and flags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench.instructions import Counted, count
from tests.support.imports import ROOT

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.03
SCENES: dict[str, str | None] = {"clear": None, "AEAD_AES_128_GCM": "AEAD_AES_128_GCM"}


def count_all() -> dict[str, Counted]:
    return {name: count(profile) for name, profile in SCENES.items()}


def built_with() -> str:
    """Compiler, its major version and flags: what the number depends on besides the source."""
    return (ROOT / "build" / "built_with").read_text().strip()


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    return found


def record(counted: dict[str, Counted]) -> None:
    kept = recorded() | {built_with(): {name: round(cost.own) for name, cost in counted.items()}}
    BASELINE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def problems(counted: dict[str, Counted], baseline: dict[str, Any]) -> list[str]:
    """Return the counts that grew beyond the tolerance; none for a compiler or flags without a record."""
    known = baseline.get(built_with(), {})
    return [
        f"{name}: {cost.own:.0f} instructions a packet, recorded are {known[name]} "
        f"(scripts/bench instructions --record, if there is a reason)"
        for name, cost in counted.items()
        if name in known and cost.own > known[name] * (1 + TOLERANCE)
    ]
