"""The files of one peer and source: when one begins, which tracks are in it, and when the next one follows.

A camera and its microphone are in one file, because that plays in sync in every player; two files would need
one that adds their offsets. A container says at its beginning which streams it has. So frames are held until
both tracks have one and are synchronised, for GATHER_US at most; and when a track comes that the file has no
stream for, another file follows, without a loss: from a key frame on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mediad.errors import InvalidState
from mediad.recorder.files.part import Part
from mediad.recorder.track import PlacedFrame, Track

GATHER_US = 2_000_000
"""The time that frames are held before a file begins."""

SILENT_US = 1_000_000
"""A track that has no frame for this long is not waited for."""

CUT_US = 3_000_000
"""The time that a key frame is waited for, before another file begins without one."""

MAX_HELD_BYTES = 16 * 1024 * 1024

First = list[tuple[Track, PlacedFrame]]
Held = list[tuple[Track, PlacedFrame, float]]
"""Frames, with the moves of their track when they came."""
Begin = Callable[[First, int], Part]
"""Begins a file: the frames that it begins with, and its number among the files of its source."""


class Source:
    """One peer and source: at most one track of audio and one of video at a time."""

    def __init__(self, begin: Begin) -> None:
        """Prepare; nothing is written before the first frame."""
        self.parts: list[Part] = []
        """Every file, the oldest first."""
        self._begin = begin
        self._tracks: dict[str, Track] = {}
        self._part: Part | None = None
        self._held: Held = []
        self._held_bytes = 0
        self._held_since_us = 0
        self._newest_us: dict[str, int] = {}

    @property
    def tracks(self) -> list[Track]:
        """The tracks that have not ended."""
        return list(self._tracks.values())

    def add(self, track: Track) -> None:
        """Expect frames of a track. Raises InvalidState when there is one of its kind."""
        if track.kind in self._tracks:
            raise InvalidState(
                f"{track.peer_id[:100]} has a track of {track.kind} for {track.source[:100]} already"
            )
        self._tracks[track.kind] = track
        if self._part is not None and self._part.fits(track):
            self._part.join(track)

    def take(self, track: Track, frames: Sequence[PlacedFrame], now_us: int) -> None:
        """Take frames of one of the tracks."""
        for placed in frames:
            self._newest_us[track.id] = now_us
            if self._part is not None and self._part.has(track):
                if self._held and placed.frame.key:  # the first of its track in the next file
                    self._held.append((track, placed, track.moved_us))
                    self._start()
                else:
                    self._part.write(track, placed)
            else:
                self._hold(track, placed, now_us)

    def remove(self, track: Track, now_us: int) -> None:
        """End a track. With the last one the file ends."""
        del self._tracks[track.kind]
        self._newest_us.pop(track.id, None)
        if self._held and (self._part is None or not self._tracks):
            self._start()  # short as it was, it was a recording
        self._held = [entry for entry in self._held if entry[0] is not track]
        if not self._tracks:
            self._close()

    def poll(self, now_us: int) -> None:
        """Begin a file when it is time."""
        if not self._held:
            return
        waited_us = now_us - self._held_since_us
        if self._part is None:
            if waited_us >= GATHER_US or self._complete():
                self._start()
            return
        others = [track for track in self.tracks if self._part.has(track)]
        if (
            all(now_us - self._newest_us.get(track.id, 0) > SILENT_US for track in others)
            or waited_us > CUT_US
        ):
            self._start()

    # -- one file after the other --------------------------------------------------------------------------

    def _hold(self, track: Track, placed: PlacedFrame, now_us: int) -> None:
        """Keep a frame for the file that is to begin; one of video has to begin with a key frame."""
        if (
            track.codec.is_video
            and not placed.frame.key
            and all(held is not track for held, *_ in self._held)
        ):
            track.need_key_frame()
            return
        if not self._held:
            self._held_since_us = now_us
            for other in self.tracks:
                if other is not track:
                    other.need_key_frame()
        self._held.append((track, placed, track.moved_us))
        self._held_bytes += len(placed.frame.data)
        if self._held_bytes > MAX_HELD_BYTES:
            self._start()
        else:
            self.poll(now_us)

    def _complete(self) -> bool:
        """True when both kinds are there and synchronised, so that waiting would gain nothing."""
        held = {track.id for track, *_ in self._held}
        return len(self._tracks) == 2 and all(
            track.id in held and track.synchronised for track in self._tracks.values()
        )

    def _start(self) -> None:
        """End the file, and begin one with the frames that are held."""
        self._close()
        held, self._held, self._held_bytes = _placed_anew(self._held), [], 0
        part = self._begin(_firsts(held), len(self.parts) + 1)
        self._part = part
        self.parts.append(part)
        for track, placed in held:
            part.write(track, placed)

    def _close(self) -> None:
        if self._part is not None:
            self._part.close()
            self._part = None


def _placed_anew(held: Held) -> First:
    """Return the frames, each moved as its track was since it came: reports came meanwhile."""
    return [
        (track, placed._replace(at_us=placed.at_us + round(track.moved_us - moved_us)))
        for track, placed, moved_us in held
    ]


def _firsts(held: First) -> First:
    """Return the first frame of each track."""
    firsts: dict[str, tuple[Track, PlacedFrame]] = {}
    for track, placed in held:
        firsts.setdefault(track.id, (track, placed))
    return list(firsts.values())
