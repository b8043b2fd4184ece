"""A target of fuzzing: a function that reads what others send, and what it needs to be fed."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
CRASHES = Path(os.environ.get("MEDIAD_CRASHES", HERE / "crashes"))
CORPORA = Path(os.environ.get("MEDIAD_CORPORA", HERE / "corpora"))
MAX_INPUT = 4096

Take = Callable[[bytes], object]
"""A function that takes one input."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target. `make()` returns what takes one input; it may raise `documented` and nothing else."""

    name: str
    seeds: Sequence[bytes]
    make: Callable[[], Take]
    parsers: tuple[str, ...] = ()
    """Files below `mediad/` that read what others send: its inputs have to run their lines."""
    objects: tuple[str, ...] = ()
    """Files behind these, whose lines are told without a bar."""
    documented: tuple[type[Exception], ...] = ()
    shape: Literal["bytes", "json"] = "bytes"
    """The way inputs are changed: as bytes, or as lines of JSON too."""

    @property
    def watches_python(self) -> bool:
        """True when its parsers are Python, whose lines are to be followed as well."""
        return not self.parsers or any(file.endswith(".py") for file in self.parsers)

    def known_crashes(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(CRASHES.glob(f"{self.name}-*.bin"))]

    def corpus(self) -> list[bytes]:
        """Inputs that were found to run what no other does."""
        path = CORPORA / f"{self.name}.zip"
        if not path.exists():
            return []
        with zipfile.ZipFile(path) as archive:
            return [archive.read(name) for name in sorted(archive.namelist())]

    def inputs(self) -> list[bytes]:
        """All that is fed before anything is changed: seeds, what broke it once, and its corpus."""
        return [*self.seeds, *self.known_crashes(), *self.corpus()]


def feed(target: Target, take: Take, data: bytes) -> None:
    """Have the target take one input. Raises what it does not document."""
    with contextlib.suppress(*target.documented):
        take(data)


def keep_corpus(target: Target, inputs: Iterable[bytes]) -> None:
    """Write the corpus into the tree, the same bytes for the same inputs."""
    CORPORA.mkdir(exist_ok=True)
    with zipfile.ZipFile(CORPORA / f"{target.name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(inputs):
            entry = zipfile.ZipInfo(f"{number:04}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
