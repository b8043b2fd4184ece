"""Two SCTP associations with a wire between them, in fake time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mediad._usrsctp.association import Association, SctpStack
from mediad.protocols.sctp_events import MessageReceived, SctpEvent, StateChanged, StreamsReset

START_US = 5_000_000
MAX_MESSAGE_BYTES = 262_144

Filter = Callable[[bytes], list[bytes]]
"""Makes of one packet those that arrive."""


def open_association(stack: SctpStack, **options: int) -> Association:
    usual = {
        "max_message_bytes": MAX_MESSAGE_BYTES,
        "streams": 1024,
        "send_buffer_bytes": MAX_MESSAGE_BYTES,
        "reassembly_bytes": 1 << 20,
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


class Pair:
    """Two ends of one stack. Packets arrive `delay_us` after they were sent, as their end's filter has it."""

    def __init__(self, stack: SctpStack, *, delay_us: int = 0, **options: int) -> None:
        self.stack = stack
        self.delay_us = delay_us
        self.now_us = START_US
        self.near = End(open_association(stack, **options))
        self.far = End(open_association(stack, **options))
        self._under_way: list[tuple[int, End, bytes]] = []

    def connect(self) -> Pair:
        self.near.association.connect(self.now_us)
        self.far.association.connect(self.now_us)
        self.run(2_000_000)
        assert self.near.states == self.far.states == ["connecting", "connected"]
        return self

    def send(
        self,
        data: bytes,
        stream_id: int = 1,
        *,
        ppid: int = 53,
        ordered: bool = True,
        life_time_ms: int | None = None,
        retransmits: int | None = None,
    ) -> bool:
        return self.near.association.send(
            stream_id,
            ppid,
            data,
            ordered=ordered,
            max_packet_life_time_ms=life_time_ms,
            max_retransmits=retransmits,
            now_us=self.now_us,
        )

    def run(self, duration_us: int) -> None:
        """Let time pass, with all that is due and arrives."""
        end_us = self.now_us + duration_us
        self.settle()
        while (next_us := self._next_us()) <= end_us:
            self.now_us = max(self.now_us, next_us)
            self.stack.handle_timer(self.now_us)
            self.settle()
        self.now_us = end_us

    def settle(self) -> None:
        """Carry packets until none has arrived."""
        self._collect()
        while self._under_way and self._under_way[0][0] <= self.now_us:
            _, target, packet = self._under_way.pop(0)
            target.association.receive_datagram(packet, self.now_us)
            self._collect()

    def _next_us(self) -> int:
        moments = [moment for moment, _, _ in self._under_way[:1]]
        if (timer_us := self.stack.get_timer()) is not None:
            moments.append(timer_us)
        return min(moments, default=1 << 62)

    def _collect(self) -> None:
        for association in self.stack.ready():
            end, other = (self.near, self.far)[:: 1 if association is self.near.association else -1]
            while event := association.next_event():
                end.events.append(event)
            for packet in association.datagrams_to_send():
                end.packets.append(packet)
                self._under_way += [
                    (self.now_us + self.delay_us, other, arriving) for arriving in end.arrives(packet)
                ]
