"""A show: frames of several tracks in, streams out, and when it ends."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mediad.errors import InvalidState
from mediad.pipe.recorder_requests import HlsOutput, RecordingEnded, StreamGrown
from mediad.recorder.codecs.frame import Frame, Picture
from mediad.recorder.hls import transcoder
from mediad.recorder.hls.show import Show
from mediad.recorder.timeline import PeerClock
from mediad.recorder.track import PlacedFrame, Track
from tests.support import encoded
from tests.support.loops import on_loop
from tests.support.recorder_feed import add_track

NAMES = {"video/H264": "h264", "video/VP8": "vp8"}
Heard = list[StreamGrown | RecordingEnded]


async def begin(folder: Path, heard: Heard, *, max_bytes: int = 0, transcode: bool = False) -> Show:
    output = HlsOutput(str(folder), 2.0, 0.5, max_bytes=max_bytes, transcode=transcode)
    return await Show.start("room", "hls-1", output, heard.append)


def track(ssrc: int, mime_type: str = "video/H264", peer_id: str = "ana") -> Track:
    request = add_track(str(ssrc), mime_type, ssrc)
    request.peer_id, request.source = peer_id, "camera"
    return Track(request, PeerClock())


def send(show: Show, one: Track, seconds: float, begin_us: int) -> None:
    """Hand in real frames of a track."""
    audio = one.kind == "audio"
    frames = encoded.sound(seconds) if audio else encoded.pictures(NAMES[one.mime_type], seconds)
    for frame in frames:
        at_us = begin_us + round(frame.at_s * 1e6)
        picture = Picture(320, 240) if not audio and frame.key_frame else None
        placed = PlacedFrame(Frame(frame.data, 0, frame.key_frame, at_us, picture), at_us)
        show.take(one, [placed], at_us)


def grown(heard: Heard) -> list[StreamGrown]:
    return [event for event in heard if isinstance(event, StreamGrown)]


def segment_bytes(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).glob("*.m4s"))


def playlist_s(folder: str) -> float:
    text = Path(folder, "index.m3u8").read_text()
    return sum(map(float, re.findall(r"#EXTINF:([\d.]+)", text)))


@on_loop
async def test_a_camera_and_its_microphone_are_one_stream(tmp_path: Path) -> None:
    heard: Heard = []
    show = await begin(tmp_path, heard)
    camera, microphone = track(1), track(2, "audio/opus")
    show.add(camera)
    show.add(microphone)
    for turn in range(4):
        send(show, camera, 1.0, show.started_us + turn * 1_000_000)
        send(show, microphone, 1.0, show.started_us + turn * 1_000_000)
    assert {(event.peer_id, event.source) for event in grown(heard)} == {("ana", "camera")}
    (folder,) = {event.folder for event in grown(heard)}
    assert folder.startswith(f"{tmp_path}/")
    positions = [(event.segment, event.part) for event in grown(heard)]
    assert positions == sorted(positions)
    show.remove(camera, 0)
    assert not grown(heard)[-1].ended
    show.remove(microphone, 0)
    assert grown(heard)[-1].ended
    await show.finish(0)


@on_loop
async def test_each_peer_has_a_stream_and_one_track_of_each_kind(tmp_path: Path) -> None:
    heard: Heard = []
    show = await begin(tmp_path, heard)
    show.add(track(1))
    with pytest.raises(InvalidState, match="has a track of video"):
        show.add(track(3))
    ben = track(2, peer_id="ben")
    show.add(ben)
    send(show, ben, 2.0, show.started_us)
    assert {event.peer_id for event in grown(heard)} == {"ben"}
    await show.finish(0)
    with pytest.raises(InvalidState, match="has ended"):
        show.add(track(4, peer_id="cem"))


@on_loop
async def test_what_players_cannot_take_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: Heard = []
    show = await begin(tmp_path, heard)
    camera, microphone = track(1, "video/VP8"), track(2, "audio/opus")
    show.add(camera)
    show.add(microphone)
    assert "VP8" in caplog.text
    send(show, camera, 1.0, show.started_us)
    assert heard == []
    send(show, microphone, 2.0, show.started_us)
    assert grown(heard)
    await show.finish(0)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@on_loop
async def test_vp8_is_transcoded_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcoder, "END_S", 60.0)  # four seconds of pictures are handed in at once
    heard: Heard = []
    show = await begin(tmp_path, heard, transcode=True)
    camera = track(1, "video/VP8")
    show.add(camera)
    send(show, camera, 4.0, show.started_us)
    await show.finish(0)
    assert playlist_s(grown(heard)[-1].folder) >= 1.0


@on_loop
async def test_old_segments_go_early_to_stay_within_the_bound(tmp_path: Path) -> None:
    heard: Heard = []
    show = await begin(tmp_path, heard, max_bytes=30_000)
    camera = track(1)
    show.add(camera)
    for turn in range(5):
        send(show, camera, 4.0, show.started_us + turn * 4_000_000)
    assert segment_bytes(grown(heard)[-1].folder) <= 30_000
    assert show.ended == ""
    await show.finish(0)


@on_loop
async def test_a_folder_that_is_gone_ends_it_once(tmp_path: Path) -> None:
    heard: Heard = []
    show = await begin(tmp_path, heard)
    camera = track(1)
    show.add(camera)
    send(show, camera, 1.0, show.started_us)
    shutil.rmtree(tmp_path / "room")
    send(show, camera, 1.0, show.started_us + 1_000_000)
    ended = [event for event in heard if isinstance(event, RecordingEnded)]
    assert [event.code for event in ended] == ["directory-gone"]
    assert show.ended == "directory-gone"
    await show.finish(0)


@on_loop
async def test_key_frames_are_asked_for_once_a_segment(tmp_path: Path) -> None:
    show = await begin(tmp_path, [])
    camera = track(1)
    show.add(camera)
    asked = 0
    for tenth in range(60):
        now_us = show.started_us + tenth * 100_000
        show.poll(now_us)
        asked += camera.wants_key_frame(now_us)
    assert 2 <= asked <= 4
    await show.finish(0)
