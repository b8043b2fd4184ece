"""A worker and a recorder that were taken over: what the kernel lets each do, tried by a real process."""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mediad.confinement import landlock, seccomp
from mediad.confinement.confine import confine_recorder, confine_worker
from tests.support.hostile import attempts
from tests.support.imports import ROOT

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(
    seccomp.library() is None or platform.machine() != "x86_64", reason="no libseccomp, or other numbers"
)

GOES_ON = frozenset({"import", "start a thread", "listen on TCP", "send over UDP", "map memory to execute"})
"""Work that goes on; memory to execute is for pyOpenSSL's callbacks, which are written at run time."""

ENDS_IT = frozenset(
    {
        *("trace the supervisor", "read its memory", "become a program", "new namespace", "mount", "keys"),
        *("bpf", "change root"),
    }
)
"""Attempts that no library makes by accident: they kill."""

FFMPEG = frozenset({"fork", "run a program"})

OF_THE_SUPERVISOR = frozenset(
    {
        *("environment of the supervisor", "memory of the supervisor", "descriptors of the supervisor"),
        *("signal the supervisor", "kill the supervisor", "trace the supervisor", "read its memory"),
    }
)

OF_FILES = frozenset(
    {
        *("read a secret", "read a secret in a thread", "read passwords", "list a directory"),
        *("write elsewhere", "append to a secret", "truncate a secret", "remove a secret"),
        *("rename a secret", "symlink a secret", "make a directory"),
    }
)

OVER_TCP = frozenset({"connect over TCP", "connect over TCP in a thread"})


@dataclass(frozen=True)
class Prey:
    """Files to read and to write, and a port to connect to."""

    directory: Path
    secret: Path
    port: int

    def try_all(self, role: str, names: frozenset[str], lacking: str = "nothing") -> dict[str, str]:
        """Make each attempt in a process of its own; return what it printed, or the signal that ended it."""
        with ThreadPoolExecutor(2) as pool:
            return dict(zip(names, pool.map(lambda name: self._try(role, name, lacking), names), strict=True))

    def _try(self, role: str, name: str, lacking: str) -> str:
        arguments = (role, str(self.directory), name, str(self.secret), str(self.port), lacking)
        command = (sys.executable, "-m", "tests.support.hostile", *arguments)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        if done.returncode < 0:
            return signal.Signals(-done.returncode).name
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]


@pytest.fixture
def prey(tmp_path: Path) -> Iterator[Prey]:
    secret, directory = tmp_path / "conf" / "mediad.toml", tmp_path / "recordings"
    secret.parent.mkdir()
    secret.write_text('jwt_secrets = "x"\n')
    directory.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as admin:
        admin.bind(os.fspath(directory / "admin.sock"))
        admin.listen()
        yield Prey(directory, secret, server.getsockname()[1])


EVERYTHING = frozenset(attempts("", 0, "")) - {"crash"}


@needs_landlock
@needs_seccomp
@pytest.mark.parametrize(
    ("role", "also"),
    [("worker", frozenset[str]()), ("files", frozenset({"write a file"}))],
)
def test_everything_but_its_work_is_refused(prey: Prey, role: str, also: frozenset[str]) -> None:
    found = prey.try_all(role, EVERYTHING)
    assert {name for name, result in found.items() if result == "DONE"} == GOES_ON | also
    assert {name for name, result in found.items() if result == "SIGSYS"} == ENDS_IT


@needs_landlock
@needs_seccomp
def test_ffmpeg_may_be_run_and_nothing_else(prey: Prey) -> None:
    found = prey.try_all("ffmpeg", EVERYTHING - {"become a program"})
    assert {name for name, result in found.items() if result == "DONE"} == {*GOES_ON, "write a file", *FFMPEG}


@needs_landlock
def test_without_libseccomp_files_tcp_and_the_supervisor_are_out_of_reach(prey: Prey) -> None:
    if landlock.version() < 6:
        pytest.skip("this kernel's Landlock knows no TCP or signals")
    names = OF_FILES | OF_THE_SUPERVISOR | OVER_TCP | GOES_ON
    found = prey.try_all("worker", names, lacking="seccomp")
    assert {name for name, result in found.items() if result == "DONE"} == GOES_ON


@needs_seccomp
def test_without_landlock_nothing_can_be_written_run_or_connected_to(prey: Prey) -> None:
    kept = OF_FILES - {"read a secret", "read a secret in a thread", "read passwords", "list a directory"}
    found = prey.try_all("worker", kept | OVER_TCP | ENDS_IT | {"fork", "run a program"}, lacking="landlock")
    assert {name for name, result in found.items() if result == "DONE"} == set()


@needs_seccomp
def test_a_crash_still_tells_where(prey: Prey) -> None:
    arguments = ("worker", str(prey.directory), "crash", str(prey.secret), str(prey.port), "nothing")
    command = (sys.executable, "-m", "tests.support.hostile", *arguments)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in done.stderr
    assert 'hostile.py", line' in done.stderr


def test_it_can_be_switched_off() -> None:
    assert str(confine_worker("off")) == "not confined: confinement is off"
    assert confine_recorder("off", "").off
