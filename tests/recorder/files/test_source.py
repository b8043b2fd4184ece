"""Sources: when a file begins, which tracks are in it, and when another one follows."""

from __future__ import annotations

import pytest

from mediad.errors import InvalidState
from mediad.recorder.files.part import Part
from mediad.recorder.files.source import CUT_US, GATHER_US, MAX_HELD_BYTES, First, Source
from mediad.recorder.track import PlacedFrame, Track
from tests.recorder.files.test_part import NoDisk, audio, summary, track, video


class Files(Source):
    """A source whose files are written nowhere."""

    def __init__(self) -> None:
        super().__init__(lambda first, number: Part(NoDisk(), f"/d/{number}", "mkv", first))

    def told(self) -> list[list[tuple[str, int]]]:
        """(track, frames) of each file."""
        return [[(entry.track_id, entry.frames) for entry in summary(part).tracks] for part in self.parts]


def test_a_file_begins_when_all_that_was_waited_for_is_there() -> None:
    files, camera, microphone = Files(), track(), track("a", "audio/opus", 22)
    files.add(camera)
    files.add(microphone)
    files.take(microphone, [audio(0)], 0)
    files.poll(GATHER_US - 1)
    assert files.told() == []
    files.take(camera, [video(0, True)], GATHER_US - 1)
    files.poll(GATHER_US)
    assert files.told() == [[("a", 1), ("v", 1)]]


def test_a_track_that_does_not_come_is_not_waited_for() -> None:
    files, microphone = Files(), track("a", "audio/opus", 22)
    files.add(track())
    files.add(microphone)
    files.take(microphone, [audio(0)], 0)
    files.poll(GATHER_US)
    assert files.told() == [[("a", 1)]]


def test_video_begins_with_a_key_frame_which_is_asked_for() -> None:
    files, camera = Files(), track()
    files.add(camera)
    camera._depacketizer.waits = False  # type: ignore[misc]
    files.take(camera, [video(0), video(33_000)], 0)
    assert camera.wants_key_frame(1)
    files.take(camera, [video(66_000, True), video(99_000)], 0)
    files.poll(GATHER_US)
    assert files.told() == [[("v", 2)]]


def begun(*tracks: Track) -> Files:
    files = Files()
    for one in tracks:
        files.add(one)
        files.take(one, [video(0, True) if one.kind == "video" else audio(0)], 0)
    files.poll(GATHER_US)
    return files


def test_a_track_that_comes_later_begins_another_file() -> None:
    microphone, camera = track("a", "audio/opus", 22), track()
    files = begun(microphone)
    files.add(camera)
    files.take(microphone, [audio(3_000_000)], 3_000_000)
    files.take(camera, [video(3_010_000, True)], 3_010_000)
    files.take(microphone, [audio(3_020_000)], 3_020_000)
    files.take(camera, [video(3_043_000)], 3_043_000)
    assert files.told() == [[("a", 2)], [("v", 2), ("a", 1)]]


def test_the_picture_goes_on_in_the_old_file_until_its_next_key_frame() -> None:
    microphone, camera = track("a", "audio/opus", 22), track()
    files = begun(camera)
    camera._depacketizer.waits = False  # type: ignore[misc]
    files.add(microphone)
    files.take(camera, [video(2_990_000)], 2_990_000)
    files.take(microphone, [audio(3_000_000)], 3_000_000)
    assert camera.wants_key_frame(3_000_000)
    files.take(camera, [video(3_010_000), video(3_043_000, True), video(3_076_000)], 3_010_000)
    assert files.told() == [[("v", 3)], [("a", 1), ("v", 2)]]


def test_a_key_frame_that_does_not_come_is_not_waited_for_long() -> None:
    microphone, camera = track("a", "audio/opus", 22), track()
    files = begun(camera)
    files.add(microphone)
    for at_us in range(3_000_000, 3_000_000 + CUT_US + 100_000, 50_000):
        files.take(camera, [video(at_us)], at_us)
        files.take(microphone, [audio(at_us)], at_us)
    assert [[name for name, _ in part] for part in files.told()] == [["v"], ["a"]]
    files.take(camera, [video(7_000_000, True)], 7_000_000)
    files.take(microphone, [audio(7_000_000)], 7_000_000)
    assert [name for name, _ in files.told()[2]] == ["v", "a"]


def test_a_track_that_ended_leaves_its_place_to_one_of_its_codec() -> None:
    microphone, camera = track("a", "audio/opus", 22), track()
    files = begun(camera, microphone)
    files.remove(camera, 5_000_000)
    files.take(microphone, [audio(5_000_000)], 5_000_000)
    again = track("v2", ssrc=33)
    files.add(again)
    files.take(again, [video(9_000_000, True)], 9_000_000)
    assert files.told() == [[("v", 1), ("v2", 1), ("a", 2)]]


def test_another_codec_gets_another_file() -> None:
    files, camera = begun(track()), track("h", "video/H264", 33)
    files.remove(files.tracks[0], 1_000_000)
    files.add(camera)
    files.take(camera, [video(9_000_000, True)], 9_000_000)
    files.poll(9_000_000 + GATHER_US)
    assert files.told() == [[("v", 1)], [("h", 1)]]


def test_the_last_track_ends_the_file_and_a_short_one_is_kept() -> None:
    files, camera = Files(), track()
    files.add(camera)
    files.take(camera, [video(0, True)], 0)
    files.remove(camera, 10_000)
    assert files.told() == [[("v", 1)]]
    assert files.tracks == []


def test_there_is_one_track_of_a_kind() -> None:
    files = Files()
    files.add(track())
    with pytest.raises(InvalidState, match="peer has a track of video for camera already"):
        files.add(track("w", ssrc=12))


def test_what_is_held_is_bounded() -> None:
    files, camera = Files(), track()
    files.add(camera)
    large = video(0, True)
    large = PlacedFrame(large.frame._replace(data=bytes(MAX_HELD_BYTES // 2)), 0)
    files.take(camera, [large, large, large], 0)
    assert files.told() == [[("v", 3)]]


def test_the_first_frames_are_of_each_track() -> None:
    seen: list[First] = []

    def begin(first: First, number: int) -> Part:
        seen.append(first)
        return Part(NoDisk(), f"/d/{number}", "mkv", first)

    files, camera = Source(begin), track()
    files.add(camera)
    files.take(camera, [video(0, True), video(33_000, True)], 0)
    files.poll(GATHER_US)
    assert [[placed.at_us for _, placed in first] for first in seen] == [[0]]
