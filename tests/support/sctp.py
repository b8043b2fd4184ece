"""Two SCTP associations with a wire between them, in fake time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mediad._usrsctp.association import Association, SctpStack
from mediad.protocols.sctp_events import MessageReceived, SctpEvent, StateChanged, StreamsReset

START_US = 5_000_000
MAX_MESSAGE_BYTES = 262_144
PACKET_BYTES = 1163

Filter = Callable[[bytes], list[bytes]]
"""Makes of one packet those that arrive."""


def open_association(stack: SctpStack, **options: int) -> Association:
    usual = {
        "max_message_bytes": MAX_MESSAGE_BYTES,
        "streams": 1024,
        "send_buffer_bytes": MAX_MESSAGE_BYTES,
        "reassembly_bytes": 1 << 20,
        "packet_bytes": PACKET_BYTES,
    }
    return stack.open(**(usual | options))


@contextmanager
def sctp_stack(now_us: int = START_US) -> Iterator[SctpStack]:
    stack = SctpStack(now_us)
    try:
        yield stack
    finally:
        stack.close()


@dataclass(eq=False)
class End:
    """One association, and what it has told."""

    association: Association
    arrives: Filter = lambda packet: [packet]
    """Filter of the packets that this end sends."""
    events: list[SctpEvent] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)

    def send(
        self,
        data: bytes,
        now_us: int,
        stream_id: int = 1,
        *,
        ppid: int = 53,
        ordered: bool = True,
        life_time_ms: int | None = None,
        retransmits: int | None = None,
    ) -> bool:
        return self.association.send(
            stream_id,
            ppid,
            data,
            ordered=ordered,
            max_packet_life_time_ms=life_time_ms,
            max_retransmits=retransmits,
            now_us=now_us,
        )

    def drain(self) -> Iterator[bytes]:
        """Note what happened, and give the packets that will arrive."""
        while event := self.association.next_event():
            self.events.append(event)
        for packet in self.association.datagrams_to_send():
            self.packets.append(packet)
            yield from self.arrives(packet)

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, StateChanged)]

    @property
    def messages(self) -> list[tuple[int, int, bytes]]:
        return [
            (event.stream_id, event.ppid, event.data)
            for event in self.events
            if isinstance(event, MessageReceived)
        ]

    @property
    def resets(self) -> list[int]:
        return [
            stream_id
            for event in self.events
            if isinstance(event, StreamsReset)
            for stream_id in event.stream_ids
        ]


class Wire:
    """Packets between two ends, and the time that passes for both.

    A packet arrives `delay_us` after it was sent, in the form that its end's filter gives it.
    """

    def __init__(self, stack: SctpStack, *, delay_us: int) -> None:
        self.stack = stack
        self.delay_us = delay_us
        self.now_us = START_US
        self._under_way: list[tuple[int, Callable[[bytes, int], None], bytes]] = []

    def run(self, duration_us: int) -> None:
        """Let time pass, with all that is due and arrives."""
        end_us = self.now_us + duration_us
        self.settle()
        while (next_us := self._next_us()) <= end_us:
            self.now_us = max(self.now_us, next_us)
            self._handle_timers()
            self.settle()
        self.now_us = end_us

    def settle(self) -> None:
        """Carry packets until none has arrived."""
        self._collect()
        while self._under_way and self._under_way[0][0] <= self.now_us:
            _, receive, packet = self._under_way.pop(0)
            receive(packet, self.now_us)
            self._collect()

    def put(self, packets: Iterable[bytes], receive: Callable[[bytes, int], None]) -> None:
        """Send packets to the end that receives them so."""
        self._under_way += [(self.now_us + self.delay_us, receive, packet) for packet in packets]

    def _next_us(self) -> int:
        moments = [moment for moment, _, _ in self._under_way[:1]]
        return min([*moments, *self._timers_us()], default=1 << 62)

    def _timers_us(self) -> list[int]:
        timer_us = self.stack.get_timer()
        return [] if timer_us is None else [timer_us]

    def _handle_timers(self) -> None:
        self.stack.handle_timer(self.now_us)

    def _collect(self) -> None:
        """Put what the ends send on the wire, and note what they tell."""
        raise NotImplementedError


class Pair(Wire):
    """Two ends of one stack."""

    def __init__(self, stack: SctpStack, *, delay_us: int = 0, **options: int) -> None:
        super().__init__(stack, delay_us=delay_us)
        self.near = End(open_association(stack, **options))
        self.far = End(open_association(stack, **options))

    def connect(self) -> Pair:
        self.near.association.connect(self.now_us)
        self.far.association.connect(self.now_us)
        self.run(2_000_000)
        assert self.near.states == self.far.states == ["connecting", "connected"]
        return self

    def connect_near(self) -> None:
        """Connect an end whose peer is connecting already."""
        self.near.association.connect(self.now_us)
        self.run(5_000_000)
        assert self.near.states == self.far.states == ["connecting", "connected"]

    def send(self, data: bytes, stream_id: int = 1, **options: Any) -> bool:
        return self.near.send(data, self.now_us, stream_id, **options)

    def _collect(self) -> None:
        for association in self.stack.ready():
            end, other = (self.near, self.far)[:: 1 if association is self.near.association else -1]
            self.put(end.drain(), other.association.receive_datagram)
