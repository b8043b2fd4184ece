"""Landlock (landlock(7)): a process gives up the files, TCP connections and signals that it does not need.

The C library has no names for these system calls. What a kernel does not know yet is left out: version 1
(Linux 5.13) restricts files, 4 (6.7) TCP, 6 (6.12) signals and abstract sockets. A process that is restricted
cannot trace one that is less so, nor read its memory, environment or descriptors in /proc.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # of every architecture
_ASK_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38  # prctl(2)

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_ALL_OF_FILES = {1: 13, 2: 14, 3: 15, 5: 16}
"""The number of rights about files, by the version that added the last of them."""
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14
"""The rights that make sense for what is no directory: those and to truncate."""
_IN_A_TREE = _WRITE_FILE | _READ_FILE | _READ_DIR | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14
"""The rights below a directory of our own: to remove directories and files, to make them, to truncate."""
_CONNECT_TCP = 1 << 1
_ABSTRACT_SOCKETS_AND_SIGNALS = 1 << 0 | 1 << 1

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version that the kernel has; 0 for none, as where it was not switched on."""
    found = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    return max(0, int(found))


def restrict(
    *,
    read: Iterable[str],
    write: Iterable[str] = (),
    execute: Iterable[str] = (),
    devices: Iterable[str] = (),
) -> int:
    """Leave this thread, and all that it starts, only these files, and no TCP connection to elsewhere.

    Below a directory in `read` everything may be read, below one in `write` also made and removed, what is
    in `execute` may be read and run, and `devices` may be read and written. Paths that are missing are left
    out. Threads that run already are not restricted. Returns the version in force, 0 when there is none;
    raises OSError when the kernel refuses.
    """
    known = version()
    if not known:
        return 0
    rights = (1 << max(count for since, count in _ALL_OF_FILES.items() if since <= known)) - 1
    attributes = struct.pack(
        "=QQQ", rights, _CONNECT_TCP if known >= 4 else 0, _ABSTRACT_SOCKETS_AND_SIGNALS if known >= 6 else 0
    )
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = _call(_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for paths, access in (
            (read, _READ_FILE | _READ_DIR),
            (write, _IN_A_TREE),
            (execute, _READ_FILE | _READ_DIR | _EXECUTE),
            (devices, _READ_FILE | _WRITE_FILE),
        ):
            for path in paths:
                _allow(ruleset, path, access & rights)
        no_new_privileges()
        _call(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return known


def no_new_privileges() -> None:
    """Give up what a setuid program or file capabilities would grant (PR_SET_NO_NEW_PRIVS)."""
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _allow(ruleset: int, path: str, access: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):
                access &= _OF_A_FILE
            rule = struct.pack("=Qi", access, fd)
            _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(rule), ctypes.c_uint32(0))
        finally:
            os.close(fd)


def _call(*arguments: object) -> int:
    result = int(_libc.syscall(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return result
