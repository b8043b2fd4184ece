"""The contract of every kind of output: files, or whatever else becomes of frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mediad.pipe.recorder_requests import FileSummary
from mediad.recorder.files.folder import Folder
from mediad.recorder.track import PlacedFrame, Track


class Output(Protocol):
    """The place that frames of all tracks go to. Times are in microseconds, of the process's clock."""

    @property
    def folder(self) -> Folder:
        """The folder that it writes to."""
        ...

    def add(self, track: Track) -> None:
        """Expect frames of a track. Raises InvalidState when there is no place for it."""
        ...

    def take(self, track: Track, frames: Sequence[PlacedFrame], now_us: int) -> None:
        """Take frames of a track, in the order of decoding."""
        ...

    def remove(self, track: Track, now_us: int) -> None:
        """End a track, after its last frame."""
        ...

    def poll(self, now_us: int) -> None:
        """Do what is due; called several times a second."""
        ...

    async def finish(self, now_us: int) -> None:
        """Finish everything that is written. Nothing is taken afterwards."""
        ...

    def files(self) -> list[FileSummary]:
        """Return the files so far, the oldest first."""
        ...

    @property
    def queued_bytes(self) -> int:
        """The bytes that wait for the disk."""
        ...

    @property
    def ended(self) -> str:
        """The code with which it has ended by itself; "" while it goes on."""
        ...
