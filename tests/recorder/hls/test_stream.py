"""A peer's stream in a folder: real frames in, and what a player would read out."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, cast

import av
import pytest

from mediad.recorder.hls.playlist import PARTS_OF
from mediad.recorder.hls.stream import SILENT_S, Cut, Stream
from tests.support.encoded import Frame, interleaved, pictures, sound

NOON_S = 1_700_000_000.0
CUT = Cut(segment_s=2.0, part_s=0.5, keep=3)


def stream(folder: Path, cut: Cut = CUT, *, video: bool = True, audio: bool = True) -> Stream:
    one = Stream(folder, cut, NOON_S)
    one.set_tracks(video=video, audio=audio)
    return one


def feed(one: Stream, video: tuple[Frame, ...], audio: tuple[Frame, ...], width: int = 320) -> int:
    """Write frames; return how often the playlist has changed."""
    changes = 0
    for kind, frame in interleaved(video, audio):
        if kind == "video":
            changes += one.write_video(
                "h264", frame.data, frame.at_s, key_frame=frame.key_frame, size=(width, 240)
            )
        else:
            changes += one.write_audio(frame.data, frame.at_s)
    return changes


def later(frames: tuple[Frame, ...], by_s: float) -> tuple[Frame, ...]:
    return tuple(Frame(frame.at_s + by_s, frame.data, frame.key_frame) for frame in frames)


def decoded(folder: Path) -> dict[str, int]:
    """The frames that a player gets from all that the playlist tells, by their kind."""
    counts = {"video": 0, "audio": 0}
    data = b""
    for line in [*(folder / "index.m3u8").read_text().splitlines(), '#EXT-X-MAP:URI=""']:
        if line.startswith("#EXT-X-MAP"):
            if data:
                with av.open(io.BytesIO(data)) as container:
                    for packet in cast(Any, container).demux():
                        counts[packet.stream.type] += len(packet.decode())
            name = line.split('"')[1]
            data = (folder / name).read_bytes() if name else b""
        elif line.endswith(".m4s"):
            data += (folder / line).read_bytes()
    return counts


def test_everything_that_was_sent_can_be_played(tmp_path: Path) -> None:
    one = stream(tmp_path, Cut(2.0, 0.5, keep=20))
    changes = feed(one, pictures("h264", 6), sound(6))
    one.end()
    assert decoded(tmp_path) == {"video": 180, "audio": 300}
    assert changes >= 11
    text = (tmp_path / "index.m3u8").read_text()
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert "#EXT-X-DISCONTINUITY\n" not in text
    lengths = [float(length) for length in re.findall(r"#EXTINF:([\d.]+)", text)]
    assert lengths == pytest.approx([2.0, 2.0, 2.0], abs=0.05)


def test_parts_are_ranges_of_their_segments(tmp_path: Path) -> None:
    one = stream(tmp_path)
    feed(one, pictures("h264", 3.2), sound(3.2))
    found = re.findall(r'URI="(\d+)\.m4s",BYTERANGE="(\d+)@(\d+)"', (tmp_path / "index.m3u8").read_text())
    assert {int(number) for number, _, _ in found} == {0, 1}
    for number, size, offset in found:
        piece = (tmp_path / f"{number}.m4s").read_bytes()[int(offset) : int(offset) + int(size)]
        assert piece[4:8] == b"moof"


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    one = stream(tmp_path)
    for turn in range(6):
        feed(one, later(pictures("h264", 4), turn * 4.0), later(sound(4), turn * 4.0))
    names = sorted(path.name for path in tmp_path.glob("*.m4s"))
    assert len(names) <= CUT.keep + 2
    assert "0.m4s" not in names
    assert one.kept_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.m4s"))
    while one.shed():
        pass
    assert len(list(tmp_path.glob("*.m4s"))) == 1
    assert one.playlist.text().count("#EXT-X-PART:") <= PARTS_OF * 4


def test_another_size_is_another_set_up_of_the_decoder(tmp_path: Path) -> None:
    one = stream(tmp_path, Cut(2.0, 0.5, keep=20))
    feed(one, pictures("h264", 2), sound(2))
    feed(one, later(pictures("h264", 2, width=640), 2.0), later(sound(2), 2.0), width=640)
    one.end()
    text = (tmp_path / "index.m3u8").read_text()
    assert re.findall(r"init-\d+", text) == ["init-1", "init-2"]
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert decoded(tmp_path)["video"] == 120


def test_sound_goes_on_alone_and_pictures_come_back(tmp_path: Path) -> None:
    one = stream(tmp_path, Cut(2.0, 0.5, keep=20))
    feed(one, pictures("h264", 2), sound(2 + SILENT_S + 2))
    feed(one, later(pictures("h264", 2), 6.0), later(sound(2), 6.0))
    one.end()
    counts = decoded(tmp_path)
    assert counts["video"] == 120
    assert counts["audio"] > 50 * (2 + 2 + 2 - 0.5)
    assert (tmp_path / "index.m3u8").read_text().count("#EXT-X-DISCONTINUITY\n") == 2


def test_a_peer_without_a_camera_is_heard(tmp_path: Path) -> None:
    one = stream(tmp_path, video=False)
    feed(one, (), sound(3))
    one.end()
    assert decoded(tmp_path) == {"video": 0, "audio": 150}


def test_pictures_begin_with_a_key_frame(tmp_path: Path) -> None:
    one = stream(tmp_path, audio=False)
    feed(one, pictures("h264", 1)[1:], ())
    assert not (tmp_path / "index.m3u8").exists()


def test_key_frames_are_asked_for_once_a_segment(tmp_path: Path) -> None:
    one = stream(tmp_path)
    assert [at_s for at_s in (0.0, 0.5, 1.4, 1.5, 2.9, 3.1) if one.wants_key_frame(at_s)] == [0.0, 1.5, 3.1]
    one.set_tracks(video=False, audio=True)
    assert not one.wants_key_frame(9.0)
