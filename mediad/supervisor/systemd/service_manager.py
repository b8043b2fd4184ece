"""The protocols of systemd: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).

Without systemd there is no receiver, and all of this does nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import MutableMapping

from mediad.errors import ConfigError

FIRST_INHERITED_FD = 3

_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")

logger = logging.getLogger(__name__)


class ServiceManager:
    """The connection to systemd.

    Its variables are taken out of `environ`, so that workers do not use them.
    """

    def __init__(self, environ: MutableMapping[str, str], pid: int | None = None) -> None:
        told = {name: environ.pop(name, "") for name in _VARIABLES}
        mine = str(os.getpid() if pid is None else pid)
        self.watchdog_s: float | None = None
        """The time within which `feed_watchdog` must be called, again and again; None without a watchdog."""
        if told["WATCHDOG_USEC"].isdigit() and told["WATCHDOG_PID"] in ("", mine):
            self.watchdog_s = int(told["WATCHDOG_USEC"]) / 1e6 or None
        self._address = _address(told["NOTIFY_SOCKET"])
        self._inherited = int(told["LISTEN_FDS"] or 0) if told["LISTEN_PID"] == mine else 0

    @property
    def listens(self) -> bool:
        return self._address is not None

    def take_sockets(self) -> list[socket.socket]:
        """Return the listening sockets of the .socket unit, once; none without socket activation.

        Raises ConfigError when one of them is not a listening TCP socket.
        """
        fds = range(FIRST_INHERITED_FD, FIRST_INHERITED_FD + self._inherited)
        self._inherited = 0
        sockets = [socket.socket(fileno=fd) for fd in fds]
        for sock in sockets:
            os.set_inheritable(sock.fileno(), False)
            sock.setblocking(False)
        wrong = [sock for sock in sockets if not _is_front(sock)]
        if wrong:
            for sock in sockets:
                sock.close()
            raise ConfigError("mediad.socket: expected nothing but ListenStream= with a TCP port")
        return sockets

    def ready(self, status: str) -> None:
        """Say that the daemon has started, or has reloaded."""
        self._notify("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that a reload has begun; `ready` says that it is done."""
        self._notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        self._notify("STOPPING=1", f"STATUS={status}")

    def extend_stop(self, patience_s: float) -> None:
        """Ask for more time: the stop takes at least this much longer; TimeoutStopSec might not allow it."""
        self._notify(f"EXTEND_TIMEOUT_USEC={int(patience_s * 1e6)}")

    def show(self, status: str) -> None:
        """Set the status line of `systemctl status`."""
        self._notify(f"STATUS={status}")

    def feed_watchdog(self) -> None:
        self._notify("WATCHDOG=1")

    def _notify(self, *lines: str) -> None:
        """Send without waiting: systemd misses a message when it is too slow to read."""
        if self._address is None:
            return
        message = "\n".join(line.replace("\n", " ") for line in lines)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
                sock.sendto(message.encode(errors="replace"), self._address)
        except OSError as error:
            logger.debug("systemd was not told %s: %s", lines[0], error)


def _address(text: str) -> str | None:
    """The address as the kernel takes it: @ stands for the zero byte of an abstract name.

    None for other kinds of address, which are for virtual machines.
    """
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else None


def _is_front(sock: socket.socket) -> bool:
    return (
        sock.family in (socket.AF_INET, socket.AF_INET6)
        and sock.type == socket.SOCK_STREAM
        and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    )
