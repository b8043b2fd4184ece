"""The plan of a composition: which file is where in the picture, and when, as arguments of ffmpeg.

Files are aligned by the wall-clock times of their beginnings, which the recorder has measured from sender
reports. Each peer and source has one cell of the grid, in the order in which they first appear; a peer that
was there twice is in the same cell both times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FRAME_RATE = 1280, 720, 25


@dataclass(frozen=True, slots=True)
class Clip:
    """One recorded file."""

    path: str
    who: tuple[str, str]
    """Peer and source."""
    start_s: float
    """The wall-clock time of its beginning."""
    length_s: float
    video: bool
    audio: bool


def length_s(clips: Sequence[Clip]) -> float:
    """Return the time from the beginning of the first clip to the end of the last."""
    return max(clip.start_s + clip.length_s for clip in clips) - _begin_s(clips)


def arguments(clips: Sequence[Clip], out: str) -> list[str]:
    """Return the arguments of ffmpeg that put these clips, of which there is at least one, into `out`."""
    inputs: list[str] = []
    for clip in clips:
        # frames of another size, as after a change of layers, must not begin the graph anew
        inputs += [
            "-reinit_filter",
            "0",
            "-itsoffset",
            f"{clip.start_s - _begin_s(clips):.6f}",
            "-i",
            clip.path,
        ]
    graph, maps = _pictures(clips), []
    if graph:
        maps += ["-map", "[grid]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
        maps += ["-pix_fmt", "yuv420p"]
    sound = _sound(clips)
    if sound:
        graph += sound
        maps += ["-map", "[mix]", "-c:a", "aac", "-b:a", "128k"]
    return [*inputs, "-filter_complex", ";".join(graph), *maps, "-movflags", "+faststart", "-f", "mp4", out]


def _pictures(clips: Sequence[Clip]) -> list[str]:
    """Return the chains that lay each clip with a picture over a black one; none without a picture."""
    cells = list(dict.fromkeys(clip.who for clip in clips if clip.video))
    if not cells:
        return []
    columns = math.ceil(math.sqrt(len(cells)))
    rows = math.ceil(len(cells) / columns)
    width, height = WIDTH // columns // 2 * 2, HEIGHT // rows // 2 * 2
    total_s = length_s(clips)
    chains = [f"color=black:s={WIDTH}x{HEIGHT}:r={FRAME_RATE}:d={total_s:.3f}[base0]"]
    shown = [(number, clip) for number, clip in enumerate(clips) if clip.video]
    for count, (number, clip) in enumerate(shown):
        row, column = divmod(cells.index(clip.who), columns)
        fit = f"scale={width}:{height}:force_original_aspect_ratio=decrease:eval=frame"
        pad = f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2:eval=frame,setsar=1"
        chains.append(f"[{number}:v:0]fps={FRAME_RATE},{fit},{pad}[clip{count}]")
        begin_s = clip.start_s - _begin_s(clips)
        when = f"enable='between(t,{begin_s:.3f},{begin_s + clip.length_s:.3f})'"
        place = f"overlay={column * width}:{row * height}:eof_action=pass:{when}"
        after = "grid" if count == len(shown) - 1 else f"base{count + 1}"
        chains.append(f"[base{count}][clip{count}]{place}[{after}]")
    return chains


def _sound(clips: Sequence[Clip]) -> list[str]:
    """Return the chains that mix all sound; silence stands where a clip has not begun, or has a gap."""
    heard = [number for number, clip in enumerate(clips) if clip.audio]
    if not heard:
        return []
    chains = [f"[{number}:a:0]aresample=48000:async=1:first_pts=0[sound{number}]" for number in heard]
    every = "".join(f"[sound{number}]" for number in heard)
    return [*chains, f"{every}amix=inputs={len(heard)}:duration=longest:normalize=0[mix]"]


def _begin_s(clips: Sequence[Clip]) -> float:
    return min(clip.start_s for clip in clips)
