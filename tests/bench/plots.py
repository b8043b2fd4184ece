"""A scene drawn: four panels over one time axis, so that cause and effect stand above each other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from tests.simulation.call import SECOND, Receiver
from tests.simulation.scenes import Scene

LINK, ESTIMATE, DELIVERED = "#222222", "#d95f02", "#1b9e77"
LAYERS, TARGET, FREEZE = "#7570b3", "#bbbbbb", "#e7298a"
TEMPORAL = 3  # rows of temporal layers to each spatial one
UNLIMITED = 1.6  # times the highest rate seen: where a link without limit is drawn


def draw(scene: Scene, receiver: Receiver, path: Path) -> None:
    """One PNG of what one receiver saw."""
    figure, panels = plt.subplots(
        4, 1, sharex=True, figsize=(11, 9.5), height_ratios=[3, 2, 1.5, 1.5], layout="constrained"
    )
    screen = receiver.tracks[0].receiver.screen
    figure.suptitle(f"{scene.name}: {receiver.name}", fontsize=13, x=0.01, ha="left")
    _bitrates(panels[0], receiver)
    _layers(panels[1], receiver)
    _queue(panels[2], receiver)
    _gaps(panels[3], receiver)
    for panel in panels:
        for from_us, until_us in screen.freezes:
            panel.axvspan(from_us / SECOND, until_us / SECOND, color=FREEZE, alpha=0.15, linewidth=0)
        for at_us, _ in scene.marks:
            panel.axvline(at_us / SECOND, color=LINK, linewidth=0.8, linestyle=":")
        panel.grid(alpha=0.25)
        panel.margins(x=0.01)
    for at_us, label in scene.marks:
        panels[0].annotate(
            label, (at_us / SECOND, 1), xycoords=("data", "axes fraction"), xytext=(3, -11),
            textcoords="offset points", fontsize=9,
        )  # fmt: skip
    panels[-1].set_xlabel("seconds")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _seconds(receiver: Receiver) -> list[float]:
    return [sample.now_us / SECOND for sample in receiver.samples]


def _bitrates(panel: Any, receiver: Receiver) -> None:
    samples, seconds = receiver.samples, _seconds(receiver)
    limited = [sample.link_bps / 1e6 for sample in samples if sample.link_bps]
    delivered = [
        sum(s.delivered_bps for s in samples[max(0, i - 4) : i + 1]) / 5e6 for i in range(len(samples))
    ]
    top = max([*delivered, *(1.3 * bps for bps in limited)])
    link = [sample.link_bps / 1e6 if sample.link_bps else UNLIMITED * top for sample in samples]
    panel.plot(seconds, link, color=LINK, linewidth=1.5, drawstyle="steps-post", label="link")
    panel.plot(
        seconds,
        [sample.estimate_bps / 1e6 for sample in samples],
        color=ESTIMATE,
        linewidth=1.3,
        label="estimate",
    )
    panel.plot(seconds, delivered, color=DELIVERED, linewidth=1.1, label="delivered, half a second's mean")
    panel.set_ylim(0, 1.15 * top)
    panel.set_ylabel("Mbit/s")
    panel.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=3, frameon=False)


def _layers(panel: Any, receiver: Receiver) -> None:
    """A band for each spatial layer, and within it the temporal one: targets behind what was shown."""
    track = receiver.tracks[0]
    targets = [_height(sample.target[track.consumer.id]) for sample in receiver.samples]
    panel.plot(_seconds(receiver), targets, color=TARGET, linewidth=4, drawstyle="steps-post", label="target")
    shown = track.receiver.screen.shown
    panel.plot(
        [picture.now_us / SECOND for picture in shown], [_height(picture.layers) for picture in shown],
        ".", color=LAYERS, markersize=2.5, label="pictures shown",
    )  # fmt: skip
    for spatial in range(1, 3):
        panel.axhline(TEMPORAL * spatial - 0.5, color=LINK, linewidth=0.5)
    panel.set_yticks(
        range(3 * TEMPORAL), [f"L{s} T{t}" for s in range(3) for t in range(TEMPORAL)], fontsize=7
    )
    panel.set_ylim(-1.5, 3 * TEMPORAL - 0.5)
    panel.set_ylabel("layers")
    panel.legend(loc="lower right", bbox_to_anchor=(1, 0.97), fontsize=8, ncols=2, frameon=False)


def _height(layers: tuple[int, int] | None) -> int:
    return TEMPORAL * layers[0] + layers[1] if layers else -1


def _queue(panel: Any, receiver: Receiver) -> None:
    waits = [sample.waiting_us / 1000 for sample in receiver.samples]
    panel.fill_between(_seconds(receiver), waits, color=ESTIMATE, alpha=0.4, step="post", linewidth=0)
    panel.set_ylim(0, max(50.0, 1.1 * max(waits)))
    panel.set_ylabel("queue, ms")


def _gaps(panel: Any, receiver: Receiver) -> None:
    shown = receiver.tracks[0].receiver.screen.shown
    gaps = [(b.now_us / SECOND, (b.now_us - a.now_us) / 1000) for a, b in pairwise(shown)]
    panel.vlines([at for at, _ in gaps], 0, [gap for _, gap in gaps], color=LAYERS, linewidth=0.7)
    panel.set_yscale("symlog", linthresh=50)
    panel.set_ylim(0, max(300.0, 1.3 * max(gap for _, gap in gaps)))
    panel.set_yticks([0, 33, 100, 300, 1000], ["0", "33", "100", "300", "1000"])
    panel.set_ylabel("frame gaps, ms\n(shaded: freezes)")
