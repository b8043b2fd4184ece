"""ffmpeg and GStreamer publish into rooms over plain RTP, and Chromium decodes what they send."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

import pytest

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon
from tests.support.mediactl import run_mediactl as mediactl
from tests.support.plain_broadcaster import AV1, H264, OPUS, VP8, VP9, PlainBroadcaster
from tests.support.plain_sender import PlainSender
from tests.support.programs import (
    ffmpeg_publishes,
    gstreamer,
    needs_ffmpeg,
    needs_gstreamer,
    port_pair,
    random_key,
)
from tests.support.recorder_media import clip

SUITE = "AES_CM_128_HMAC_SHA1_80"


@pytest.fixture
def ben(tabs: Tabs, room_id: str) -> Tab:
    """A viewer in Chromium."""
    tab = tabs.open(room_id, "ben", produce="false")
    tab.until_connected()
    return tab


@pytest.fixture
def cam(daemon: Daemon, room_id: str, ben: Tab) -> Iterator[PlainBroadcaster]:
    with PlainBroadcaster(daemon.url, room_id, "cam") as cam:
        yield cam


def until_seen(tab: Tab, *kinds: str) -> None:
    """Wait until tracks of these kinds go on being decoded."""

    def seen() -> bool:
        tracks = tab.consumers("cam")
        return sorted(track["kind"] for track in tracks) == sorted(kinds) and all(
            tab.flows("cam", source) for source in {track["source"] for track in tracks}
        )

    tab.until(f"{' and '.join(kinds)} of cam", seen)


@needs_ffmpeg
def test_ffmpeg_as_in_the_scripts_of_the_demo(
    daemon: Daemon, ben: Tab, cam: PlainBroadcaster, room_id: str
) -> None:
    """Conformance 16: comedia, RTCP apart, payload types 100 and 101, `video/vp8`, no MID and no RTX."""
    audio, video = cam.transport(rtcpMux=False), cam.transport(rtcpMux=False)
    assert audio.rtcp_port != audio.port
    cam.produce(audio, {**OPUS, "parameters": {"sprop-stereo": 1}}, 1111)
    cam.produce(video, VP8, 2222)
    with ffmpeg_publishes(video, audio):
        until_seen(ben, "audio", "video")
        assert ben.get("mediad.peers.find(peer => peer.id === 'cam').device.flag") == "broadcaster"
        shown = mediactl(daemon.admin_socket, "peer", "show", room_id, "cam").out
        assert shown.count("(learned)") == 2
    assert "broadcaster" in mediactl(daemon.admin_socket, "room", "show", room_id).out


@needs_ffmpeg
def test_ffmpeg_with_h264_and_srtp(ben: Tab, cam: PlainBroadcaster) -> None:
    keys = {}
    transports = []
    for codec, ssrc in ((OPUS, 1111), (H264, 2222)):
        transport = cam.transport(rtcpMux=False, enableSrtp=True, srtpCryptoSuite="AEAD_AES_256_GCM")
        keys[transport.id] = random_key(30)
        answer = cam.connect(
            transport, srtpParameters={"cryptoSuite": SUITE, "keyBase64": keys[transport.id]}
        )
        assert answer["srtpParameters"]["cryptoSuite"] == SUITE
        cam.produce(transport, codec, ssrc)
        transports.append(transport)
    audio, video = transports
    with ffmpeg_publishes(video, audio, codec="h264", payload_type=102, keys=keys):
        until_seen(ben, "audio", "video")


@needs_gstreamer
def test_gstreamer_with_vp9_and_srtp_to_a_transport_without_comedia(ben: Tab, cam: PlainBroadcaster) -> None:
    """Send from an address that was told, encrypted with AES-GCM."""
    rtp, rtcp = port_pair()
    video = cam.transport(comedia=False, rtcpMux=False, enableSrtp=True, srtpCryptoSuite="AEAD_AES_128_GCM")
    key = os.urandom(28)
    cam.connect(
        video,
        ip="127.0.0.1",
        port=rtp,
        rtcpPort=rtcp,
        srtpParameters={"cryptoSuite": "AEAD_AES_128_GCM", "keyBase64": base64.b64encode(key).decode()},
    )
    cam.produce(video, VP9, 2222)
    ciphers = "rtp-cipher=aes-128-gcm rtp-auth=null rtcp-cipher=aes-128-gcm rtcp-auth=null"
    with gstreamer(
        f"srtpenc name=srtp key={key.hex()} {ciphers} rtpbin name=rtp "
        "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 "
        "! videoconvert ! video/x-raw,format=I420_10LE "
        "! vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 target-bitrate=300000 "
        "! rtpvp9pay mtu=1200 pt=103 ssrc=2222 picture-id-mode=2 ! rtp.send_rtp_sink_0 "
        f"rtp.send_rtp_src_0 ! srtp.rtp_sink_0 srtp.rtp_src_0 "
        f"! udpsink host={video.ip} port={video.port} bind-port={rtp} "
        f"rtp.send_rtcp_src_0 ! srtp.rtcp_sink_0 srtp.rtcp_src_0 "
        f"! udpsink host={video.ip} port={video.rtcp_port} bind-port={rtcp} sync=false async=false"
    ):
        until_seen(ben, "video")


def test_av1_of_a_generator(ben: Tab, cam: PlainBroadcaster) -> None:
    """Send a clip again and again: neither Debian's ffmpeg nor its GStreamer can make RTP of AV1."""
    video = cam.transport()
    cam.produce(video, AV1, 2222)
    with PlainSender(video, int(AV1["payloadType"]), 2222, clip("video/AV1")):
        until_seen(ben, "video")
