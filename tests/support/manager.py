"""The other end of sd_notify: a socket that remembers what the daemon says to its service manager."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Manager:
    """Messages as dictionaries, in the order they came."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self.address = address
        self.heard: list[dict[str, str]] = []
        self._sock = sock

    def listen(self) -> list[dict[str, str]]:
        """Return all messages received so far, without waiting."""
        while True:
            try:
                message = self._sock.recv(65536).decode()
            except BlockingIOError:
                return self.heard
            self.heard.append(dict(line.split("=", 1) for line in message.splitlines()))

    def wait_for(self, key: str, value: str | None = None, timeout_s: float = 30.0) -> dict[str, str]:
        """The next message with `key` (and `value`) that was not waited for before."""
        deadline = time.monotonic() + timeout_s
        seen = 0
        while time.monotonic() < deadline:
            self.listen()
            for index, message in enumerate(self.heard[seen:], seen):
                if key in message and value in (None, message[key]):
                    del self.heard[: index + 1]
                    return message
            seen = len(self.heard)
            time.sleep(0.01)
        raise AssertionError(f"{key}={value} was never said, but {self.heard}")


@contextmanager
def listening_manager(folder: Path) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        address = str(folder / "notify")
        sock.bind(address)
        yield Manager(sock, address)
