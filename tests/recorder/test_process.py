"""The life of a recorder process: whole files whatever ends it, and files that play if it is killed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from mediad.pipe.recorder_requests import FileFinished, StopRecorder
from mediad.recorder.process import NICENESS
from tests.support.loops import on_loop
from tests.support.recorder_feed import Sender, add_track
from tests.support.recorder_media import clip, decode
from tests.support.recorder_process import PlainTransport, RecorderProcess, recorder_process

SECONDS = 4.0


@asynccontextmanager
async def recorded(
    directory: Path, form: str = "mkv", video: str = "video/VP8"
) -> AsyncIterator[tuple[RecorderProcess, Path]]:
    """A process that a clip was sent to, and the path of its file."""
    tracks = [add_track("v", video, 11), add_track("a", "audio/opus", 22)]
    streams = []
    for track in tracks:
        mime_type = track.rtp_parameters.codecs[0].mime_type
        sender = Sender(mime_type, track.rtp_parameters.encodings[0].ssrc, delay_s=0.0)
        streams += [sender.media(clip(mime_type, SECONDS)), sender.reports([0.1, 1.1, 2.1, 3.1])]
    async with recorder_process() as recorder:
        transport = PlainTransport()
        try:
            started = await transport.start(recorder, directory, format=form)
            for track in tracks:
                await recorder.ask(track)
            await transport.play(*streams)
            yield recorder, Path(started.folder) / f"peer.camera.{form}"
        finally:
            transport.close()


def test_a_stopped_recording_is_whole(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        async with recorded(tmp_path) as (recorder, path):
            assert psutil.Process(recorder.process.pid).nice() == NICENESS
            (file,) = (await recorder.ask(StopRecorder())).files
            assert (file.path, file.finished, file.bytes) == (str(path), True, path.stat().st_size)
            assert abs(file.duration_s - SECONDS) < 0.1
            assert [event.file.path for event in recorder.events if isinstance(event, FileFinished)] == [
                file.path
            ]
            recorder.pipes.hang_up()
            assert await recorder.process.wait() == 0
        shown = decode(path)
        assert abs(shown.end_s - SECONDS) < 0.1
        assert len(shown.flashes) == len(shown.beeps) == 4

    run()


@pytest.mark.parametrize(
    ("form", "video"), [("mkv", "video/H264"), ("webm", "video/VP8"), ("mp4", "video/H264")]
)
def test_a_killed_recorder_leaves_all_but_two_seconds(tmp_path: Path, form: str, video: str) -> None:
    @on_loop
    async def run() -> None:
        async with recorded(tmp_path, form, video) as (recorder, path):
            recorder.process.kill()
            await recorder.process.wait()
        assert decode(path).end_s > SECONDS - 2

    run()


@pytest.mark.parametrize("how", ["pipe", "SIGTERM"])
def test_files_are_finished_when_the_supervisor_is_gone(tmp_path: Path, how: str) -> None:
    @on_loop
    async def run() -> None:
        async with recorded(tmp_path) as (recorder, path):
            await asyncio.sleep(0.1)  # the last packets are on their way
            if how == "pipe":
                recorder.pipes.close()
            else:
                recorder.process.send_signal(signal.SIGTERM)
            assert await recorder.process.wait() == 0
        assert abs(decode(path).end_s - SECONDS) < 0.1

    run()


def test_a_terminal_s_signals_end_nothing(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        async with recorded(tmp_path) as (recorder, _):
            recorder.process.send_signal(signal.SIGINT)
            recorder.process.send_signal(signal.SIGHUP)
            assert (await recorder.ask(StopRecorder())).files

    run()
