"""Network namespaces of their own for a daemon and its clients, made and left within this process.

They have no name and no mount: a namespace lives as long as something holds it open, so whatever becomes of
this process and its children, nothing is left behind to clean up.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from typing import TypeVar

CLONE_NEWNET = 0x4000_0000
_libc = ctypes.CDLL(None, use_errno=True)
T = TypeVar("T")


class Namespace:
    """A new network namespace with its loopback up. OSError with the kernel's reason where it refuses."""

    def __init__(self) -> None:
        self._fd = _in_thread(_unshare)
        self.ip("link", "set", "lo", "up")

    def run(self, action: Callable[[], T]) -> T:
        """Call `action` inside: its sockets, and the processes it starts, stay there when it returns."""

        def inside() -> T:
            _check(_libc.setns(self._fd, CLONE_NEWNET), "setns")
            return action()

        return _in_thread(inside)

    def ip(self, *arguments: str) -> None:
        """`ip ARGUMENTS` inside. OSError with what it says when it fails."""
        command = ["ip", *arguments]
        path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
        result = self.run(
            lambda: subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True)
        )
        if result.returncode != 0:
            raise OSError(f"{' '.join(command)}: {result.stderr.strip()}")

    def add_ipv6(self, address: str) -> None:
        """Add an address to the loopback, and wait until packets for it arrive: the kernel takes its time."""
        self.ip("address", "add", f"{address}/128", "dev", "lo", "nodad")

        def try_it() -> None:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
                sock.bind((address, 0))
                sock.settimeout(0.05)
                for _ in range(200):
                    sock.sendto(b"", sock.getsockname())
                    with contextlib.suppress(TimeoutError):
                        sock.recv(1)
                        return
            raise OSError(f"packets for {address} do not arrive")

        self.run(try_it)

    @property
    def prefix(self) -> list[str]:
        """Return the words before a command that another process starts: `nsenter` into this namespace."""
        return ["nsenter", f"--net=/proc/{os.getpid()}/fd/{self._fd}", "--"]

    def close(self) -> None:
        """Let go; the kernel takes it down with the last process inside."""
        os.close(self._fd)


def _unshare() -> int:
    _check(_libc.unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _check(result: int, call: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{call}: {os.strerror(error)}")


def _in_thread(action: Callable[[], T]) -> T:
    """The result of `action` called in a thread of its own: a namespace is a property of the thread."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(action())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body, name="namespace", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
