"""Programs that send and receive plain RTP: ffmpeg and GStreamer, as child processes of a test."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pytest

from tests.support.plain_broadcaster import Plain

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
needs_gstreamer = pytest.mark.skipif(
    shutil.which("gst-launch-1.0") is None, reason="GStreamer's gst-launch-1.0 is not installed"
)

LOCAL = "127.0.0.1"
FLASH = (
    "color=black:size=320x240:rate=25,format=yuv420p,"
    "drawbox=w=iw:h=ih:color=white:t=fill:enable='lt(mod(t,1),0.2)'"
)
"""A black picture that is white for a fifth of each second."""
BEEP = "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.2)':s=48000"
"""A tone of 1000 Hz, at the same times."""
ENCODERS = {
    "vp8": ("libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k", "-error-resilient", "1"),
    "h264": ("libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"),
}


class Program:
    """A running program, with a log that a failing test shows."""

    def __init__(self, *command: str) -> None:
        self._log = tempfile.NamedTemporaryFile("w+", prefix="program-")  # noqa: SIM115
        self.command = command
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if error is not None:
            print(f"--- {' '.join(self.command)}\n{self.log[-4000:]}")
        self._log.close()

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text(errors="replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    def runs(self) -> bool:
        return self._process.poll() is None

    def finish(self) -> None:
        """Have it end by itself, as Ctrl-C does, and finish what it writes."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)


# -- ffmpeg ------------------------------------------------------------------------------------------------


def ffmpeg_publishes(
    video: Plain | None = None,
    audio: Plain | None = None,
    *,
    codec: str = "vp8",
    payload_type: int = 101,
    keys: dict[str, str] | None = None,
) -> Program:
    """Start ffmpeg with flashes and beeps; `keys` are by transport id those by which it encrypts (SDES)."""
    source = ["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "info", "-re", "-f", "lavfi", "-i", FLASH]
    source += ["-re", "-f", "lavfi", "-i", BEEP]
    encode = ["-c:v", *ENCODERS[codec], "-g", "25", "-pix_fmt", "yuv420p"]
    encode += ["-c:a", "libopus", "-b:a", "64k", "-ac", "2", "-application", "lowdelay"]
    outputs = []
    for kind, to, ssrc, number in (("a", audio, 1111, 100), ("v", video, 2222, payload_type)):
        if to is None:
            continue
        options = f"select={kind}:f=rtp:ssrc={ssrc}:payload_type={number}"
        scheme = "rtp"
        if keys is not None:
            scheme = "srtp"
            key = keys[to.id]
            options += f":srtp_out_suite=AES_CM_128_HMAC_SHA1_80:srtp_out_params={key}"
        outputs.append(f"[{options}]{scheme}://{to.ip}:{to.port}?rtcpport={to.rtcp_port}&pkt_size=1200")
    mapped = [
        *(["-map", "0:v"] if video is not None else []),
        *(["-map", "1:a"] if audio is not None else []),
    ]
    return Program(*source, *mapped, *encode, "-f", "tee", "|".join(outputs))


def sdp(*media: str) -> str:
    """Write a description for ffmpeg (RFC 8866), and return the path of the file."""
    head = f"v=0\no=- 0 0 IN IP4 {LOCAL}\ns=test\nc=IN IP4 {LOCAL}\nt=0 0\n"
    with tempfile.NamedTemporaryFile("w", prefix="test-", suffix=".sdp", delete=False) as file:
        file.write(head + "\n".join(media) + "\n")
    return file.name


def media(port: int, codec: dict[str, object], key: dict[str, str] | None = None, rtcp: int = 0) -> str:
    """Return the part of a description for one track, encrypted with a key if one is given (RFC 4568)."""
    kind, _, name = str(codec["mimeType"]).partition("/")
    number = codec["payloadType"]
    profile = "RTP/AVP" if key is None else "RTP/SAVP"
    channels = f"/{codec['channels']}" if "channels" in codec else ""
    lines = [
        f"m={kind} {port} {profile} {number}",
        f"a=rtpmap:{number} {name}/{codec['clockRate']}{channels}",
    ]
    if key is not None:
        lines.append(f"a=crypto:1 {key['cryptoSuite']} inline:{key['keyBase64']}")
    if rtcp:
        lines.append(f"a=rtcp:{rtcp}")
    return "\n".join(lines)


def ffmpeg_receives(description: str, path: Path, *more: str) -> Program:
    """Start ffmpeg that writes what it receives to a file, without encoding it again."""
    read = ["-protocol_whitelist", "file,udp,rtp,srtp,crypto", "-i", description]
    quiet = ("-hide_banner", "-nostats", "-loglevel", "info", "-y")
    return Program("ffmpeg", *quiet, *read, "-c", "copy", *more, str(path))


# -- GStreamer ---------------------------------------------------------------------------------------------


def gstreamer(pipeline: str) -> Program:
    """Start a pipeline in gst-launch's words; `finish` ends the streams in it first."""
    return Program("gst-launch-1.0", "-e", *pipeline.split())


# -- ports -------------------------------------------------------------------------------------------------


def port_pair() -> tuple[int, int]:
    """Return an even port and the next, both free a moment ago."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
            found.bind((LOCAL, 0))
            port = int(found.getsockname()[1])
        if port % 2 == 0 and not is_bound(port) and not is_bound(port + 1):
            return port, port + 1


def is_bound(port: int) -> bool:
    """True when some program has this UDP port; a look that takes no port from anybody."""
    tables = [Path(f"/proc/net/{name}").read_text() for name in ("udp", "udp6")]
    return any(f":{port:04X} " in table for table in tables)


def random_key(length: int) -> str:
    """Return an SRTP key and salt in Base64."""
    return base64.b64encode(os.urandom(length)).decode()


def are_bound(ports: Sequence[int]) -> bool:
    return all(map(is_bound, ports))
