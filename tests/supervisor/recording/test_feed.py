"""The way from a room to a recorder."""

from __future__ import annotations

from pathlib import Path

from mediad.pipe.recorder_requests import FileOutput, GetRecorderStats, StartRecorder
from mediad.supervisor.recording.feed import RecorderFeed
from mediad.supervisor.recording.process import RecorderProcess
from tests.support.bookkeeping_plain import FIRST_PORT
from tests.support.calls import Call
from tests.support.loops import on_loop, until
from tests.support.recorders import tiny_recorder
from tests.support.rtp_samples import opus, vp8


class Owner:
    def __init__(self) -> None:
        self.told: list[str] = []

    def tap_ended(self, cause: str, reason: str) -> None:
        self.told.append(cause)


class Fed:
    """A feed from rooms to a tiny recorder."""

    def __init__(self, mode: str = "ready") -> None:
        self.process = RecorderProcess(lambda event: None)
        self.owner = Owner()
        self._mode = mode

    async def start(self, folder: Path, only: str | None = None) -> RecorderFeed:
        await self.process.spawn("info", "text", tiny_recorder(self._mode))
        started = await self.process.link.request(StartRecorder("room", "r1", FileOutput(str(folder))))
        self.folder, self.port = Path(started.folder), started.port
        return RecorderFeed(self.process.link, started.port, self.owner, only)

    async def files(self) -> list[tuple[str, str, bool]]:
        stats = await self.process.link.request(GetRecorderStats())
        return [(file.peer_id, file.source, file.finished) for file in stats.files]


@on_loop
async def test_tracks_are_added_and_removed_as_they_begin_and_end(tmp_path: Path) -> None:
    call, fed = Call(), Fed()
    ana = await call.member("ana")
    await ana.produce("audio", opus(), source="mic")
    feed = await fed.start(tmp_path)
    await feed.open(ana.seat.room)
    await until(lambda: feed.track_count == 1)
    video = await ana.produce("video", vp8(), source="screen")
    await until(lambda: feed.track_count == 2)
    await until(lambda: not any(c["paused"] for c in call.worker.consumers.values()))
    await ana.seat.producing.close(video)
    assert feed.track_count == 1
    assert await fed.files() == [("ana", "camera", False), ("ana", "screen", True)]
    await fed.process.stop()


@on_loop
async def test_each_end_knows_the_address_of_the_other(tmp_path: Path) -> None:
    call, fed = Call(), Fed()
    ana = await call.member("ana")
    await (await fed.start(tmp_path)).open(ana.seat.room)
    assert (fed.folder / "source").read_text() == f"127.0.0.1:{FIRST_PORT}"
    (connected,) = call.worker.called("transport.connectPlain")
    assert (connected["ip"], connected["port"]) == ("127.0.0.1", fed.port)
    await fed.process.stop()


@on_loop
async def test_a_second_camera_gets_a_source_of_its_own(tmp_path: Path) -> None:
    call, fed = Call(), Fed()
    ana = await call.member("ana")
    feed = await fed.start(tmp_path)
    await feed.open(ana.seat.room)
    await ana.produce("video", vp8(ssrc=1111), source="webcam")
    await until(lambda: feed.track_count == 1)
    await ana.produce("video", vp8(ssrc=2222, mid="9"), source="webcam")
    await until(lambda: feed.track_count == 2)
    assert {source for _, source, _ in await fed.files()} == {"camera", "camera-2"}
    await fed.process.stop()


@on_loop
async def test_a_track_that_the_recorder_does_not_take_is_left_out(tmp_path: Path) -> None:
    call, fed = Call(), Fed("picky")
    ana = await call.member("ana")
    feed = await fed.start(tmp_path)
    await feed.open(ana.seat.room)
    await ana.produce("video", vp8())
    await ana.produce("audio", opus())
    await until(lambda: len(call.worker.consumers) == 1 and feed.track_count == 1)
    assert await fed.files() == [("ana", "camera", False)]
    await fed.process.stop()


@on_loop
async def test_the_end_of_a_room_ends_the_tracks_and_it_can_be_opened_again(tmp_path: Path) -> None:
    call, fed = Call(), Fed()
    ana = await call.member("ana")
    await ana.produce("audio", opus())
    feed = await fed.start(tmp_path)
    await feed.open(ana.seat.room)
    await until(lambda: feed.track_count == 1)
    ana.disconnect()
    assert fed.owner.told == ["deserted"]
    assert feed.track_count == 0
    assert await fed.files() == [("ana", "camera", True)]
    ben = await call.member("ben")
    await ben.produce("audio", opus())
    await feed.open(ben.seat.room)
    await until(lambda: feed.track_count == 1)
    feed.close()
    feed.close()
    await call.settle()
    assert fed.owner.told == ["deserted"]
    assert not call.worker.consumers
    await fed.process.stop()
