"""Playlist: a live stream's segments and their parts, and the text that tells players of them.

It is a media playlist of low-latency HLS (RFC 8216 and draft-pantos-hls-rfc8216bis): players ask for the next
part before it exists, and are answered when it does. Each segment is one file that grows; its parts are byte
ranges of it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

PARTS_OF = 3
"""The number of the newest segments whose parts are told; older ones are told as a whole."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a segment that can be fetched as soon as it is there."""

    duration_s: float
    offset: int
    """The first byte in the segment's file."""
    size: int
    """Bytes."""
    independent: bool
    """True when a player can begin here: it begins with a key frame, or all is sound."""


@dataclass(slots=True)
class Segment:
    """Parts in a row, in one file."""

    number: int
    map_number: int
    """The number of the file that a decoder must read first."""
    starts_at_s: float
    """The wall-clock time of its beginning, in seconds since 1970."""
    discontinuity: bool = False
    """True when its decoder, or its clock, is another than before."""
    parts: list[Part] = field(default_factory=list)
    complete: bool = False

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.number}.m4s"

    @property
    def duration_s(self) -> float:
        return sum(part.duration_s for part in self.parts)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.size for part in self.parts)


def map_name(number: int) -> str:
    """Return the name of the file with what a decoder must read first."""
    return f"init-{number}.mp4"


class Playlist:
    """The newest segments of a stream."""

    def __init__(self, *, segment_s: float, part_s: float, keep: int) -> None:
        """Make an empty playlist.

        No segment becomes longer than `segment_s` and no part longer than `part_s`, in seconds. `keep` is the
        number of complete segments that are told, at least three.
        """
        self._segment_s = segment_s
        self._part_s = part_s
        self._keep = max(3, keep)
        self._segments: deque[Segment] = deque()
        self._next_number = 0
        self._discontinuities_gone = 0
        self._owes_discontinuity = False  # of a segment that was withdrawn
        self.ended = False
        """True when nothing follows."""

    @property
    def current(self) -> Segment | None:
        """The segment that is growing; None when the next part begins one."""
        return self._segments[-1] if self._segments and not self._segments[-1].complete else None

    @property
    def newest(self) -> tuple[int, int]:
        """The number of the newest segment and of the newest part in it; (-1, -1) when there is none."""
        if not self._segments:
            return -1, -1
        return self._segments[-1].number, len(self._segments[-1].parts) - 1

    def begin(self, map_number: int, starts_at_s: float, *, discontinuity: bool = False) -> list[Segment]:
        """Begin a segment, which completes the one before; return those that are told no longer."""
        self.complete()
        segment = Segment(
            self._next_number, map_number, starts_at_s, discontinuity or self._owes_discontinuity
        )
        self._owes_discontinuity = False
        self._next_number += 1
        self._segments.append(segment)
        gone: list[Segment] = []
        while len(self._segments) > self._keep + 1:
            gone += filter(None, [self.withdraw()])
        return gone

    def add(self, part: Part) -> None:
        """Add a part to the segment that is growing. Raises IndexError when there is none."""
        self._segments[-1].parts.append(part)

    def complete(self) -> None:
        """Complete the segment that is growing, if there is one; one without parts is withdrawn."""
        if (current := self.current) is None:
            return
        if current.parts:
            current.complete = True
            return
        self._owes_discontinuity = self._segments.pop().discontinuity
        self._next_number -= 1

    def withdraw(self) -> Segment | None:
        """Take out the oldest segment and return it; None when there is none but the newest one."""
        if len(self._segments) < 2:
            return None
        oldest = self._segments.popleft()
        self._discontinuities_gone += oldest.discontinuity
        return oldest

    @property
    def first_map(self) -> int:
        """The lowest number of a file that decoders may still have to read first."""
        return self._segments[0].map_number if self._segments else 0

    def end(self) -> None:
        """Tell players that nothing follows."""
        self.complete()
        self.ended = True

    @property
    def kept_bytes(self) -> int:
        """The bytes of all segments that are told."""
        return sum(segment.size for segment in self._segments)

    def text(self) -> str:
        """Return the playlist as players read it. An empty one has no segments, which players accept."""
        first = self._segments[0].number if self._segments else self._next_number
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:9",
            f"#EXT-X-TARGETDURATION:{math.ceil(self._segment_s)}",
            f"#EXT-X-PART-INF:PART-TARGET={self._part_s:.3f}",
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * self._part_s:.3f}",
            f"#EXT-X-MEDIA-SEQUENCE:{first}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._discontinuities_gone}",
        ]
        map_number: int | None = None
        for index, segment in enumerate(self._segments):
            if segment.discontinuity and index:
                lines.append("#EXT-X-DISCONTINUITY")
            if segment.map_number != map_number:
                map_number = segment.map_number
                lines.append(f'#EXT-X-MAP:URI="{map_name(map_number)}"')
            lines += _lines_of(segment, with_parts=index >= len(self._segments) - PARTS_OF)
        if self.ended:
            lines.append("#EXT-X-ENDLIST")
        return "\n".join(lines) + "\n"


def _lines_of(segment: Segment, *, with_parts: bool) -> list[str]:
    when = datetime.fromtimestamp(segment.starts_at_s, UTC).isoformat(timespec="milliseconds")
    lines = [f"#EXT-X-PROGRAM-DATE-TIME:{when}"]
    if with_parts:
        for part in segment.parts:
            independent = ",INDEPENDENT=YES" if part.independent else ""
            lines.append(
                f'#EXT-X-PART:DURATION={part.duration_s:.5f},URI="{segment.name}",'
                f'BYTERANGE="{part.size}@{part.offset}"{independent}'
            )
    if segment.complete:
        lines += [f"#EXTINF:{segment.duration_s:.5f},", segment.name]
    return lines
