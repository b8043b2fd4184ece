"""Compares instructions per forwarded packet with those in baseline.json, recorded by the same compiler."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.bench.instructions import Counted, count

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.03
SCENES: dict[str, str | None] = {"clear": None, "AEAD_AES_128_GCM": "AEAD_AES_128_GCM"}


def count_all() -> dict[str, Counted]:
    return {name: count(profile) for name, profile in SCENES.items()}


def compiler() -> str:
    """Name and major version: what the number of instructions depends on besides the source."""
    version = subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    return f"gcc {version.split('.')[0].strip()}"


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    return found


def record(counted: dict[str, Counted]) -> None:
    kept = recorded() | {compiler(): {name: round(cost.own) for name, cost in counted.items()}}
    BASELINE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def problems(counted: dict[str, Counted], baseline: dict[str, Any]) -> list[str]:
    """What grew beyond the tolerance. Nothing is known about a compiler that nothing was recorded with."""
    known = baseline.get(compiler(), {})
    return [
        f"{name}: {cost.own:.0f} instructions a packet, recorded are {known[name]} "
        f"(scripts/bench instructions --record, if there is a reason)"
        for name, cost in counted.items()
        if name in known and cost.own > known[name] * (1 + TOLERANCE)
    ]
