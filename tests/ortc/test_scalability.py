from __future__ import annotations

import pytest

from mediad.ortc.scalability import ScalabilityMode, parse_scalability_mode


@pytest.mark.parametrize(
    ("mode", "meaning"),
    [
        ("L1T3", ScalabilityMode(1, 3)),
        ("L3T3_KEY", ScalabilityMode(3, 3, ksvc=True)),
        ("S3T2", ScalabilityMode(3, 2)),
        ("L2T2h", ScalabilityMode(2, 2)),
        ("L3T1_KEY_SHIFT", ScalabilityMode(3, 1, ksvc=True)),
        ("L12T99", ScalabilityMode(12, 99)),
    ],
)
def test_modes(mode: str, meaning: ScalabilityMode) -> None:
    assert parse_scalability_mode(mode) == meaning


@pytest.mark.parametrize("mode", [None, "", "L0T1", "L1T0", "l1t3", "1T3", "T3L1", "xL1T3", "L٣T٣"])
def test_anything_else_is_one_layer(mode: str | None) -> None:
    assert parse_scalability_mode(mode) == ScalabilityMode(1, 1, ksvc=False)
