"""A relay between a program and a plain transport that loses packets: for repairs to have something to do.

The program sends RTP and RTCP to two ports of the relay, which passes them on from one socket, as a client
with one port for both has; what comes back is told apart by its payload type (RFC 5761) and sent to where
the program listens.
"""

from __future__ import annotations

import random
import select
import socket
import threading
from types import TracebackType

from tests.support.plain_broadcaster import Plain

LOCAL = "127.0.0.1"


class LossyRelay:
    """A relay in a thread, for the time of a `with` block."""

    def __init__(
        self, transport: Plain, loss: float, reply_port: int, rtcp_reply_port: int, seed: int = 1
    ) -> None:
        """Lose this part of the RTP packets towards the transport; 0 is none."""
        self._server = (transport.ip, transport.port)
        self._loss = loss
        self._replies = (reply_port, rtcp_reply_port)
        self._dice = random.Random(1)
        self._rtp, self._rtcp, self._outside = (_bound() for _ in range(3))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.passed = self.lost = 0

    @property
    def port(self) -> int:
        """The port that the program sends RTP to."""
        return int(self._rtp.getsockname()[1])

    @property
    def rtcp_port(self) -> int:
        return int(self._rtcp.getsockname()[1])

    def __enter__(self) -> LossyRelay:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for sock in (self._rtp, self._rtcp, self._outside):
            sock.close()

    def _run(self) -> None:
        sockets = [self._rtp, self._rtcp, self._outside]
        while not self._stop.is_set():
            for sock in select.select(sockets, [], [], 0.1)[0]:
                data = sock.recv(2000)
                if sock is self._outside:
                    is_rtcp = 64 <= data[1] & 0x7F < 96
                    self._outside.sendto(data, (LOCAL, self._replies[is_rtcp]))
                elif sock is self._rtp and self._dice.random() < self._loss:
                    self.lost += 1
                else:
                    self.passed += sock is self._rtp
                    self._outside.sendto(data, self._server)


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((LOCAL, 0))
    return sock
