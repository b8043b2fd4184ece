"""A download beside a call: as much TCP as a link carries, from the daemon's namespace to a client's."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from tests.support.network_lab import SERVER, Client, NetworkLab


class TcpFlow:
    """`with TcpFlow(lab, client) as flow:` runs until the block ends."""

    def __init__(self, lab: NetworkLab, client: Client) -> None:
        listener = lab.server.run(lambda: socket.create_server((SERVER, 0)))
        address = listener.getsockname()
        self._sink = client.namespace.run(lambda: socket.create_connection(address, timeout=30))
        self._source, _ = listener.accept()
        listener.close()
        self.received_bytes = 0
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)]

    def bps_over(self, seconds: float) -> float:
        """Return the client's payload over that time, in bit/s."""
        before, start_s = self.received_bytes, time.monotonic()
        time.sleep(seconds)
        return (self.received_bytes - before) * 8 / (time.monotonic() - start_s)

    def __enter__(self) -> TcpFlow:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._source, self._sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._source.close()
        self._sink.close()

    def _send(self) -> None:
        data = bytes(1 << 16)
        with suppress(OSError):
            while True:
                self._source.sendall(data)

    def _receive(self) -> None:
        with suppress(OSError):
            while data := self._sink.recv(1 << 16):
                self.received_bytes += len(data)
