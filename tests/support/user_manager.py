"""A real systemd for tests: a user manager in namespaces of its own, with mediad's units and nothing else.

It is root's (for the namespaces), takes its units from one folder, and ends with all it started. What a user
manager cannot do, the sandbox above all, is left out of the units.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.daemon import clean_environment
from tests.support.sandbox import UNIT, service

ROOT = Path(__file__).parents[2]
MANAGER = Path("/lib/systemd/systemd")
WATCHDOG_S = 6
STOP_S = 4
"""Shorter than in the unit, so that what they are for shows sooner."""

_KEPT = (
    *("Type", "NotifyAccess", "KillMode", "OOMPolicy", "TimeoutStartSec"),
    *("Restart", "RestartSec", "RestartPreventExitStatus"),
)
_TARGETS = ("basic", "default", "exit", "shutdown", "sockets")

# systemd serves users only where it has booted, which it tells by this folder; a shell is process 1, since a
# user manager may not be.
_BOOT = """
mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system || exit
echo $$ > "$1/cgroup.procs"
"$2" --user --unit=default.target
"""


def missing() -> str | None:
    """Return the reason why there can be no user manager here; None when there can be one."""
    if os.geteuid() != 0:
        return "only root may make the namespaces"
    if not MANAGER.exists() or not shutil.which("nsenter") or not Path("/run/systemd").is_dir():
        return "systemd is not installed"
    if _cgroups() is None:
        return "no hierarchy of cgroups may be written"
    return None


def _cgroups() -> Path | None:
    """Return the path where systemd keeps its groups."""
    for path in (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup")):
        if (path / "cgroup.procs").exists() and os.access(path, os.W_OK):
            return path
    return None


class NotUp(Exception):
    """systemd does not run here, whatever of mediad."""


class UserManager:
    """`systemctl` works, on mediad.service and mediad.socket."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        self._init = 0
        """Process 1 of the namespace, as it is called outside."""
        self._environ = {
            **clean_environment(),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "SYSTEMD_UNIT_PATH": str(folder / "units"),
            "SYSTEMD_LOG_TARGET": "console",
        }

    def write_settings(self, text: str = "") -> None:
        (self._folder / "mediad.toml").write_text(f"workers = 1\nport = {self.port}\n{text}")

    def systemctl(self, *arguments: str) -> int:
        """Run systemctl and return its exit status."""
        return self._systemctl(*arguments).returncode

    def show(self, key: str) -> str:
        """A property of mediad.service."""
        return self._systemctl("show", "--property", key, "--value", "mediad").stdout.strip()

    def wait_for(self, key: str, value: str) -> None:
        deadline = time.monotonic() + 40
        while (found := self.show(key)) != value:
            assert time.monotonic() < deadline, f"{key} is {found}, not {value}"
            time.sleep(0.1)

    def _systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        inside = ["nsenter", f"--target={self._init}", "--mount", "--pid"]
        command = [*inside, "systemctl", "--user", "--no-pager", *arguments]
        return subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=90)

    def _write_units(self) -> None:
        units = self._folder / "units"
        units.mkdir()
        for target in _TARGETS:
            (units / f"{target}.target").write_text("[Unit]\nDescription=nothing\n")
        run = f"{sys.executable} -m"
        lines = [f"{key}={value}" for key in _KEPT for value in service()[key]]
        lines += [
            f"WatchdogSec={WATCHDOG_S}",
            f"TimeoutStopSec={STOP_S}",
            f"WorkingDirectory={ROOT}",
            f"Environment=RUNTIME_DIRECTORY={self._folder}",
            f"ExecStart={run} tests.support.tiny_daemon ready --config {self._folder}/mediad.toml",
            f"ExecReload={run} mediad.ctl.main {service()['ExecReload'][0].split()[1]}",
        ]
        (units / UNIT.name).write_text("[Service]\n" + "\n".join(lines) + "\n")
        listen = UNIT.with_suffix(".socket").read_text()
        (units / "mediad.socket").write_text(re.sub(r"(?<=127.0.0.1:)\d+", str(self.port), listen))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises NotUp."""
        self._write_units()
        (self._folder / "run").mkdir(mode=0o700)
        above = _cgroups()
        assert above is not None
        group = above / f"mediad-test-{os.getpid()}"
        group.mkdir()
        namespaces = ("--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc")
        with (self._folder / "log").open("wb") as log:
            manager = subprocess.Popen(
                ["unshare", *namespaces, "sh", "-c", _BOOT, "boot", str(group), str(MANAGER)],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_up(manager)
            yield
        finally:
            manager.send_signal(signal.SIGKILL)  # all in its process namespace die with it
            manager.wait()
            _remove(group)

    def _wait_until_up(self, manager: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        children = Path(f"/proc/{manager.pid}/task/{manager.pid}/children")
        while manager.poll() is None and time.monotonic() < deadline:
            if self._init == 0:
                self._init = int(children.read_text() or 0)
            elif self.systemctl("is-active", "default.target") == 0:
                return
            time.sleep(0.05)
        raise NotUp((self._folder / "log").read_text(errors="replace"))


def _remove(group: Path) -> None:
    """Remove a group once the last process in it has ended."""
    deadline = time.monotonic() + 10
    while group.exists() and time.monotonic() < deadline:
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        time.sleep(0.05)
    assert not group.exists(), "processes are left in the group"
