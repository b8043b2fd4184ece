"""The filter of system calls (seccomp(2)) that a worker or a recorder puts on itself, made by libseccomp.

It holds for all threads, those that begin later too, and can only become narrower. `calls.py` has the tables;
the rules here are those that look at arguments.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import socket
from pathlib import Path
from typing import Any

from mediad.confinement import calls

_CLONE_THREAD = 0x00010000
_MSG_FASTOPEN = 0x20000000
_NOT_ONLY_READ = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_SOCKET_TYPES = 0xF  # without SOCK_NONBLOCK and SOCK_CLOEXEC
_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = 15, 16, 0x53564D41  # prctl(2)
_IOCTLS = (
    *(0x5401, 0x802C542A, 0x5413),  # TCGETS, TCGETS2, TIOCGWINSZ: is it a terminal, and how wide
    *(0x5421, 0x541B, 0x5450, 0x5451, 0x5411),  # FIONBIO, FIONREAD, FIONCLEX, FIOCLEX, TIOCOUTQ
    *(0x8910, 0x8933, 0x8921, 0x8913, 0x8912),  # SIOCGIFNAME, …INDEX, …MTU, …FLAGS, …CONF
    *(0x8915, 0x891B, 0x8927, 0x8946),  # SIOCGIFADDR, …NETMASK, …HWADDR, SIOCETHTOOL (read: speed of a link)
)
_BINARY_TREE = 2  # seccomp_attr_set(3)


@functools.cache
def library() -> Any:
    """Return the module pyseccomp; None where it, or libseccomp, is not installed."""
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError, AttributeError):
        return None
    return pyseccomp


def inherited() -> bool:
    """True when a filter is in force already: that of systemd, or of a container."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return False
    return any(line.split() == ["Seccomp:", "2"] for line in lines)


def load(*, writes: bool = False, runs: bool = False) -> bool:
    """Put the filter on this process; False without libseccomp.

    A recorder `writes` files; one that `runs` ffmpeg may start it. Raises OSError when the kernel refuses.
    """
    lib = library()
    if lib is None:
        return False
    made = lib.SyscallFilter(lib.ERRNO(errno.ENOSYS))
    made.set_attr(lib.Attr.ACT_BADARCH, lib.KILL_PROCESS)
    options = ((lib.Attr.CTL_TSYNC, 1), (lib.Attr.CTL_SSB, 1), (lib.Attr.CTL_OPTIMIZE, _BINARY_TREE))
    for attribute, value in options:
        # an older libseccomp is only slower; where a filter forbids seccomp(2), prctl(2) is for one thread
        with contextlib.suppress(OSError):
            made.set_attr(attribute, value)
    for place, name in enumerate(calls.PER_PACKET):
        if lib.resolve_syscall(lib.Arch.NATIVE, name) >= 0:
            made.syscall_priority(name, 255 - place)
    allowed = {*calls.ALLOWED, *(calls.WRITING if writes else ()), *(calls.RUNNING if runs else ())}
    for name in sorted(allowed):
        _add(lib, made, lib.ALLOW, name)
    for name in calls.FATAL:
        if name not in allowed:
            _add(lib, made, lib.KILL_PROCESS, name)
    _add_rules(lib, made, allowed)
    made.load()
    return True


def _add_rules(lib: Any, made: Any, allowed: set[str]) -> None:
    """Add the rules that look at arguments, for calls that are not allowed as they are."""

    def allow(name: str, *comparisons: Any) -> None:
        if name not in allowed:
            _add(lib, made, lib.ALLOW, name, *comparisons)

    def bits(argument: int, mask: int, value: int) -> Any:
        return lib.Arg(argument, lib.MASKED_EQ, mask, value)

    def equal(argument: int, value: int) -> Any:
        return lib.Arg(argument, lib.EQ, value)

    allow(
        "clone", bits(0, _CLONE_THREAD, _CLONE_THREAD)
    )  # no process; clone3, of which nothing shows, neither
    allow("openat", bits(2, _NOT_ONLY_READ, 0))
    allow("open", bits(1, _NOT_ONLY_READ, 0))
    for name in ("kill", "tgkill"):  # abort(3) and faulthandler
        allow(name, equal(0, os.getpid()))
    for option in (_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA):
        allow("prctl", equal(0, option))
    for request in _IOCTLS:
        allow("ioctl", equal(1, request))
    allow("prlimit64", equal(2, 0))  # asks, and sets nothing
    allow("socket", equal(0, socket.AF_UNIX))  # the journal's; none can connect
    allow("socket", equal(0, socket.AF_NETLINK), equal(2, 0))  # NETLINK_ROUTE: addresses of this host
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):  # no raw ones; streams are for listening
            allow("socket", equal(0, family), bits(1, _SOCKET_TYPES, kind))
    for name, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):  # MSG_FASTOPEN connects
        allow(name, bits(flags, _MSG_FASTOPEN, 0))


def _add(lib: Any, made: Any, action: int, name: str, *comparisons: Any) -> None:
    """Add a rule; a call that this architecture, or this libseccomp, does not know needs none."""
    number = lib.resolve_syscall(lib.Arch.NATIVE, name)
    if number >= 0:
        made.add_rule(action, number, *comparisons)
