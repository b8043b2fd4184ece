"""Composition of a recording: its folder read, and ffmpeg run at a low priority."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from mediad.ctl import grid
from mediad.ctl.grid import Clip
from mediad.errors import InvalidState, MediadError, NotFound, Unsupported

SIDECAR = "recording.json"
"""The file in which the recorder says what is in a folder."""

NICE = 10


class _Track(msgspec.Struct, rename="camel"):
    kind: str


class _File(msgspec.Struct, rename="camel"):
    path: str
    peer_id: str
    source: str
    started_at: float
    duration_s: float = 0.0
    tracks: list[_Track] = []


class _Sidecar(msgspec.Struct, rename="camel"):
    room_id: str
    started_at: float
    ended: str = ""
    files: list[_File] = []


def newest_folder(directory: str, room_id: str) -> Path:
    """Return the folder of a room's newest recording, the first if it has several.

    Raises NotFound when there is none.
    """
    found = [
        (sidecar.started_at, path.parent)
        for path in Path(directory).glob(f"*/*/{SIDECAR}")
        if (sidecar := _read(path)).room_id == room_id
    ]
    if not found:
        raise NotFound(f'there is no recording of room "{room_id[:100]}" in {directory}')
    newest = max(found)[1]
    first = newest.with_name(re.sub(r"-[0-9]\Z", "", newest.name))
    return first if (first / SIDECAR).is_file() else newest


def clips_of(folder: Path) -> list[Clip]:
    """Return the files of a recording, those that other recorder processes wrote included.

    Raises NotFound for a folder of no recording, InvalidState for one without files.
    """
    if not (folder / SIDECAR).is_file():
        raise NotFound(f"{folder} is no recording: it has no {SIDECAR}")
    first = folder.name
    folders = [folder, *sorted(folder.parent.glob(f"{first}-[0-9]"))]
    clips = [
        Clip(
            str(part / file.path),
            (file.peer_id, file.source),
            file.started_at,
            file.duration_s,
            any(track.kind == "video" for track in file.tracks),
            any(track.kind == "audio" for track in file.tracks),
        )
        for part in folders
        if (part / SIDECAR).is_file()
        for file in _read(part / SIDECAR).files
        if file.duration_s > 0 and (part / file.path).is_file()
    ]
    if not clips:
        raise InvalidState(f"nothing was recorded in {folder}")
    return clips


def compose(clips: list[Clip], out: Path, on_progress: Callable[[float, float], None]) -> None:
    """Put the clips into one MP4 file; `on_progress` is called with seconds done and seconds in total.

    Raises Unsupported without ffmpeg, InvalidState when the file exists, MediadError when ffmpeg fails.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise Unsupported("composing needs ffmpeg: install it, for example with apt install ffmpeg")
    if out.exists():
        raise InvalidState(f"{out} exists: name another file with --out, or remove it")
    unfinished = out.with_name(out.name + ".part")
    command = [ffmpeg, "-v", "error", "-nostdin", "-y", "-progress", "pipe:1"]
    command += grid.arguments(clips, str(unfinished))
    total_s = grid.length_s(clips)
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
            try:
                assert process.stdout is not None
                for done_s in _progress(process.stdout):
                    on_progress(done_s, total_s)
                _, errors = process.communicate()
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise MediadError(f"ffmpeg failed: {errors.strip()[-500:] or process.returncode}")
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _progress(lines: Iterator[str]) -> Iterator[float]:
    """Yield the seconds that ffmpeg has written, from what `-progress` prints."""
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == "out_time_us" and value.isdigit():
            yield int(value) / 1e6


def _read(path: Path) -> _Sidecar:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Sidecar)
    except (OSError, ValueError) as error:  # of msgspec, or of text that is not UTF-8
        raise MediadError(f"{path} cannot be read: {error}") from None
