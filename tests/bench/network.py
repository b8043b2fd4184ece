"""Calls on bad networks, simulated: a table of figures, and a picture of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.simulation import scenes
from tests.simulation.figures import HEADINGS, figures
from tests.simulation.scenes import Scene
from tests.simulation.switching import switching
from tests.support.layered import Codec

CODECS: tuple[Codec, ...] = ("vp8", "h264", "vp9", "vp9_key", "av1", "av1_key")

SCENES: dict[str, Callable[[], Scene]] = {
    "squeezed": scenes.squeezed,
    "squeezed-bucket": lambda: scenes.squeezed(burst_bytes=32_000),
    "narrow-300k": lambda: scenes.narrow(300_000),
    "narrow-1M": lambda: scenes.narrow(1_000_000),
    "narrow-5M": lambda: scenes.narrow(5_000_000),
    "bucket-32k": lambda: scenes.narrow(400_000, burst_bytes=32_000, seconds=30),
    "bucket-100k": lambda: scenes.narrow(400_000, burst_bytes=100_000, seconds=30),
    "shared-1M": lambda: scenes.shared(1_000_000, 200),
    "shared-3M": lambda: scenes.shared(3_000_000, 500),
    "loss-5-rtt-20": lambda: scenes.lossy(0.05, 20),
    "loss-5-rtt-100": lambda: scenes.lossy(0.05, 100),
    "loss-15": lambda: scenes.lossy(0.15, 40),
    "outage": scenes.outage,
    "three-cameras": lambda: scenes.priorities(1_500_000, [1, 4, 1]),
    **{f"switches-{codec.replace('_', '-')}": partial(switching, codec) for codec in CODECS},
}


def run(out: Path) -> None:
    """Play every scene, print its figures as they come, and write `out`/*.png."""
    from tests.bench.plots import draw  # needs matplotlib, which counting instructions does not

    out.mkdir(parents=True, exist_ok=True)
    print(_line("scene", HEADINGS))
    for name, play in SCENES.items():
        scene = play()
        print(_line(name, figures(scene).row()), flush=True)
        for number, receiver in enumerate(scene.receivers):
            draw(scene, receiver, out / f"{name}{f'-{number}' if number else ''}.png")
    print(f"pictures: {out}")


def _line(name: str, cells: list[str]) -> str:
    return f"{name:20}" + "".join(f"{cell:>10}" for cell in cells)
