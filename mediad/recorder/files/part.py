"""One file of a peer and source, from its first frame to its last, as the event loop sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from mediad.pipe.recorder_requests import Container, FileSummary, TrackSummary
from mediad.recorder.codecs.table import container_for
from mediad.recorder.files.container import ContainerFile, StreamPlan
from mediad.recorder.files.stream import Order
from mediad.recorder.files.writer import Job
from mediad.recorder.track import PlacedFrame, Track

GAP_US = 500_000
"""A time without frames that is told of; shorter ones are normal, such as silence that is not sent."""

_USUAL_FRAME_US = 33_333


class Disk(Protocol):
    """The part of a recording that a file needs."""

    def create(self, name: str) -> int:
        """Return a descriptor of a new file. Raises OSError."""
        ...

    def put(self, job: Job, size: int, then: Job | None = None) -> None:
        """Have a job done that holds `size` bytes, by the thread that waits for the disk."""
        ...

    def wall_s(self, at_us: int) -> float:
        """Return the wall-clock time, in seconds since 1970, of a time of this process."""
        ...

    def finished(self, part: Part) -> None:
        """Note that a file is whole."""
        ...


class PartTrack:
    """One track in one file, counted."""

    def __init__(self, track: Track, index: int) -> None:
        self.track = track
        self.index = index
        self.first_us: int | None = None
        self.end_us = 0
        self.frames = self.gaps = self.gap_us = 0
        self.width = self.height = 0
        self._step_us = _USUAL_FRAME_US
        self._last_us = 0
        self._lost, self._asked = track.reorder.lost, track.key_frame_requests
        self._bits = (0, 0, 0)

    def count(self, placed: PlacedFrame, at_us: int) -> int:
        """Count a frame at this time from the file's beginning; return its length if it is known."""
        frame = placed.frame
        length_us = frame.samples * 1_000_000 // self.track.clock_rate
        if self.first_us is None:
            self.first_us = at_us
        elif at_us > self.end_us + GAP_US:
            self.gaps += 1
            self.gap_us += at_us - self.end_us
        elif at_us > self._last_us:
            self._step_us = at_us - self._last_us
        if frame.picture is not None:
            self.width, self.height = frame.picture.width, frame.picture.height
        self._last_us = at_us
        self.end_us = max(self.end_us, at_us + (length_us or self._step_us))
        self.frames += 1
        return length_us

    def bitrate(self, now_us: int) -> int:
        """Return the bits received in a second, as of a moment at most a second ago."""
        at_us, total, rate = self._bits
        if now_us - at_us >= 1_000_000:
            if at_us:
                rate = (self.track.bytes - total) * 8_000_000 // (now_us - at_us)
            self._bits = (now_us, self.track.bytes, rate)
        return rate

    def summary(self, now_us: int) -> TrackSummary:
        """Return what is told of this track."""
        return TrackSummary(
            track_id=self.track.id,
            kind=self.track.kind,
            codec=self.track.mime_type,
            offset_s=(self.first_us or 0) / 1e6,
            frames=self.frames,
            gaps=self.gaps,
            gap_s=self.gap_us / 1e6,
            lost_packets=self.track.reorder.lost - self._lost,
            key_frame_requests=self.track.key_frame_requests - self._asked,
            width=self.width,
            height=self.height,
            bitrate=self.bitrate(now_us),
        )


class Part:
    """A file. Frames of its tracks are written, whatever their order among each other."""

    def __init__(
        self,
        disk: Disk,
        path: str,
        wanted: Container,
        first: Sequence[tuple[Track, PlacedFrame]],
    ) -> None:
        """Begin a file with the tracks of `first`, the first frame of each; `path` lacks the suffix."""
        self.base_us = min(placed.at_us for _, placed in first)
        plans: dict[str, StreamPlan] = {}
        self._tracks: dict[str, PartTrack] = {}
        self._past: list[PartTrack] = []
        for track, placed in first:
            if track.kind in plans:
                continue
            picture = placed.frame.picture
            order = Order(picture.reorder if picture else 0)
            plans[track.kind] = StreamPlan(track.codec, picture, order, placed.frame.data)
            self._tracks[track.kind] = PartTrack(track, len(plans) - 1)
        codecs = [plan.codec for plan in plans.values()]
        self._codecs = {kind: plan.codec for kind, plan in plans.items()}
        self.container = container_for(wanted, codecs)
        self.path = f"{path}.{self.container}"
        self.name = self.path.rpartition("/")[2]
        self.finished = False
        self.dropped = 0
        """Frames that came after later ones of their file had been written."""
        self._peer_id, self._source = first[0][0].peer_id, first[0][0].source
        self._disk = disk
        self._file: ContainerFile | None = None
        self._size = 0
        disk.put(partial(self._open, list(plans.values())), 0)

    def fits(self, track: Track) -> bool:
        """True when the file has a stream that this track can be written to."""
        return self._codecs.get(track.kind) is track.codec

    def has(self, track: Track) -> bool:
        """True when frames of this track are written here."""
        entry = self._tracks.get(track.kind)
        return entry is not None and entry.track is track

    def join(self, track: Track) -> None:
        """Write another track's frames from now on where an ended one's were; it has to fit."""
        old = self._tracks[track.kind]
        self._past.append(old)
        self._tracks[track.kind] = PartTrack(track, old.index)

    def write(self, track: Track, placed: PlacedFrame) -> None:
        """Write a frame of a track that it has."""
        entry = self._tracks[track.kind]
        at_us = placed.at_us - self.base_us
        if at_us < 0:
            self.dropped += 1
            return
        length_us = entry.count(placed, at_us)
        frame = placed.frame
        self._disk.put(partial(self._write, entry.index, placed, at_us, length_us), len(frame.data) + 200)

    def close(self) -> None:
        """Finish the file, after what was written before."""
        self._disk.put(self._close, 0, self._closed)

    @property
    def size(self) -> int:
        """The bytes in the file."""
        file = self._file
        return file.size if file is not None else self._size

    def summary(self, now_us: int) -> FileSummary:
        """Return what is told of this file."""
        entries = [*self._past, *self._tracks.values()]
        return FileSummary(
            path=self.path,
            peer_id=self._peer_id,
            source=self._source,
            format=self.container,
            started_at=self._disk.wall_s(self.base_us),
            duration_s=max(entry.end_us for entry in entries) / 1e6,
            bytes=self.size,
            tracks=[entry.summary(now_us) for entry in entries],
            finished=self.finished,
        )

    def _closed(self) -> None:
        self.finished = True
        self._disk.finished(self)

    # -- in the thread that waits for the disk -------------------------------------------------------------

    def _open(self, plans: list[StreamPlan]) -> None:
        self._file = ContainerFile(self._disk.create(self.name), self.container, plans, self._source)

    def _write(self, index: int, placed: PlacedFrame, at_us: int, length_us: int) -> None:
        if self._file is not None:
            try:
                self._file.write(index, placed.frame, at_us, length_us)
            except BaseException:
                with contextlib.suppress(Exception):  # the end cannot be written either
                    self._close()
                raise

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            finally:
                self._size = file.size
