"""Stream: one peer's pictures and sound as segments in a folder, with a playlist that tells of them.

Frames come in the order in which they were sent, on one clock for both tracks. A change of what a decoder is
set up for (codec, size of the picture, a track that comes or goes) begins a new file for decoders, and
players are told of a discontinuity. A segment begins with a key frame, which is asked for once a segment;
when none comes, with any frame.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import av

from mediad.recorder.hls.boxes import Fragment
from mediad.recorder.hls.fragmenter import Fragmenter, Setup, VideoCodec
from mediad.recorder.hls.playlist import Part, Playlist, Segment, map_name
from mediad.recorder.hls.transcoder import Transcoder

PLAYLIST = "index.m3u8"
KEY_FRAMES = 0.75
"""The time between requests for key frames, in segments: one comes before a segment becomes too long."""

SILENT_S = 1.5
"""The time without pictures after which sound goes on alone."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The lengths of segments and parts."""

    segment_s: float = 4.0
    part_s: float = 0.5
    keep: int = 6
    """Complete segments that are told."""
    transcode: bool = False
    """True when pictures in other codecs than H.264 are made into it."""


class Stream:
    """One peer's stream, from its first frame to `end`."""

    def __init__(self, folder: Path, cut: Cut, starts_at_s: float) -> None:
        """Prepare a stream in `folder`, which exists.

        `starts_at_s` is the wall-clock time of the frames' clock at 0, in seconds since 1970.
        """
        self._folder = folder
        self._cut = cut
        self._starts_at_s = starts_at_s
        self.playlist = Playlist(segment_s=cut.segment_s, part_s=cut.part_s, keep=cut.keep)
        self._has_video = self._has_audio = False
        self._muxer: Fragmenter | None = None
        self._maps = 0
        self._mapped = False  # the muxer's beginning is written
        self._part_at_s = 0.0
        self._video_at_s = 0.0
        self._asked_at_s = float("-inf")
        self._leaving: list[Segment] = []  # told no longer, but players may still be reading them

    # --- tracks ---------------------------------------------------------------------------------------------

    def set_tracks(self, *, video: bool, audio: bool) -> None:
        """Note which tracks the peer sends now. Pictures begin with their next key frame."""
        self._has_video, self._has_audio = video, audio
        setup = None if self._muxer is None else self._muxer.setup
        if setup is not None and ((setup.video and not video) or (setup.audio and not audio)):
            self._finish()

    def wants_key_frame(self, at_s: float) -> bool:
        """True, once, when the sender is to be asked for a key frame at the time `at_s`."""
        if not self._has_video or at_s - self._asked_at_s < KEY_FRAMES * self._cut.segment_s:
            return False
        self._asked_at_s = at_s
        return True

    # --- frames ---------------------------------------------------------------------------------------------

    def write_video(
        self, codec: VideoCodec, data: bytes, at_s: float, *, key_frame: bool, size: tuple[int, int]
    ) -> bool:
        """Add a frame; `size` is that of the picture in pixels. True when the playlist has changed.

        Raises OSError when the folder cannot be written, av.FFmpegError for a frame that cannot be read,
        Unavailable when ffmpeg is needed and does not run.
        """
        self._video_at_s = at_s
        if key_frame:
            self._set_up(Setup(codec, *size, audio=self._has_audio), at_s, data)
        muxer = self._muxer
        if muxer is None or muxer.setup.video != codec:
            return False
        return self._take(muxer, muxer.write_video(data, at_s, key_frame=key_frame))

    def write_audio(self, data: bytes, at_s: float) -> bool:
        """Add a packet of Opus, likewise. Sound waits for the first picture when there are pictures."""
        alone = not self._has_video or at_s - self._video_at_s > SILENT_S
        if alone and (self._muxer is None or self._muxer.setup.video is not None):
            self._set_up(Setup(None, audio=True), at_s)
        muxer = self._muxer
        if muxer is None or not muxer.setup.audio:
            return False
        return self._take(muxer, muxer.write_audio(data, at_s))

    def end(self) -> None:
        """Write what is left, and tell players that nothing follows."""
        self._finish()
        self.playlist.end()
        self._write_playlist()

    def shed(self) -> bool:
        """Withdraw the oldest segment to free space. False when only the newest ones are left."""
        if (oldest := self.playlist.withdraw()) is None:
            return False
        self._remove([*self._leaving, oldest])
        self._leaving.clear()
        self._write_playlist()
        return True

    @property
    def kept_bytes(self) -> int:
        """The bytes of all that is in the folder."""
        return self.playlist.kept_bytes + sum(segment.size for segment in self._leaving)

    # --- files ----------------------------------------------------------------------------------------------

    def _set_up(self, setup: Setup, at_s: float, first: bytes = b"") -> None:
        if self._muxer is not None and self._muxer.setup == setup:
            return
        self._finish()
        self._muxer = self._muxer_for(setup, at_s, first)
        self._mapped = False
        self._part_at_s = at_s

    def _muxer_for(self, setup: Setup, at_s: float, first: bytes) -> Fragmenter:
        cut = self._cut
        if cut.transcode and setup.video not in (None, "h264"):
            return Transcoder(setup, cut.part_s, at_s, cut.segment_s / 2)
        return Fragmenter(setup, cut.part_s, at_s, first)

    def _finish(self) -> None:
        """End the file for decoders, if there is one; what comes next begins another."""
        if (muxer := self._muxer) is None:
            return
        self._muxer = None
        with contextlib.suppress(av.FFmpegError):  # of frames that were never complete
            self._take(muxer, muxer.close())
        self.playlist.complete()

    def _take(self, muxer: Fragmenter, fragments: list[Fragment]) -> bool:
        for fragment in fragments:
            self._add(muxer, fragment)
        if fragments:
            self._write_playlist()
        return bool(fragments)

    def _add(self, muxer: Fragmenter, fragment: Fragment) -> None:
        if not self._mapped and muxer.init is not None:
            self._mapped = True
            self._maps += 1
            (self._folder / map_name(self._maps)).write_bytes(muxer.init)
            self._begin_segment(discontinuity=self._maps > 1)
        duration_s, independent = muxer.duration_s(fragment), muxer.independent(fragment)
        current = self.playlist.current
        if current is None or self._is_full(current, duration_s, independent):
            current = self._begin_segment()
        part = Part(duration_s, current.size, len(fragment.data), independent)
        with open(self._folder / current.name, "ab") as file:
            file.write(fragment.data)
        self.playlist.add(part)
        self._part_at_s += duration_s

    def _is_full(self, current: Segment, duration_s: float, independent: bool) -> bool:
        """True when the next part begins a segment: at a key frame, else before it becomes too long."""
        length_s = current.duration_s
        if independent and length_s >= self._cut.segment_s / 4 and self._has_video:
            return True
        return length_s + duration_s > self._cut.segment_s

    def _begin_segment(self, *, discontinuity: bool = False) -> Segment:
        gone = self.playlist.begin(
            self._maps, self._starts_at_s + self._part_at_s, discontinuity=discontinuity
        )
        self._remove(self._leaving)
        self._leaving = gone
        current = self.playlist.current
        assert current is not None
        return current

    def _remove(self, segments: list[Segment]) -> None:
        for segment in segments:
            (self._folder / segment.name).unlink(missing_ok=True)
        for number in range(self.playlist.first_map - 1, 0, -1):
            path = self._folder / map_name(number)
            if not path.exists():
                break
            path.unlink()

    def _write_playlist(self) -> None:
        """Replace the playlist in one step: readers see the old one or the new one, whole."""
        path = self._folder / f"{PLAYLIST}.new"
        path.write_text(self.playlist.text())
        os.replace(path, self._folder / PLAYLIST)
