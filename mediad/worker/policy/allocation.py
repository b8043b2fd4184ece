"""Allocation: the layers each consumer gets out of the bitrate that its client's link carries.

The rules, in this order:

1. Without an estimate each consumer gets the best that is wanted and sent.
2. Each gets the lowest step before any gets more; where even that does not fit, higher priorities
   come first. A consumer gets nothing only when its lowest step does not fit beside the others' lowest. The
   very first gets it in any case: an estimate may be wrong, and one picture should stay.
3. The rest goes, step by step, to the consumer with the least bitrate for its priority.
4. A step up must leave headroom. A step that was held before need not, and may even take a little more than
   is available: the lowest one always, others while packets do not queue, since an estimate after congestion
   is lower than what the path carries. So the same or nearly the same estimate gives the same answer again.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

HEADROOM = 1.1  # times its price, for a step that was not held before
OVERDRAFT = 1.1  # of what is available, before a step that was held is taken away
RATED_LAYERS = 4  # of either kind, in the media path's table of bitrates
NOTHING = -1


@dataclass(frozen=True, slots=True)
class Step:
    """A choice of layers and its bitrate. `spatial` is the encoding where there are several."""

    spatial: int
    temporal: int
    bitrate_bps: int

    @property
    def layers(self) -> tuple[int, int]:
        return self.spatial, self.temporal


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of one video consumer.

    `ladder` rises in layers and in bitrate; `held` is the step it has, or NOTHING.
    """

    ladder: tuple[Step, ...]
    priority: int = 1
    held: int = NOTHING
    may_rise: bool = True  # to another spatial layer than that held; from nothing to the lowest step always
    may_quicken: bool = True  # to more temporal layers than are held, which costs no key frame


def target_encoding(active: Sequence[bool], preferred: int) -> int:
    """Return the encoding to send, out of `active` (one flag an encoding, lowest quality first).

    It is the highest active one that is not above `preferred`. Without one, it is the lowest active one,
    since a larger picture is better than none; without any, the lowest, which browsers start first.
    """
    wanted = [index for index, is_active in enumerate(active) if is_active and index <= preferred]
    if wanted:
        return wanted[-1]
    return next((index for index, is_active in enumerate(active) if is_active), 0)


def ladder(
    bitrates: Sequence[Sequence[int]], spatial_layers: Sequence[int], temporal_limit: int
) -> tuple[Step, ...]:
    """Return the steps worth taking, from the cheapest to the best of `spatial_layers` (rising).

    `bitrates[spatial][temporal]` in bit/s; 0: not sent. Of three temporal layers the base one alone, a
    quarter of the frames, is used in the lowest spatial layer only: a small picture that moves is better than
    a larger one that stutters. A step that costs no more than one below it replaces the lower one.
    """
    steps: list[Step] = []
    measured = [spatial for spatial in spatial_layers if bitrates[spatial][0]]
    for spatial in measured or spatial_layers[:1]:
        row = bitrates[spatial]
        sent = [t for t in range(min(temporal_limit, RATED_LAYERS - 1) + 1) if t == 0 or row[t] > row[t - 1]]
        for temporal in sent:
            if steps and spatial != spatial_layers[0] and temporal == 0 and len(sent) > 2:
                continue
            while steps and steps[-1].bitrate_bps >= row[temporal]:
                steps.pop()
            steps.append(Step(spatial, temporal, row[temporal]))
    return tuple(steps)


def divide(available_bps: int | None, claims: Sequence[Claim], *, overdraft: float = 1.0) -> list[int]:
    """Return the step of its ladder that each claim gets, or NOTHING.

    `overdraft`: the bitrate that held steps may take together, as a multiple of `available_bps`.
    """
    if available_bps is None:
        return [len(claim.ladder) - 1 for claim in claims]
    granted = _lowest_steps(available_bps, claims)
    _raise(available_bps, claims, granted, overdraft)
    return granted


def _lowest_steps(available_bps: int, claims: Sequence[Claim]) -> list[int]:
    granted = [NOTHING] * len(claims)
    left, first = float(available_bps), True
    for index in sorted(range(len(claims)), key=lambda index: -claims[index].priority):
        claim = claims[index]
        if not claim.ladder:
            continue
        overdraft = (OVERDRAFT - 1) * available_bps if claim.held != NOTHING else 0.0
        if first or claim.ladder[0].bitrate_bps <= left + overdraft:
            first = False
            granted[index] = 0
            left -= claim.ladder[0].bitrate_bps
    return granted


def _raise(available_bps: int, claims: Sequence[Claim], granted: list[int], overdraft: float) -> None:
    spent = sum(
        claim.ladder[0].bitrate_bps for claim, step in zip(claims, granted, strict=True) if step != NOTHING
    )
    waiting = [
        (_share(claim, 0), -claim.priority, index)
        for index, claim in enumerate(claims)
        if granted[index] != NOTHING
    ]
    heapq.heapify(waiting)
    while waiting:
        _, _, index = heapq.heappop(waiting)
        claim, step = claims[index], granted[index] + 1
        if step == len(claim.ladder) or (step > claim.held and not _may_take(claim, step)):
            continue
        price = claim.ladder[step].bitrate_bps - claim.ladder[step - 1].bitrate_bps
        if (spent + price) * (1 / overdraft if step <= claim.held else HEADROOM) > available_bps:
            continue
        granted[index] = step
        spent += price
        heapq.heappush(waiting, (_share(claim, step), -claim.priority, index))


def _may_take(claim: Claim, step: int) -> bool:
    same_size = claim.held != NOTHING and claim.ladder[step].spatial == claim.ladder[claim.held].spatial
    return claim.may_quicken if same_size else claim.may_rise


def _share(claim: Claim, step: int) -> float:
    return claim.ladder[step].bitrate_bps / claim.priority
