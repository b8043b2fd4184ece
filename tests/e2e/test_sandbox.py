"""The daemon under the unit's sandbox, as far as it can be had without systemd: a call works in it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mediad.exit_codes import ExitCode
from tests.support import sandbox
from tests.support.daemons import MEDIAD, ROOT, Daemon, running
from tests.support.ports import free_media_ports
from tests.support.webrtc_client import WebRtcClient, until

pytestmark = pytest.mark.skipif(
    not sandbox.available(), reason="systemd-analyze or libseccomp is not installed"
)

SANDBOX = (sys.executable, "-m", "tests.support.sandbox")


@pytest.mark.parametrize(
    "attempt",
    [
        "os.chown('/tmp', -1, -1)",
        "os.setuid(os.getuid())",
        "os.sched_setaffinity(0, [0])",
        "socket.socket(socket.AF_PACKET)",
    ],
)
def test_the_sandbox_holds(attempt: str) -> None:
    program = f"import os, socket\ntry:\n    {attempt}\nexcept PermissionError:\n    print('refused')"
    done = subprocess.run([*SANDBOX, sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_a_call_a_death_a_reload_and_the_end(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        assert daemon.url is not None
        url = daemon.url.replace("http", "ws") + "?roomId=room&peerId="
        async with (
            await WebRtcClient.join(url + "ana", "ana") as ana,
            await WebRtcClient.join(url + "ben", "ben") as ben,
        ):
            video = await ben.received(await ana.produce_video(200))
            sound = await ben.received(await ana.produce_audio(440))
            await until(lambda: video.meter.frames > 10 and sound.meter.frames > 10, "media")

    environ = {"RUNTIME_DIRECTORY": str(tmp_path)}
    ports = ("--rtc-base-port", str(free_media_ports(2)), "--workers", "2")
    with running(*ports, command=(*SANDBOX, *MEDIAD), environ=environ) as daemon:
        daemon.wait_ready()
        asyncio.run(asyncio.wait_for(scenario(daemon), 90))
        for arguments in (["reload"], ["status"], ["workers"], ["worker", "restart", "0"]):
            done = subprocess.run(
                [*SANDBOX, sys.executable, "-m", "mediad.ctl.main", *arguments],
                cwd=ROOT,
                env={**os.environ, **environ},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
        daemon.process.terminate()
        assert daemon.wait_exit() == ExitCode.OK
        assert "rror" not in daemon.log
