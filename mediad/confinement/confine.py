"""The confinement of a whole process: put on once, after all is loaded, while it has one thread only."""

from __future__ import annotations

import contextlib
import resource
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import mediad
from mediad.confinement import landlock, seccomp
from mediad.confinement.report import Confinement

_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/libexec", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/urandom")
_PROGRAMS = ("/usr/bin", "/bin", "/usr/local/bin")


CONFINEMENT_OFF = 'the setting confinement = "off" does without'


def confine_worker(how: str) -> Confinement:
    """Leave a worker its sockets, its pipes and code it may still load: no other file, process, connection.

    `how` is the setting `confinement`. Raises OSError when the kernel refuses what it should know.
    """
    if how == "off":
        return Confinement(off=True)
    _set_limits()
    version = _files(read=_code(), devices=_DEVICES)
    return Confinement(_calls(), version)


def confine_recorder(how: str, directory: str) -> Confinement:
    """Leave a recorder what a worker has, and files below `directory`.

    `how` is "files", "ffmpeg" where it may start that too, which is confined likewise, or "off". Raises
    OSError when the kernel refuses what it should know.
    """
    if how == "off":
        return Confinement(off=True)
    _set_limits()
    runs = how == "ffmpeg"
    execute = (*_PROGRAMS, *_SYSTEM_LIBRARIES) if runs else ()
    version = _files(read=_code(), write=(directory,), execute=execute, devices=_DEVICES)
    return Confinement(_calls(writes=True, runs=runs), version)


def _files(
    *,
    read: Iterable[str],
    write: Iterable[str] = (),
    execute: Iterable[str] = (),
    devices: Iterable[str] = (),
) -> int:
    seccomp.library()  # its import starts a program that looks for the C library
    landlock.no_new_privileges()
    return landlock.restrict(read=read, write=write, execute=execute, devices=devices)


def _calls(*, writes: bool = False, runs: bool = False) -> str:
    before = seccomp.inherited()
    if seccomp.load(writes=writes, runs=runs):
        return "own"
    return "inherited" if before else "none"


def _code() -> list[str]:
    """Return the places of code that may be loaded late and that tracebacks quote; no secret stands there."""
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    # An environment may look for packages in another one. Not all of sys.path is code: it may begin with "/".
    installed |= {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}
    package = Path(mediad.__file__).parent
    return [*sorted(filter(None, installed)), f"{sys.base_prefix}/lib", str(package), *_SYSTEM_LIBRARIES]


def _set_limits() -> None:
    """Write no core file, which would hold the keys of calls, and give up what nobody here uses."""
    for limit in (
        resource.RLIMIT_CORE,
        resource.RLIMIT_MEMLOCK,
        resource.RLIMIT_MSGQUEUE,
        resource.RLIMIT_RTPRIO,
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (0, 0))
