"""All tracks together: losses, disorder, pauses and resolutions, and files that play all the same."""

from __future__ import annotations

import random
from pathlib import Path

import av
import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket

from mediad.errors import Full, InvalidState, NotFound, Unsupported
from mediad.recorder import tracks as module
from mediad.recorder.rtp.reorder import WAIT_US
from tests.support.loops import on_loop
from tests.support.recorder_feed import Feed, Sender, add_track, rtp, sender_report
from tests.support.recorder_media import clip, decode

VIDEO = ["video/VP8", "video/VP9", "video/H264", "video/H265", "video/AV1"]


async def call(directory: Path, video: str = "video/VP8", **output: object) -> Feed:
    """A recording of a camera and a microphone, of which nothing has come yet."""
    feed = await Feed(directory, **output).start()
    feed.tracks.add(add_track("v", video, 11))
    feed.tracks.add(add_track("a", "audio/opus", 22))
    return feed


@pytest.mark.parametrize("video", VIDEO)
def test_losses_and_disorder_leave_files_that_decode(tmp_path: Path, video: str) -> None:
    clip(video, 5.0)  # encoding it may take longer than a test should

    @on_loop
    async def run() -> None:
        feed = await call(tmp_path, video)
        chance = random.Random(7)
        arrivals = []
        for sender, mime_type in ((Sender(video, 11), video), (Sender("audio/opus", 22), "audio/opus")):
            arrivals += sender.reports(range(1, 5))
            for at_s, data in sender.media(clip(mime_type, 5.0)):
                if at_s > 1 and chance.random() < 0.03:  # the first key frame comes
                    continue
                arrivals.append((at_s + chance.random() * 0.05, data))
                if chance.random() < 0.03:
                    arrivals.append((at_s + 0.06, data))
        feed.play(arrivals)
        (path,) = await feed.stop()
        shown = decode(path)
        assert abs(shown.end_s - 5.0) < 0.1
        (file,) = feed.recording.files()
        assert all(track.lost_packets > 0 for track in file.tracks)
        assert 30 < len(shown.video) < 150
        asked = [p for d in feed.sent for p in RtcpPacket.parse(d) if isinstance(p, RtcpPsfbPacket)]
        assert 2 <= len(asked) <= 6
        beeps = {round(beep): beep for beep in shown.beeps}
        together = [(flash, beeps[round(flash)]) for flash in shown.flashes if round(flash) in beeps]
        assert len(together) >= 3
        assert all(abs(flash - beep) < 0.06 for flash, beep in together)  # a beep may begin with a loss

    run()


def test_lips_are_in_sync_whatever_the_network_does(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await call(tmp_path)
        video, audio = Sender("video/VP8", 11, delay_s=0.3), Sender("audio/opus", 22, delay_s=0.03)
        feed.play(
            *(video.media(clip("video/VP8", 6.0)), video.reports([0.2, 1.2, 2.2])),
            *(audio.media(clip("audio/opus", 6.0)), audio.reports([0.3, 5.3])),
        )
        (path,) = await feed.stop()
        shown = decode(path)
        assert len(shown.flashes) == len(shown.beeps) == 6
        for flash, beep in zip(shown.flashes, shown.beeps, strict=True):
            assert abs(flash - beep) < 0.04

    run()


def test_a_pause_is_a_gap_and_no_shift(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await call(tmp_path)
        streams = []
        for mime_type, ssrc in (("video/VP8", 11), ("audio/opus", 22)):
            sender = Sender(mime_type, ssrc)
            streams += [sender.media(clip(mime_type, 2.0)), sender.media(clip(mime_type, 2.0), start_s=7.0)]
        feed.play(*streams)
        (path,) = await feed.stop()
        shown = decode(path)
        assert [round(at_s) for at_s in shown.flashes] == [0, 1, 7, 8]
        assert [round(at_s) for at_s in shown.beeps] == [0, 1, 7, 8]
        assert abs(shown.end_s - 9.0) < 0.1
        (file,) = feed.recording.files()
        assert [(track.gaps, round(track.gap_s)) for track in file.tracks] == [(1, 5), (1, 5)]

    run()


@pytest.mark.parametrize("form", ["mkv", "mp4"])
@pytest.mark.parametrize("video", VIDEO)
def test_resolutions_change_within_a_file(tmp_path: Path, video: str, form: str) -> None:
    @on_loop
    async def run() -> None:
        feed = await call(tmp_path, video, format=form)
        sender = Sender(video, 11)
        feed.play(
            sender.media(clip(video, 1.0)),
            sender.media(clip(video, 1.0, (640, 360)), start_s=1.0),
            sender.media(clip(video, 1.0), start_s=2.0),
        )
        (path,) = await feed.stop()
        shown = decode(path)
        assert shown.sizes == [(320, 180), (640, 360), (320, 180)]
        assert len(shown.video) == 90

    run()


def test_what_does_not_belong_to_a_track_is_counted(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await call(tmp_path)
        for data in (b"", b"\x00" * 40, b"\x80" * 9000):
            feed.tracks.receive(data, 0)
        feed.tracks.receive(rtp(100, 1, 1, 99, b"x"), 0)
        feed.tracks.receive(rtp(101, 1, 1, 11, b"x"), 0)
        feed.tracks.receive(sender_report(99, 1.0, 1), 0)
        dropped = feed.tracks.dropped()
        assert (dropped["not_rtp"], dropped["unknown_ssrc"], dropped["payload_type"]) == (2, 2, 1)
        assert await feed.stop() == []

    run()


def test_tracks_that_cannot_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @on_loop
    async def run() -> None:
        feed = await call(tmp_path)
        with pytest.raises(InvalidState, match="track v is recorded already"):
            feed.tracks.add(add_track("v", "video/VP8", 33))
        with pytest.raises(InvalidState, match="another track has SSRC 11"):
            feed.tracks.add(add_track("w", "video/VP8", 11, source="screen"))
        with pytest.raises(InvalidState, match="peer has a track of video for camera already"):
            feed.tracks.add(add_track("w", "video/VP8", 33))
        with pytest.raises(Unsupported):
            feed.tracks.add(add_track("w", "video/theora", 33, source="screen"))
        with pytest.raises(NotFound, match="no track w"):
            feed.tracks.remove("w", 0)
        monkeypatch.setattr(module, "MAX_TRACKS", 2)
        with pytest.raises(Full, match="2 tracks are recorded already"):
            feed.tracks.add(add_track("w", "video/VP8", 33, source="screen"))
        await feed.stop()

    run()


def test_tracks_are_reported_on_and_asked_for(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await call(tmp_path)
        feed.pass_to(0.1)
        first = [p for d in feed.sent for p in RtcpPacket.parse(d) if isinstance(p, RtcpPsfbPacket)]
        assert [pli.media_ssrc for pli in first] == [11]
        feed.play(Sender("audio/opus", 22).media(clip("audio/opus", 3.0)))
        reports = [p for d in feed.sent for p in RtcpPacket.parse(d) if isinstance(p, RtcpRrPacket)]
        assert [report.reports[0].ssrc for report in reports if report.reports][:2] == [22, 22]
        await feed.stop()

    run()


def test_a_track_that_ends_gives_what_it_held(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await call(tmp_path)
        packets = Sender("audio/opus", 22).media(clip("audio/opus", 3.0))
        del packets[-3]
        feed.play(packets)
        assert WAIT_US > 100_000
        feed.tracks.remove("a", feed.now_us)
        (path,) = await feed.stop()
        assert abs(decode(path).end_s - 3.0) < 0.1

    run()


def test_peers_and_sources_have_files_of_their_own(tmp_path: Path) -> None:
    @on_loop
    async def run() -> None:
        feed = await Feed(tmp_path).start()
        streams = []
        for number, (peer, source) in enumerate([("p", "camera"), ("p", "screen"), ("q", "camera")]):
            feed.tracks.add(add_track(str(number), "video/VP8", 11 + number, peer_id=peer, source=source))
            sender = Sender("video/VP8", 11 + number)
            streams.append(sender.media(clip("video/VP8", 1.0), start_s=number))
        feed.play(*streams)
        paths = await feed.stop()
        assert [path.name for path in paths] == ["p.camera.mkv", "p.screen.mkv", "q.camera.mkv"]
        starts = [file.started_at for file in feed.recording.files()]
        assert [round(later - starts[0], 2) for later in starts] == [0.0, 1.0, 2.0]
        assert all(len(decode(path).video) == 30 for path in paths)

    run()


@pytest.mark.parametrize("video", VIDEO)
def test_spoilt_datagrams_end_nothing(tmp_path: Path, video: str) -> None:
    """Datagrams with wrong bytes, cut, repeated and in any order: what is written is still a file."""

    @on_loop
    async def run() -> None:
        feed = await call(tmp_path, video)
        chance = random.Random(5)
        arrivals = []
        for sender, mime_type in ((Sender(video, 11), video), (Sender("audio/opus", 22), "audio/opus")):
            arrivals += sender.media(clip(mime_type, 3.0)) + sender.reports([0.1, 1.1, 2.1])
        for at_s, data in list(arrivals):
            spoilt = bytearray(data)
            for _ in range(chance.randrange(1, 4)):
                spoilt[chance.randrange(min(len(spoilt), 60))] = chance.randrange(256)
            arrivals.append((at_s + chance.random(), bytes(spoilt[: chance.randrange(len(spoilt) + 1)])))
        feed.play(arrivals)
        paths = await feed.stop()
        assert feed.recording.ended == "stopped"
        assert paths
        for path in paths:
            with av.open(str(path)) as container:
                assert sum(1 for _ in container.demux()) > 0

    run()
