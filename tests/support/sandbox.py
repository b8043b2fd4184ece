"""A command under the system call filter of the unit: `python -m tests.support.sandbox COMMAND…`.

systemd's own sandbox needs systemd. What breaks programs in it is the filter of system calls, and that can be
had from libseccomp, with the lists of the installed systemd-analyze.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

UNIT = Path(__file__).parents[2] / "systemd" / "mediad.service"

_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM  # seccomp_init(3)
_EQUAL = 4


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def available() -> bool:
    """True when this machine can make a sandbox."""
    return bool(shutil.which("systemd-analyze") and ctypes.util.find_library("seccomp"))


def service() -> dict[str, list[str]]:
    """[Service] of the unit: each key with its values, in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def _members(name: str) -> set[str]:
    """The system calls of a set, or the one of that name."""
    if not name.startswith("@"):
        return {name}
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    ).stdout
    words = [line.split("#")[0].strip() for line in listing.splitlines()[1:]]
    return {member for word in words if word for member in _members(word)}


def allowed_calls() -> set[str]:
    """Return the system calls that SystemCallFilter= allows."""
    allowed: set[str] = set()
    for value in service()["SystemCallFilter"]:
        members = {member for name in value.lstrip("~").split() for member in _members(name)}
        allowed = allowed - members if value.startswith("~") else allowed | members
    return allowed


class _Filter:
    """One of the filters a process passes on; all of them must agree."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL(ctypes.util.find_library("seccomp"))
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(otherwise))

    def add(self, action: int, call: str, *comparisons: _Comparison) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:  # negative: not of this architecture
            array = (_Comparison * len(comparisons))(*comparisons)
            result = self._library.seccomp_rule_add_array(
                self._context, ctypes.c_uint32(action), number, len(comparisons), array
            )
            assert result == 0, (call, os.strerror(-result))

    def load(self) -> None:
        result = self._library.seccomp_load(self._context)
        assert result == 0, os.strerror(-result)


def enter() -> None:
    """Put this process, and all it starts, under the unit's filters."""
    allowed = allowed_calls()
    restrictions = _Filter(_ALLOW)
    options = service()
    families = {getattr(socket, name) for name in options["RestrictAddressFamilies"][0].split()}
    for family in set(range(64)) - families:
        restrictions.add(_DENY, "socket", _Comparison(0, _EQUAL, family, 0))
    restrictions.load()
    calls = _Filter(_DENY)
    for call in allowed:
        calls.add(_ALLOW, call)
    calls.load()


if __name__ == "__main__":
    enter()
    os.execv(sys.argv[1], sys.argv[1:])
