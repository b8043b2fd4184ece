"""A daemon whose workers and recorders are confined: its work goes on, and secrets stay where they are."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mediad.confinement import landlock, seccomp
from tests.support.daemons import MEDIAD, ROOT, Daemon, running
from tests.support.loops import until_sync
from tests.support.ports import free_media_ports
from tests.support.webrtc_client import WebRtcClient, until

SECRET = "a secret of the tests, long enough for HS256"

pytestmark = pytest.mark.skipif(
    seccomp.library() is None or not landlock.version(), reason="this machine cannot confine"
)


def mediactl(daemon: Daemon, *arguments: str) -> str:
    command = (sys.executable, "-m", "mediad.ctl.main", "--admin-socket", daemon.admin_socket, *arguments)
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def call(daemon: Daemon) -> tuple[WebRtcClient, WebRtcClient]:
    """Have two people see and hear each other."""
    assert daemon.url is not None
    url = daemon.url.replace("http", "ws") + "?roomId=room&peerId="
    ana, ben = await WebRtcClient.join(url + "ana", "ana"), await WebRtcClient.join(url + "ben", "ben")
    video = await ben.received(await ana.produce_video(200))
    sound = await ben.received(await ana.produce_audio(440))
    await until(lambda: video.meter.frames > 10 and sound.meter.frames > 10, "media")
    return ana, ben


def options(*more: str) -> tuple[str, ...]:
    return ("--workers", "1", "--rtc-base-port", str(free_media_ports(1)), *more)


def test_a_call_with_a_port_for_each_transport(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        for client in await call(daemon):
            await client.close()

    environ = {"RUNTIME_DIRECTORY": str(tmp_path)}
    with running(*options("--port-mode", "per-transport"), command=MEDIAD, environ=environ) as daemon:
        daemon.wait_ready()
        status = json.loads(mediactl(daemon, "status", "--json"))
        assert status["confinement"] == [f"seccomp: own list, Landlock: version {landlock.version()}"]
        asyncio.run(asyncio.wait_for(scenario(daemon), 90))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_recording_and_transcoding(tmp_path: Path) -> None:
    recordings, runtime = tmp_path / "recordings", tmp_path / "run"
    recordings.mkdir()
    runtime.mkdir()

    def has_avc() -> bool:
        return any(b"avc1" in path.read_bytes() for path in runtime.rglob("*") if path.is_file())

    async def scenario(daemon: Daemon) -> None:
        ana, ben = await call(daemon)
        for arguments in (("record", "start", "room"), ("hls", "start", "room", "--transcode")):
            await asyncio.to_thread(mediactl, daemon, *arguments)
        await until(has_avc, "pictures that ffmpeg made", 40)
        await until(lambda: any(p.stat().st_size > 50_000 for p in recordings.rglob("*.mkv")), "a file", 40)
        await asyncio.to_thread(mediactl, daemon, "record", "stop", "room")
        for client in (ana, ben):
            await client.close()

    environ = {"RUNTIME_DIRECTORY": str(runtime)}
    more = ("--recording-dir", str(recordings), "--recording-min-free-bytes", "0")
    with running(*options(*more), command=MEDIAD, environ=environ) as daemon:
        daemon.wait_ready()
        asyncio.run(asyncio.wait_for(scenario(daemon), 150))


def test_a_crash_tells_where_and_the_next_worker_is_confined_too(tmp_path: Path) -> None:
    with running(*options(), command=MEDIAD, environ={"RUNTIME_DIRECTORY": str(tmp_path)}) as daemon:
        daemon.wait_ready()
        (pid,) = daemon.worker_pids()
        assert pid is not None
        os.kill(pid, signal.SIGSEGV)
        until_sync(lambda: daemon.log.count("seccomp: own list") == 2, 30)
        assert "Fatal Python error: Segmentation fault" in daemon.log
        assert "was killed by SIGSEGV" in daemon.log


def test_no_secret_is_in_a_worker_or_in_a_command_line(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": str(tmp_path), "JWT_SECRET": SECRET, "NETWORK_THROTTLE_SECRET": SECRET}
    with running(*options(), command=MEDIAD, environ={**environ, "DATABASE_URL": SECRET}) as daemon:
        daemon.wait_ready()
        (pid,) = daemon.worker_pids()
        for process in (daemon.process.pid, pid):
            assert SECRET.encode() not in Path(f"/proc/{process}/cmdline").read_bytes()
        assert SECRET.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
        assert SECRET not in mediactl(daemon, "config", "show", "--json")
        assert SECRET not in json.dumps(daemon.get("workers")) + json.dumps(daemon.get("stats"))
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        assert [line.split()[4:6] for line in limits if line.startswith("Max core file")] == [["0", "0"]]
        status = Path(f"/proc/{pid}/status").read_text()
        assert "NoNewPrivs:\t1\n" in status
        assert "Seccomp:\t2\n" in status
    assert SECRET not in daemon.log
