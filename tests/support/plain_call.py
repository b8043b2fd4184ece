"""A sender and a receiver on transports without ICE, with sockets of their own, in an engine of the test."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support import engine as e
from tests.windows.engine import EngineWindow

RTP_SOCKET, RTCP_SOCKET, OUT_SOCKET = 5, 6, 7  # the sender's, its second one, the receiver's
SENDER, SENDER_RTCP, RECEIVER = ("10.0.0.1", 1000), ("10.0.0.1", 1001), ("10.0.0.2", 2000)
STRANGER = ("203.0.113.9", 666)
ALLOWED = ("10.0.0.0", 24)


def allow(engine: EngineWindow, *networks: tuple[str, int]) -> None:
    for row, (network, bits) in enumerate(networks):
        engine.allow_source(row, len(networks), network, bits)
    if not networks:
        engine.allow_source(0, 0, "::", 0)


@dataclass
class PlainCall(e.Stage):
    """A sender whose address is learned, a receiver whose address is named; `now_us` moves when told."""

    engine: EngineWindow = field(default_factory=EngineWindow)
    now_us: int = e.START_US
    secure: bool = False
    mux: bool = True
    learn: bool = True
    data: bool = False

    def __post_init__(self) -> None:
        for handle in (e.SENDING, e.RECEIVING):
            self.engine.open_transport(
                handle, username_fragment=b"", rtcp_ssrc=handle & 0xFF, secure=self.secure, data=self.data
            )
        self.engine.own_socket(e.SENDING, RTP_SOCKET, rtcp=False, learn=self.learn)
        if not self.mux:
            self.engine.own_socket(e.SENDING, RTCP_SOCKET, rtcp=True, learn=self.learn)
        self.engine.own_socket(e.RECEIVING, OUT_SOCKET, rtcp=False, learn=False)
        self.engine.set_remote(e.RECEIVING, OUT_SOCKET, *RECEIVER)
        allow(self.engine, ALLOWED)
        self.engine.events()

    def send(self, data: bytes, source: tuple[str, int] = SENDER, socket: int = RTP_SOCKET) -> None:
        """One datagram comes to a socket now."""
        assert self.engine.receive(socket, *source, data, self.now_us)

    def pass_time(self, us: int) -> None:
        """Let the engine do what is due on the way."""
        end = self.now_us + us
        while 0 < (deadline := self.engine.deadline()) <= end:
            self.now_us = max(self.now_us, deadline)
            self.engine.tick(self.now_us)
        self.now_us = end
        self.engine.tick(self.now_us)

    def left(self) -> list[tuple[int, tuple[str, int], bytes]]:
        """(socket, destination, datagram) of each datagram that left since the last look."""
        return [(socket, (host, port), data) for socket, host, port, data in self.engine.outbox()]

    def drops(self) -> dict[str, int]:
        return {name: n for name, n in self.engine.counters().items() if name.startswith("drop_") and n}

    def told(self, kind: type[e.Told]) -> list[e.Told]:
        """Events of one kind since the last look; drops the others."""
        return [event for event in self.engine.events() if isinstance(event, kind)]

    def close(self) -> None:
        self.engine.close_consumer(e.CONSUMER)
        self.engine.close_producer(e.PRODUCER)
        self.engine.close_transport(e.SENDING)
        self.engine.close_transport(e.RECEIVING)
