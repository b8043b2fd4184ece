"""Chromium's camera and microphone reach ffmpeg and GStreamer over plain RTP, and become whole files."""

from __future__ import annotations

import base64
import json
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.av_sync import offsets_ms
from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon
from tests.support.plain_broadcaster import OPUS, VP8, Plain, PlainBroadcaster
from tests.support.programs import (
    LOCAL,
    are_bound,
    ffmpeg_receives,
    gstreamer,
    media,
    needs_ffmpeg,
    needs_gstreamer,
    port_pair,
    random_key,
    sdp,
)

FLASHING = """
MediaDevices.prototype.getUserMedia = async function (wishes) {
  const sound = window.sound ??= new AudioContext();
  await sound.resume();
  const tone = sound.createOscillator(), gain = sound.createGain();
  const speaker = sound.createMediaStreamDestination();
  tone.frequency.value = 1000;
  gain.gain.value = 0;
  tone.connect(gain).connect(speaker);
  tone.start();
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const picture = canvas.getContext('2d');
  const stream = canvas.captureStream(30);
  let planned = Math.ceil(sound.currentTime) + 1;
  setInterval(() => {
    const now = sound.currentTime;
    if (now > planned - 0.5) {
      gain.gain.setValueAtTime(0.5, planned);
      gain.gain.setValueAtTime(0, planned + 0.2);
      planned += 1;
    }
    picture.fillStyle = now % 1 < 0.2 ? 'white' : 'black';
    picture.fillRect(0, 0, 320, 240);
    picture.fillStyle = '#101010';
    picture.fillRect(now * 50 % 300, 0, 20, 20);
  }, 5);
  return new MediaStream([...stream.getVideoTracks(), ...speaker.stream.getAudioTracks()]);
};
"""
"""A camera and a microphone with a flash and a beep at the beginning of each second."""
SECONDS = 6.0


@pytest.fixture
def ana(tabs: Tabs, room_id: str) -> Tab:
    """A sender in Chromium."""
    tab = tabs.open(room_id, "ana", script=FLASHING, simulcast="false")
    tab.until("two tracks", lambda: len(tab.stats()["producers"]) == 2)
    return tab


@pytest.fixture
def screen(daemon: Daemon, room_id: str, ana: Tab) -> Iterator[PlainBroadcaster]:
    with PlainBroadcaster(daemon.url, room_id, "screen") as screen:
        yield screen


def sent_by(tab: Tab) -> dict[str, str]:
    """Return the producer of each kind."""
    return {"audio" if p["source"] == "mic" else "video": p["id"] for p in tab.stats()["producers"]}


def probed(path: Path) -> list[dict[str, Any]]:
    """Return the streams of a file, as ffprobe reads all of it; whatever it complains of fails the test."""
    read = ("-v", "warning", "-count_packets", "-show_streams", "-of", "json", str(path))
    answer = subprocess.run(["ffprobe", *read], capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    streams: list[dict[str, Any]] = json.loads(answer.stdout)["streams"]
    return streams


def require_whole(path: Path) -> None:
    """Judge a file of some seconds with flashes and beeps."""
    packets = {stream["codec_type"]: int(stream["nb_read_packets"]) for stream in probed(path)}
    assert packets["audio"] > 10 * SECONDS  # Opus is nearly silent between beeps (DTX)
    assert packets["video"] > 8 * SECONDS
    found = offsets_ms(path)
    print(f"{path.name}: {packets} packets; flashes after beeps: {[round(ms) for ms in found]} ms")
    assert len(found) >= 3
    assert abs(statistics.median(found)) <= 40


@needs_ffmpeg
def test_ffmpeg_writes_a_file_of_what_comes_encrypted(
    ana: Tab, screen: PlainBroadcaster, tmp_path: Path
) -> None:
    ports = {"audio": port_pair(), "video": port_pair()}
    transports: dict[str, Plain] = {}
    for kind, (port, rtcp) in ports.items():
        transports[kind] = screen.transport(comedia=False, rtcpMux=False, enableSrtp=True)
        own = {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": random_key(30)}
        screen.connect(transports[kind], ip=LOCAL, port=port, rtcpPort=rtcp, srtpParameters=own)
    tracks = (("audio", OPUS), ("video", VP8))
    description = sdp(*(media(ports[kind][0], codec, transports[kind].key) for kind, codec in tracks))
    path = tmp_path / "ana.mkv"
    with ffmpeg_receives(description, path) as program:
        ana.until("ffmpeg listens", lambda: are_bound([port for pair in ports.values() for port in pair]))
        for kind, producer_id in sent_by(ana).items():
            screen.consume(transports[kind], producer_id)
        ana.pause(SECONDS)
        program.finish()
    require_whole(path)


@needs_gstreamer
def test_gstreamer_writes_a_file_of_what_comes_encrypted(
    ana: Tab, screen: PlainBroadcaster, tmp_path: Path
) -> None:
    """Tell where it listens when it does: the first picture is a key frame then."""
    path = tmp_path / "ana.mkv"
    pipeline = f"rtpbin name=rtp latency=100 matroskamux name=mux ! filesink location={path} "
    waiting: list[tuple[Plain, tuple[int, int]]] = []
    for session, (kind, producer_id) in enumerate(sent_by(ana).items()):
        transport = screen.transport(
            comedia=False, rtcpMux=False, enableSrtp=True, srtpCryptoSuite="AEAD_AES_128_GCM"
        )
        offer = screen.consume(transport, producer_id)
        ports = port_pair()
        waiting.append((transport, ports))
        assert transport.key is not None
        key = base64.b64decode(transport.key["keyBase64"]).hex()
        ssrc = offer["rtpParameters"]["encodings"][0]["ssrc"]
        secret = (
            f"srtp-key=(buffer){key},srtp-cipher=aes-128-gcm,srtp-auth=null,"
            f"srtcp-cipher=aes-128-gcm,srtcp-auth=null,ssrc=(uint){ssrc}"
        )
        name, rate, number = ("OPUS", 48000, 100) if kind == "audio" else ("VP8", 90000, 101)
        pipeline += (
            f"srtpdec name=srtp{session} "
            f"udpsrc port={ports[0]} caps=application/x-srtp,media={kind},clock-rate={rate},"
            f"encoding-name={name},payload={number},{secret} ! srtp{session}.rtp_sink "
            f"udpsrc port={ports[1]} caps=application/x-srtcp,{secret} ! srtp{session}.rtcp_sink "
            f"srtp{session}.rtp_src ! rtp.recv_rtp_sink_{session} "
            f"srtp{session}.rtcp_src ! rtp.recv_rtcp_sink_{session} "
            f"rtp. ! application/x-rtp,media={kind} ! rtp{name.lower()}depay ! queue ! mux. "
        )
    with gstreamer(pipeline) as program:
        ana.until("GStreamer listens", lambda: are_bound([port for _, ports in waiting for port in ports]))
        for transport, (port, rtcp) in waiting:
            own = {"cryptoSuite": "AEAD_AES_128_GCM", "keyBase64": random_key(28)}
            screen.connect(transport, ip=LOCAL, port=port, rtcpPort=rtcp, srtpParameters=own)
        ana.pause(SECONDS)
        program.finish()
    require_whole(path)
