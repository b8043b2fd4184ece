"""A recording: its folder, its sidecar, and the rules by which it ends."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from mediad.errors import Full, InvalidState, Unavailable
from mediad.pipe.recorder_requests import FileFinished, RecordingEnded
from mediad.recorder.files import recording as module
from mediad.recorder.files import writer
from tests.support.loops import on_loop, until
from tests.support.recorder_feed import Feed, Sender, add_track, record
from tests.support.recorder_media import clip, decode


def playable_s(path: Path) -> float:
    """The seconds of a file that a player shows, which may end in the middle of something."""
    end_s = 0.0
    with av.open(str(path)) as container:
        for packet in container.demux():
            for frame in packet.decode():
                end_s = max(end_s, float(frame.time or 0.0))  # type: ignore[union-attr]
    return end_s


def ends(feed: Feed) -> list[RecordingEnded]:
    return [event for event in feed.events if isinstance(event, RecordingEnded)]


def streams(seconds: float = 3.0) -> list[list[tuple[float, bytes]]]:
    video, audio = Sender("video/VP8", 11), Sender("audio/opus", 22)
    times = [0.1 + second for second in range(int(seconds))]
    return [
        *(video.media(clip("video/VP8", seconds)), video.reports(times)),
        *(audio.media(clip("audio/opus", seconds)), audio.reports(times)),
    ]


async def begun(directory: Path, **output: object) -> Feed:
    feed = await Feed(directory, **output).start()
    feed.tracks.add(add_track("v", "video/VP8", 11))
    feed.tracks.add(add_track("a", "audio/opus", 22))
    return feed


def test_the_sidecar_says_what_is_in_the_folder(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed, (path,) = await record(tmp_path, "video/VP8", "audio/opus")
        told = json.loads((path.parent / "recording.json").read_text())
        assert (told["roomId"], told["recordingId"], told["ended"]) == ("room", "one", "stopped")
        (file,) = told["files"]
        assert (file["path"], file["peerId"], file["source"]) == (path.name, "peer", "camera")
        assert file["finished"] is True
        assert file["bytes"] == path.stat().st_size
        assert abs(file["startedAt"] - told["startedAt"] - 0.02) < 0.05
        assert [track["codec"] for track in file["tracks"]] == ["video/VP8", "audio/opus"]
        assert sorted(p.name for p in path.parent.iterdir()) == [path.name, "recording.json"]
        assert [event.file.path for event in feed.events if isinstance(event, FileFinished)] == [str(path)]

    run()


def test_a_recorder_that_is_killed_has_told_what_it_began(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await begun(tmp_path)
        feed.play(*streams())
        sidecar = tmp_path / "room" / "one" / "recording.json"
        await until(sidecar.exists)
        told = json.loads(sidecar.read_text())
        assert told["ended"] == ""
        assert [file["path"] for file in told["files"]] == ["peer.camera.mkv"]
        assert "finished" not in told["files"][0]
        await feed.stop()

    run()


def test_ids_never_lead_out_of_the_directory(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        directory = tmp_path / "recordings"
        directory.mkdir()
        feed = await Feed(directory).start("../../room", "/etc/x")
        feed.tracks.add(add_track("v", "video/VP8", 11, peer_id="../..", source="/tmp/a"))
        feed.play(streams()[0])
        (path,) = await feed.stop()
        assert path.resolve().is_relative_to(directory)
        assert path.exists()

    run()
    assert [path.name for path in tmp_path.iterdir()] == ["recordings"]


def test_the_time_limit_ends_it(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await begun(tmp_path, max_duration_s=2)
        feed.play(*streams())
        feed.pass_to(3.5)
        (end,) = ends(feed)
        assert end.code == "duration"
        (path,) = await feed.stop()
        assert 2.0 <= decode(path).end_s <= 3.1
        told = json.loads((path.parent / "recording.json").read_text())
        assert (told["ended"], told["files"][0]["finished"]) == ("duration", True)
        with pytest.raises(InvalidState, match="has ended: duration"):
            feed.tracks.add(add_track("w", "video/VP8", 33, peer_id="late"))

    run()


def test_the_size_limit_ends_it(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await begun(tmp_path, max_file_bytes=5_000)
        half = [[entry for entry in stream if entry[0] < 2.0] for stream in streams()]
        feed.play(*half)
        await feed.recording._writer.call(lambda: None)
        feed.pass_to(5.0)
        (end,) = ends(feed)
        assert end.code == "file-size"
        await feed.stop()

    run()


def test_a_directory_that_goes_away_ends_it(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await begun(tmp_path)
        feed.play(*streams())
        await feed.recording._writer.call(lambda: shutil.rmtree(tmp_path / "room"))
        feed.pass_to(5.0)
        await until(lambda: ends(feed))
        assert ends(feed)[0].code == "directory-gone"
        await feed.stop()

    run()


@contextmanager
def small_files() -> Iterator[None]:
    """Limit files to 16 KiB: writing more fails, as on a full disk. Not for longer than needed, for it
    holds for pytest's own output too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)


def test_what_was_written_before_an_error_plays(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await begun(tmp_path)
        with small_files():
            feed.play(*streams())
            await until(lambda: ends(feed))
        (end,) = ends(feed)
        assert end.code == "file-size"
        (path,) = await feed.stop()
        assert path.stat().st_size == 16 * 1024
        assert playable_s(path) > 0.9

    run()


def test_a_disk_with_too_little_space_is_refused(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        with pytest.raises(Unavailable, match=r"MiB are free, and .* MiB have to stay free"):
            await Feed(tmp_path, keep_free_bytes=1 << 60).start()

    run()


def test_a_recording_has_a_bounded_number_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @on_loop
    async def run() -> None:
        monkeypatch.setattr(module, "MAX_FILES", 1)
        feed = await begun(tmp_path)
        feed.play(*streams())
        with pytest.raises(Full, match="has 1 files"):
            feed.tracks.add(add_track("w", "video/VP8", 33, peer_id="late"))
        await feed.stop()

    run()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this system mounts no tmpfs: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_ends_it_and_what_was_written_plays(small_disk: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await begun(small_disk)
        feed.play(*streams(9.0))
        await until(lambda: ends(feed))
        assert ends(feed)[0].code == "disk-full"
        paths = await feed.stop()
        assert playable_s(paths[0]) > 1.9

    run()


def test_free_space_is_kept(small_disk: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await begun(small_disk, keep_free_bytes=48 * 1024)
        feed.play(*streams())
        await feed.recording._writer.call(lambda: None)
        feed.pass_to(5.0)
        await until(lambda: ends(feed))
        (end,) = ends(feed)
        assert end.code == "disk-full"
        assert "48 KiB" in end.reason
        (path,) = await feed.stop()
        assert decode(path).end_s > 1.9

    run()


def test_a_disk_that_does_not_keep_up_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @on_loop
    async def run() -> None:
        monkeypatch.setattr(writer, "MAX_QUEUED_BYTES", 20_000)
        feed = await begun(tmp_path)
        hangs = threading.Event()
        waiting = feed.recording._writer.call(lambda: hangs.wait(20))
        feed.play(*streams())
        (end,) = ends(feed)
        assert end.code == "disk-slow"
        hangs.set()
        await waiting
        (path,) = await feed.stop()
        assert 0.5 < decode(path).end_s < 2.9

    run()
