"""A picture for a fake camera that costs an encoder as many bits as it may spend.

Chromium's own test picture is so simple that no layer comes near its bitrate, and no link is too narrow.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

FRAMES = 25
GRAIN = 24  # amplitude of what changes, of 255
TILE = 4  # pixels of the texture's squares


@dataclass(frozen=True, slots=True)
class Camera:
    """A textured scene, and below it water that never looks the same; sizes are multiples of `TILE`."""

    width: int
    height: int
    frame_rate: int

    def write(self, path: Path) -> None:
        """A Y4M file, to be played in a loop."""
        source = random.Random(1)
        scene = b"".join(self._tiles(source) * TILE for _ in range(self.height * 2 // 3 // TILE))
        water = self.width * self.height - len(scene)
        grain = bytes(source.choices(range(120, 120 + GRAIN), k=2 * water))
        colour = bytes([110]) * (self.width * self.height // 2)
        with path.open("wb") as file:
            file.write(f"YUV4MPEG2 W{self.width} H{self.height} F{self.frame_rate}:1 Ip A1:1 C420\n".encode())
            for _ in range(FRAMES):
                offset = source.randrange(water)
                file.write(b"FRAME\n" + scene + grain[offset : offset + water] + colour)

    def _tiles(self, source: random.Random) -> bytes:
        return b"".join(bytes([source.randrange(60, 200, 7)]) * TILE for _ in range(self.width // TILE))
