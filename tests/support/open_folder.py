"""A folder that every user of this machine may enter, as far as a test can say: so modes of files count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_folder(path: Path) -> Iterator[Path]:
    """Open `path`, and what is above it, for entering; then close again what was closed."""
    modes = {folder: folder.stat().st_mode for folder in (path, *path.parents)}
    closed = {folder: mode for folder, mode in modes.items() if not mode & 0o001}
    for folder, mode in closed.items():
        folder.chmod(mode | 0o001)
    try:
        yield path
    finally:
        for folder, mode in closed.items():
            folder.chmod(mode)
