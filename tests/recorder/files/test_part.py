"""One file's figures: where tracks begin, what is a gap, and what comes too late."""

from __future__ import annotations

from mediad.pipe.recorder_requests import FileSummary
from mediad.recorder.codecs.frame import Frame, Picture
from mediad.recorder.files.part import Part
from mediad.recorder.files.writer import Job
from mediad.recorder.timeline import PeerClock
from mediad.recorder.track import PlacedFrame, Track
from tests.support.recorder_feed import add_track


class NoDisk:
    """A disk on which nothing is ever written; what is put is kept."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Job, int]] = []
        self.thens: list[Job] = []
        self.whole: list[Part] = []

    def create(self, name: str) -> int:
        raise AssertionError(name)

    def put(self, job: Job, size: int, then: Job | None = None) -> None:
        self.jobs.append((job, size))
        if then is not None:
            self.thens.append(then)

    def wall_s(self, at_us: int) -> float:
        return 1000.0 + at_us / 1e6

    def finished(self, part: Part) -> None:
        self.whole.append(part)


def track(track_id: str = "v", mime_type: str = "video/VP8", ssrc: int = 11) -> Track:
    return Track(add_track(track_id, mime_type, ssrc), PeerClock())


def video(at_us: int, key: bool = False) -> PlacedFrame:
    return PlacedFrame(Frame(b"frame", 0, key, 0, Picture(640, 360) if key else None), at_us)


def audio(at_us: int) -> PlacedFrame:
    return PlacedFrame(Frame(b"sound", 0, True, 0, samples=960), at_us)


def summary(part: Part) -> FileSummary:
    return part.summary(10_000_000)


def test_a_file_begins_with_its_first_frame() -> None:
    disk, camera, microphone = NoDisk(), track(), track("a", "audio/opus", 22)
    part = Part(
        disk, "/d/p.camera", "mp4", [(camera, video(5_400_000, True)), (microphone, audio(5_000_000))]
    )
    part.write(microphone, audio(5_000_000))
    part.write(camera, video(5_400_000, True))
    told = summary(part)
    assert told.path == "/d/p.camera.mkv"  # of VP8 there is no MP4
    assert told.started_at == 1005.0
    assert [entry.offset_s for entry in told.tracks] == [0.4, 0.0]
    assert (told.tracks[0].width, told.tracks[0].height) == (640, 360)
    assert told.duration_s == 0.433333


def test_a_time_without_frames_is_a_gap() -> None:
    part = Part(NoDisk(), "/d/a", "mkv", [((microphone := track("a", "audio/opus", 22)), audio(0))])
    for at_us in (0, 20_000, 440_000, 2_000_000):
        part.write(microphone, audio(at_us))
    (entry,) = summary(part).tracks
    assert (entry.frames, entry.gaps, entry.gap_s) == (4, 1, 1.54)


def test_what_is_before_the_beginning_is_left_out() -> None:
    part = Part(NoDisk(), "/d/a", "mkv", [((microphone := track("a", "audio/opus", 22)), audio(100))])
    part.write(microphone, audio(50))
    assert (part.dropped, summary(part).tracks[0].frames) == (1, 0)


def test_another_track_takes_the_place_of_one_that_ended() -> None:
    first, second, other = track("v1"), track("v2", ssrc=12), track("v3", "video/H264", 13)
    part = Part(NoDisk(), "/d/a", "mkv", [(first, video(0, True))])
    part.write(first, video(0, True))
    assert part.fits(second)
    assert not part.fits(other)
    part.join(second)
    assert part.has(second)
    assert not part.has(first)
    part.write(second, video(9_000_000, True))
    assert [(entry.track_id, entry.offset_s) for entry in summary(part).tracks] == [("v1", 0.0), ("v2", 9.0)]


def test_a_file_is_finished_after_what_was_written() -> None:
    disk = NoDisk()
    part = Part(disk, "/d/a", "mkv", [((camera := track()), video(0, True))])
    part.write(camera, video(0, True))
    part.close()
    assert [size > 0 for _, size in disk.jobs] == [False, True, False]
    assert not summary(part).finished
    disk.thens.pop()()
    assert summary(part).finished
    assert disk.whole == [part]
