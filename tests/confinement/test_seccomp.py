"""The filter of system calls, put on processes that make single calls. `test_confine.py` has the attacks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mediad.confinement import calls, seccomp
from tests.support.imports import ROOT

needs_seccomp = pytest.mark.skipif(seccomp.library() is None, reason="libseccomp is not installed")


def ran(program: str) -> str:
    """Return what a program printed that begins with a filter."""
    begin = "import os, resource, socket, sys\nfrom mediad.confinement import seccomp\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@needs_seccomp
def test_it_is_in_force_and_told() -> None:
    assert ran("print(seccomp.inherited(), seccomp.load(), seccomp.inherited())").split()[1:] == [
        "True",
        "True",
    ]


@needs_seccomp
def test_a_call_of_tomorrow_is_unknown() -> None:
    """Answer as an older kernel does, so that the C library does without it."""
    program = "import ctypes\nseccomp.load()\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    assert ran(program + "print(libc.syscall(5000), os.strerror(ctypes.get_errno()))") == (
        "-1 Function not implemented"
    )


@needs_seccomp
def test_limits_can_be_asked_and_not_set() -> None:
    program = "seccomp.load()\nprint(len(resource.getrlimit(resource.RLIMIT_NOFILE)))\n"
    attempt = "try:\n    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    assert ran(program + attempt + "except (OSError, ValueError):\n    print('refused')").split() == [
        "2",
        "refused",
    ]


def test_without_the_library_nothing_is_loaded() -> None:
    assert ran("sys.modules['pyseccomp'] = None\nprint(seccomp.load())") == "False"


@needs_seccomp
def test_every_call_of_the_tables_exists() -> None:
    lib = seccomp.library()
    named = {*calls.ALLOWED, *calls.WRITING, *calls.RUNNING, *calls.FATAL, *calls.PER_PACKET}
    newer = {"kexec_file_load", "epoll_pwait2", "close_range", "faccessat2"}  # than some libseccomp
    unknown = {name for name in named if lib.resolve_syscall(lib.Arch.NATIVE, name) == -1}
    assert unknown <= newer


def test_no_call_is_allowed_and_fatal() -> None:
    assert not set(calls.ALLOWED + calls.WRITING) & set(calls.FATAL)
    assert set(calls.RUNNING) & set(calls.FATAL) == {"execve"}
