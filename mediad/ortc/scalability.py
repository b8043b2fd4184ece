"""Scalability modes of one encoding, as WebRTC names them: "L3T3_KEY" is 3 spatial and 3 temporal layers."""

from __future__ import annotations

import re
from dataclasses import dataclass

# a prefix match: "L2T2h" and later spellings keep their layer counts
_MODE = re.compile(r"[LS]([1-9][0-9]?)T([1-9][0-9]?)(_KEY)?")


@dataclass(frozen=True, slots=True)
class ScalabilityMode:
    """The numbers of layers; with `ksvc`, spatial layers depend on each other at key frames only."""

    spatial_layers: int = 1
    temporal_layers: int = 1
    ksvc: bool = False


def parse_scalability_mode(mode: str | None) -> ScalabilityMode:
    """The layers that `mode` names; one of each kind when it is absent or unknown."""
    match = _MODE.match(mode or "")
    if match is None:
        return ScalabilityMode()
    return ScalabilityMode(int(match[1]), int(match[2]), match[3] is not None)
