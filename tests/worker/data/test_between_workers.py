"""Data channels between a room's routers on two workers: SCTP without DTLS, and both ends open channels."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import Full
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.pipe.events import DataConsumerClosed, DataProducerClosed, RouterEvent
from mediad.protocols.datachannel import (
    BINARY,
    EMPTY_BINARY,
    EMPTY_TEXT,
    TEXT,
    ChannelMessage,
    text_message,
)
from mediad.worker.context import RouterContext
from mediad.worker.data.channels import DataChannels
from mediad.worker.data.data_consumer import DataConsumer, SctpDataConsumer
from mediad.worker.data.data_producer import DataProducer
from mediad.worker.data.router_data import RouterData
from mediad.worker.data.sctp import MAX_MESSAGE_BYTES, STREAMS, Sctp
from mediad.worker.transports.handshakes import Handshakes
from tests.support.fake_clock import FakeClock
from tests.support.recording_loop import recorded_plane
from tests.support.worker_objects import OnePort

PACKET_BYTES = 1200
DELAY_US = 500


class Screen(DataConsumer):
    """A data consumer that remembers."""

    def __init__(self, clock: FakeClock, data_consumer_id: str, producer: DataProducer) -> None:
        super().__init__(clock, data_consumer_id, producer)
        self.messages: list[ChannelMessage] = []

    def send(self, message: ChannelMessage) -> None:
        self.messages.append(message)

    def close(self) -> None: ...

    def _figures(self) -> tuple[int, int, int]:
        return len(self.messages), 0, 0


class End:
    """One worker's end of the pipe, with a router's data."""

    def __init__(self, pipe: Pipe, number: int) -> None:
        self.events: list[RouterEvent] = []
        context = RouterContext(
            recorded_plane(pipe.clock)[0],
            self.events.append,
            pipe.clock,
            OnePort(),
            pipe.sctp,
            Handshakes(pipe.clock),
        )
        self.data = RouterData(context, lambda object_id: None)
        self.states: list[str] = []
        self.channels = DataChannels(
            pipe.sctp,
            pipe.clock,
            lambda state, reason: self.states.append(state),
            lambda packets: pipe.carry(number, packets),
        )
        self.channels.share_streams(odd=number == 1)


class Pipe:
    """Two ends, and what is lost between them: every n-th packet, if told so."""

    def __init__(self, *, lose_every: int = 0) -> None:
        self.clock = FakeClock()
        self.sctp = Sctp(self.clock)
        self.ends = [End(self, 0), End(self, 1)]
        self._lose_every = lose_every
        self._packets = 0
        for end in self.ends:
            end.channels.secured(PACKET_BYTES)

    def __enter__(self) -> Pipe:
        return self

    def __exit__(self, *error: object) -> None:
        for end in self.ends:
            end.channels.close()

    def carry(self, number: int, packets: list[bytes]) -> None:
        for packet in packets:
            self._packets += 1
            if not self._lose_every or self._packets % self._lose_every:
                self._deliver(self.ends[1 - number], packet)

    def _deliver(self, end: End, packet: bytes) -> None:
        self.clock.call_at(self.clock.now_us() + DELAY_US, lambda: end.channels.receive(packet))

    def join(self, number: int, name: str, **like: Any) -> tuple[DataProducer, Screen]:
        """A data producer at one end, and whoever consumes it at the other."""
        here, there = self.ends[number], self.ends[1 - number]
        source = here.data.produce_directly(name, "label", "protocol")
        source.parameters = SctpStreamParameters(stream_id=0, **like)
        consumer = here.data.consume(here.channels, f"pipe/{name}", source)
        producer = there.data.produce(there.channels, name, consumer.parameters, "label", "protocol")
        screen = Screen(self.clock, f"screen/{name}", producer)
        there.data.consumers[screen.id] = producer.consumers[screen.id] = screen
        return source, screen


SENT = [
    ChannelMessage(TEXT, "ä".encode()),
    ChannelMessage(BINARY, bytes(range(256))),
    ChannelMessage(EMPTY_TEXT, b"\0"),
    ChannelMessage(EMPTY_BINARY, b"\0"),
    ChannelMessage(BINARY, bytes(MAX_MESSAGE_BYTES)),
    *(ChannelMessage(TEXT, b"%d" % number) for number in range(40)),
]


@pytest.mark.parametrize(
    "like", [{}, {"ordered": False}, {"ordered": False, "max_retransmits": 3}, {"max_packet_life_time": 2000}]
)
def test_messages_and_their_reliability_get_through(like: dict[str, Any]) -> None:
    with Pipe(lose_every=25) as pipe:
        source, screen = pipe.join(0, "p", **like)
        assert pipe.ends[1].data.producers["p"].parameters == SctpStreamParameters(stream_id=0, **like)
        for message in SENT:
            source.receive(message)
        pipe.clock.pass_s(20)
        if like.get("ordered", True):
            assert screen.messages == SENT
        else:
            assert sorted(screen.messages, key=repr) == sorted(SENT, key=repr)


def test_both_ends_open_channels_at_once() -> None:
    with Pipe() as pipe:
        joined = [pipe.join(number % 2, f"p{number}") for number in range(6)]
        for number, (source, _) in enumerate(joined):
            source.receive(text_message(str(number)))
        pipe.clock.pass_s(1)
        assert [screen.messages for _, screen in joined] == [
            [text_message(str(number))] for number in range(6)
        ]
        taken = [end.data.consumers[f"pipe/p{n}"] for n, end in enumerate(pipe.ends * 3)]
        streams = [
            consumer.parameters.stream_id for consumer in taken if isinstance(consumer, SctpDataConsumer)
        ]
        assert streams == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("closes", ["source", "consumer", "producer"])
def test_closing_one_end_closes_the_other_and_nothing_else(closes: str) -> None:
    with Pipe() as pipe:
        here, there = pipe.ends
        gone, _ = pipe.join(0, "gone")
        back, screen = pipe.join(1, "back")
        pipe.clock.pass_s(1)
        if closes == "source":
            here.data.close_producer(gone)
        elif closes == "consumer":
            here.data.close_consumer(here.data.consumers["pipe/gone"])
        else:
            there.data.close_producer(there.data.producers["gone"])
        pipe.clock.pass_s(1)
        assert "pipe/gone" not in here.data.consumers
        assert "gone" not in there.data.producers
        told = [event for end in pipe.ends for event in end.events]
        if closes == "producer":
            assert told == [DataConsumerClosed("pipe/gone", "the client closed the channel")]
        else:
            assert told == [DataProducerClosed("gone", "the client closed the channel")]
        back.receive(text_message("still"))
        pipe.clock.pass_s(1)
        assert screen.messages == [text_message("still")]


def test_an_end_has_half_of_the_streams() -> None:
    with Pipe() as pipe:
        here, there = pipe.ends
        source = here.data.produce_directly("p", "", "")
        for number in range(STREAMS // 2):
            here.data.consume(here.channels, f"c{number}", source)
        with pytest.raises(Full, match="this transport has 512 data channels already"):
            here.data.consume(here.channels, "more", source)
        pipe.clock.pass_s(1)
        # one that the other end is closing is not this one's to use again
        other, _ = pipe.join(1, "other")
        pipe.clock.pass_s(1)
        there.data.close_producer(other)
        pipe.clock.pass_s(1)
        with pytest.raises(Full):
            here.data.consume(here.channels, "more", source)
