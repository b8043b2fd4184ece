"""Peers of an association that are aiortc's SCTP, in fake time, with channels like those of a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from aiortc import rtcsctptransport
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport

from mediad._usrsctp.association import SctpStack
from tests.support.sctp import MAX_MESSAGE_BYTES, End, Filter, Wire, open_association


class FakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is what it is set to."""

    now_s = 0.0

    def time(self) -> float:
        return self.now_s

    def turn(self) -> None:
        """Run what is due, and what that makes due at once."""
        while True:
            self.call_soon(self.stop)
            self.run_forever()
            if not self._ready and not any(handle._when <= self.now_s for handle in self._scheduled):  # type: ignore[attr-defined]
                return

    def next_timer_us(self) -> list[int]:
        return [int(handle._when * 1e6) + 1 for handle in self._scheduled if not handle._cancelled]  # type: ignore[attr-defined]


class FakeDtls:
    """Calls that aiortc's SCTP makes of its DTLS transport."""

    state = "connected"
    _role = "client"

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def _register_data_receiver(self, receiver: RTCSctpTransport) -> None:
        pass

    def _unregister_data_receiver(self, receiver: RTCSctpTransport) -> None:
        pass

    async def _send_data(self, data: bytes) -> None:
        self.sent.append(data)


class AiortcPair(Wire):
    """An association of ours, and aiortc's. `their_filter` makes of a packet of theirs those that arrive."""

    def __init__(self, stack: SctpStack, loop: FakeLoop, *, delay_us: int = 20_000) -> None:
        super().__init__(stack, delay_us=delay_us)
        self.loop = loop
        loop.now_s = self.now_us / 1e6
        self.ours = End(open_association(stack))
        self.their_filter: Filter = lambda packet: [packet]
        self.dtls = FakeDtls()
        asyncio.set_event_loop(loop)
        self.theirs = RTCSctpTransport(self.dtls)  # type: ignore[arg-type]
        self.messages: list[tuple[int, Any]] = []

    def start_theirs(self) -> None:
        self._spawn(self.theirs.start(RTCSctpCapabilities(maxMessageSize=MAX_MESSAGE_BYTES), 5000))

    def stop_theirs(self) -> None:
        self._spawn(self.theirs.stop())

    def connect(self) -> AiortcPair:
        self.ours.association.connect(self.now_us)
        self.start_theirs()
        self.run(2_000_000)
        assert self.ours.states == ["connecting", "connected"]
        assert self.theirs.state == "connected"
        return self

    def open_channel(self, stream_id: int, **options: Any) -> RTCDataChannel:
        """Make a channel of theirs, negotiated as mediasoup's are. Its messages go to `messages`."""
        channel = RTCDataChannel(
            self.theirs, RTCDataChannelParameters(negotiated=True, id=stream_id, **options)
        )
        channel.on("message", lambda data: self.messages.append((stream_id, data)))
        return channel

    def _spawn(self, coroutine: Any) -> None:
        self.loop.create_task(coroutine)
        self.loop.turn()

    def _receive(self, packet: bytes, now_us: int) -> None:
        self._spawn(self.theirs._handle_data(packet))

    def _timers_us(self) -> list[int]:
        return super()._timers_us() + self.loop.next_timer_us()

    def _handle_timers(self) -> None:
        super()._handle_timers()
        self.loop.now_s = self.now_us / 1e6
        self.loop.turn()

    def _collect(self) -> None:
        self.loop.turn()
        for _ in self.stack.ready():
            self.put(self.ours.drain(), self._receive)
        sent, self.dtls.sent = self.dtls.sent, []
        for packet in sent:
            self.put(self.their_filter(packet), self.ours.association.receive_datagram)


@contextmanager
def fake_loop() -> Iterator[FakeLoop]:
    """Make a loop whose time is also what aiortc's SCTP takes for the clock."""
    loop = FakeLoop()
    with patch.object(rtcsctptransport, "time", SimpleNamespace(time=loop.time)):
        yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.turn()
    asyncio.set_event_loop(None)
    loop.close()
