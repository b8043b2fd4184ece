"""Compositions of real files, looked at with PyAV."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mediad.ctl.compose import clips_of, compose, newest_folder
from mediad.errors import InvalidState, MediadError, NotFound, Unsupported

RATE = 25
FLASH_S = (1.0, 1.2)
"""The time in which a picture is white and a tone is heard."""

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def write_clip(path: Path, length_s: float, sizes: Sequence[tuple[int, int]]) -> None:
    """Write VP8 and Opus with one flash; the picture has each of the sizes for an equal time."""
    with av.open(str(path), "w", format="matroska") as container:
        video: Any = container.add_stream("libvpx", rate=RATE)
        video.width, video.height, video.pix_fmt = *sizes[0], "yuv420p"
        video.time_base = Fraction(1, RATE)
        audio: Any = container.add_stream("libopus", rate=48000, layout="mono")
        encoders = []
        for width, height in sizes:  # an encoder for each size, as after a change of layers
            encoder: Any = av.CodecContext.create("libvpx", "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base = Fraction(1, RATE)
            encoders.append(encoder)
        count = int(length_s * RATE)
        for i in range(count):
            part = i * len(sizes) // count
            frame = av.VideoFrame(*sizes[part], "yuv420p")
            luma = 235 if FLASH_S[0] <= i / RATE < FLASH_S[1] else 40
            for plane, value in zip(frame.planes, (luma, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            frame.pts, frame.time_base = i, Fraction(1, RATE)
            for packet in encoders[part].encode(frame):
                packet.stream, packet.time_base = video, Fraction(1, RATE)
                container.mux(packet)
        for i in range(int(length_s * 50)):
            t = i * 960 + np.arange(960)
            loud = FLASH_S[0] <= i / 50 < FLASH_S[1]
            tone = (np.sin(t * 2 * np.pi * 1000 / 48000) * 16000 * loud).astype(np.int16)
            sound = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, i * 960, Fraction(1, 48000)
            for packet in audio.encode(sound):
                container.mux(packet)
        for packet in audio.encode(None):
            container.mux(packet)


def recorded(root: Path, recording_id: str = "r1", room_id: str = "lobby", began_s: float = 1000.0) -> Path:
    """A recording of two peers; the second comes 1.5 s later, and its picture changes its size."""
    folder = root / room_id / recording_id
    folder.mkdir(parents=True)
    write_clip(folder / "ana.mkv", 3.0, [(320, 180)])
    write_clip(folder / "ben.mkv", 2.0, [(160, 90), (640, 360)])
    files = [described("ana", began_s, 3.0), described("ben", began_s + 1.5, 2.0)]
    write_sidecar(folder, room_id, began_s, files)
    return folder


def described(peer_id: str, start_s: float, length_s: float) -> dict[str, Any]:
    tracks = [{"kind": "video", "codec": "video/VP8"}, {"kind": "audio", "codec": "audio/opus"}]
    return {
        "path": f"{peer_id}.mkv",
        "peerId": peer_id,
        "source": "camera",
        "format": "mkv",
        "startedAt": start_s,
        "durationS": length_s,
        "bytes": 1,
        "tracks": tracks,
    }


def write_sidecar(folder: Path, room_id: str, began_s: float, files: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sidecar = {"roomId": room_id, "recordingId": folder.name, "startedAt": began_s, "files": files}
    (folder / "recording.json").write_text(json.dumps({**sidecar, "ended": "stopped"}))


@needs_ffmpeg
def test_two_peers_are_side_by_side_and_each_at_its_time(tmp_path: Path) -> None:
    out, progress = tmp_path / "out.mp4", []
    compose(clips_of(recorded(tmp_path)), out, lambda done, total: progress.append((done, total)))
    left, right, tones, end_s = [], [], [], 0.0
    with av.open(str(out)) as container:
        for frame in container.decode(video=0):
            grey = frame.to_ndarray(format="gray")
            end_s = float(frame.time or 0.0) + 1 / RATE
            left += [float(frame.time or 0.0)] if grey[360, 320] > 150 else []
            right += [float(frame.time or 0.0)] if grey[360, 960] > 150 else []
    with av.open(str(out)) as container:
        for sound in container.decode(audio=0):
            block: Any = sound.to_ndarray()
            tones += [float(sound.time or 0.0)] if abs(block).max() > 0.1 else []
    assert end_s == pytest.approx(3.5, abs=0.1)
    assert left[0] == pytest.approx(1.0, abs=0.06)
    assert left[-1] == pytest.approx(1.2, abs=0.06)
    assert right[0] == pytest.approx(2.5, abs=0.06)
    assert right[-1] == pytest.approx(2.7, abs=0.06)
    first, second = [t for t in tones if t < 2], [t for t in tones if t >= 2]
    assert first[0] == pytest.approx(left[0], abs=0.06)
    assert second[0] == pytest.approx(right[0], abs=0.06)
    assert progress[-1][1] == pytest.approx(3.5)
    assert [path.name for path in tmp_path.glob("out*")] == ["out.mp4"]


def test_a_file_that_exists_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sidecar(tmp_path / "r1", "lobby", 1.0, [described("ana", 1.0, 2.0)])
    (tmp_path / "r1" / "ana.mkv").write_bytes(b"media")
    clips = clips_of(tmp_path / "r1")
    out = tmp_path / "out.mp4"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Unsupported, match="install"):
        compose(clips, out, lambda done, total: None)
    out.write_bytes(b"mine")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/ffmpeg")
    with pytest.raises(InvalidState, match="exists"):
        compose(clips, out, lambda done, total: None)
    assert out.read_bytes() == b"mine"


@needs_ffmpeg
def test_what_ffmpeg_cannot_read_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    write_sidecar(tmp_path / "r1", "lobby", 1.0, [described("ana", 1.0, 2.0)])
    (tmp_path / "r1" / "ana.mkv").write_bytes(b"no media")
    with pytest.raises(MediadError, match="ffmpeg failed"):
        compose(clips_of(tmp_path / "r1"), tmp_path / "out.mp4", lambda done, total: None)
    assert list(tmp_path.glob("out*")) == []


def test_folders_are_found_and_files_of_all_processes_are_in(tmp_path: Path) -> None:
    for room_id, name, began_s in (("lobby", "r1", 1.0), ("lobby", "r2", 9.0), ("attic", "r3", 20.0)):
        write_sidecar(tmp_path / room_id / name, room_id, began_s, [described("ana", began_s, 2.0)])
        (tmp_path / room_id / name / "ana.mkv").touch()
    assert newest_folder(str(tmp_path), "lobby").name == "r2"
    with pytest.raises(NotFound, match="no recording of room"):
        newest_folder(str(tmp_path), "cellar")
    folder = tmp_path / "lobby" / "r2"
    write_sidecar(folder.with_name("r2-2"), "lobby", 12.0, [described("ben", 12.0, 2.0)])
    (folder.with_name("r2-2") / "ben.mkv").touch()
    assert newest_folder(str(tmp_path), "lobby") == folder
    assert [clip.who[0] for clip in clips_of(folder)] == ["ana", "ben"]


def test_a_folder_without_files_or_without_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is no recording"):
        clips_of(tmp_path)
    write_sidecar(tmp_path, "lobby", 1.0, [described("ana", 1.0, 2.0)])  # whose file is not there
    with pytest.raises(InvalidState, match="nothing was recorded"):
        clips_of(tmp_path)
    for broken in (b"{", b'{"roomId":"\xff"}'):
        (tmp_path / "recording.json").write_bytes(broken)
        with pytest.raises(MediadError, match="cannot be read"):
            clips_of(tmp_path)
