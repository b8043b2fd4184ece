"""A scene in numbers: how soon, how much, how still."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import fmean, median

from tests.simulation.call import SECOND
from tests.simulation.scenes import Scene
from tests.simulation.switching import Switching

WITHIN = 0.25  # of the link: what counts as settled


@dataclass
class Figures:
    """The figures of a scene, None for those it does not have. Times in seconds, shares 0..1."""

    settle_s: float | None  # until the estimate stays within a quarter of the link
    squeeze_s: float | None  # until a lower layer is shown
    utilisation: float | None  # of the link, by what was delivered once settled
    frozen: float
    release_s: float | None  # until the top layer is shown again, or after an outage any
    switch_ms: float | None  # median
    switches: int  # of the spatial layer shown

    def row(self) -> list[str]:
        return [_cell(getattr(self, field.name), field.name) for field in fields(self)]


HEADINGS = ["settle", "squeeze", "used", "frozen", "release", "switch", "switches"]


def _cell(value: float | None, name: str) -> str:
    if value is None:
        return "-"
    if name in ("utilisation", "frozen"):
        return f"{value:.1%}"
    unit = {"switch_ms": " ms", "switches": ""}.get(name, " s")
    return f"{value:.0f}{unit}" if unit != " s" else f"{value:.2f} s"


def figures(scene: Scene) -> Figures:
    marks = {label: at_us for at_us, label in scene.marks}
    start_us = marks.get("settled", marks.get("squeezed", scene.call.now_us))
    end_us = marks.get("released", scene.call.now_us)
    screen = scene.track.receiver.screen
    samples = [s for s in scene.call.samples(scene.receiver, start_us, end_us) if s.link_bps]
    if "squeezed" in marks:
        samples = samples[20:]
    return Figures(
        settle_s=_settled_s(scene, marks.get("squeezed", 0), end_us),
        squeeze_s=_shown_s(scene, marks["squeezed"], 0) if "squeezed" in marks else None,
        utilisation=fmean(s.delivered_bps / (s.link_bps or 1) for s in samples) if samples else None,
        frozen=screen.frozen_share(min(start_us, screen.shown[0].now_us), scene.call.now_us),
        release_s=_release_s(scene, marks),
        switch_ms=median(scene.took_us) / 1000 if isinstance(scene, Switching) else None,
        switches=screen.switches(0, scene.call.now_us),
    )


def _settled_s(scene: Scene, from_us: int, until_us: int) -> float | None:
    samples = [s for s in scene.call.samples(scene.receiver, from_us, until_us) if s.link_bps]
    if not samples:
        return None
    outside = [s for s in samples if abs(s.estimate_bps / (s.link_bps or 1) - 1) > WITHIN]
    last_us = outside[-1].now_us if outside else samples[0].now_us
    return (last_us - samples[0].now_us) / SECOND


def _shown_s(scene: Scene, from_us: int, spatial: int) -> float | None:
    shown = scene.track.receiver.screen.between(from_us, scene.call.now_us)
    return next(((s.now_us - from_us) / SECOND for s in shown if s.layers[0] == spatial), None)


def _release_s(scene: Scene, marks: dict[str, int]) -> float | None:
    if "released" in marks:
        return _shown_s(scene, marks["released"], 2)
    if "back" in marks:
        shown = scene.track.receiver.screen.between(marks["back"], scene.call.now_us)
        return (shown[0].now_us - marks["back"]) / SECOND if shown else None
    return None
