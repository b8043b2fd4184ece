"""A broadcaster with real media, through the real daemon: seen and heard like any peer, and seeing others."""

from __future__ import annotations

import asyncio

from tests.support.daemon import Daemon
from tests.support.loops import until_sync
from tests.support.mediactl import run_mediactl as mediactl
from tests.support.webrtc_broadcaster import WebRtcBroadcaster
from tests.support.webrtc_client import WebRtcClient, until


async def scenario(daemon: Daemon) -> None:
    async with await WebRtcClient.join(daemon.ws_url("room", "ana"), "ana") as ana:
        of_ana = await ana.produce_video(60)
        camera = await WebRtcBroadcaster.create(daemon.url, "room", "camera")
        (told,) = camera.peers.values()
        assert told["producers"] == [{"id": of_ana, "kind": "video"}]
        assert (await ana.notified("newPeer", id="camera"))["device"]["flag"] == "broadcaster"
        video, audio = await camera.produce_video(200), await camera.produce_audio(440)
        seen, heard = await ana.received(video), await ana.received(audio)
        await until(lambda: abs(seen.meter.luma - 200) < 12, f"luma 200, shown {seen.meter.luma}")
        await until(lambda: abs(heard.meter.pitch_hz - 440) < 25, f"440 Hz, heard {heard.meter.pitch_hz}")
        back = await camera.consume("ana", of_ana)
        await until(lambda: abs(back.meter.luma - 60) < 12, f"luma 60, shown {back.meter.luma}")
        listed = await asyncio.to_thread(mediactl, daemon.admin_socket, "room", "show", "room")
        assert "camera" in listed.out
        await camera.delete()
        await ana.notified("peerClosed", peerId="camera")
        assert seen.closed
        assert camera.errors == []


def test_a_broadcaster_is_seen_and_heard_and_sees_others() -> None:
    with Daemon() as daemon:
        asyncio.run(asyncio.wait_for(scenario(daemon), 60))
        gone = (404, 'room with id "room" not found')
        until_sync(lambda: daemon.get("/rooms/room") == gone)
