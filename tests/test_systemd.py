"""The systemd units agree with the daemon, with systemd, and with what they promise about their sandbox."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mediad.config.settings import Settings
from mediad.exit_codes import ExitCode
from tests.support.imports import ROOT
from tests.support.sandbox import service

UNITS = ("mediad.service", "mediad.socket")
EXPOSURE = 1.0

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")


def only(key: str) -> str:
    (value,) = service()[key]
    return value


def test_what_only_a_person_can_put_right_is_not_retried() -> None:
    hopeless = {ExitCode.USAGE, ExitCode.PORT, ExitCode.CONFIG}
    assert {int(code) for code in only("RestartPreventExitStatus").split()} == hopeless
    assert only("Restart") == "on-failure"


def test_the_daemon_says_when_it_is_ready_and_reloaded() -> None:
    assert service()["Type"] == ["notify", "notify-reload"]
    assert only("ExecReload").split()[1:] == ["reload"]
    assert int(only("TimeoutStartSec")) > Settings().worker_start_timeout_s + 10


def test_the_watchdog_leaves_the_pool_time_to_replace_a_worker_that_hangs() -> None:
    settings = Settings()
    longest_silence_s = settings.worker_ping_timeout_s + settings.worker_start_timeout_s
    assert int(only("WatchdogSec")) >= 2 * longest_silence_s


def test_the_supervisor_stops_its_workers_itself_and_survives_their_end() -> None:
    assert only("KillMode") == "mixed"
    assert only("OOMPolicy") == "continue"
    assert int(only("TimeoutStopSec")) > Settings().shutdown_grace_s + 10


def test_the_admin_socket_finds_its_directory() -> None:
    assert only("RuntimeDirectory") == "mediad"


def test_the_socket_unit_listens_where_the_daemon_would() -> None:
    text = (ROOT / "systemd" / "mediad.socket").read_text()
    assert f"ListenStream={Settings().host}:{Settings().port}\n" in text


@needs_systemd
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        text = (ROOT / "systemd" / name).read_text()
        (tmp_path / name).write_text(re.sub(r"=/usr/local/bin/\S+", "=/bin/true", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
    )
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or line.startswith("mediad.")]
    older = "Failed to parse service type, ignoring: notify-reload"  # before systemd 253
    assert [line for line in ours if older not in line] == []


@needs_systemd
def test_the_exposure_is_what_was_promised() -> None:
    unit = str(ROOT / "systemd" / "mediad.service")
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=yes",
            "--no-pager",
            f"--threshold={EXPOSURE * 10:.0f}",
            unit,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Overall exposure level for mediad.service: ([0-9.]+)", done.stdout)
    assert found is not None
    assert float(found.group(1)) <= EXPOSURE
