"""DataConsumer: the messages of a data producer on their way to one client, or to the supervisor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from mediad.clock import Clock
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.pipe.events import DataMessage
from mediad.protocols.datachannel import ChannelMessage
from mediad.worker.context import Emit
from mediad.worker.data.channels import DataChannels
from mediad.worker.data.data_producer import DataProducer

DIRECT_INTERVAL_US = 10_000
DIRECT_BURST = 200
"""The supervisor is told 100 messages a second of one data producer, and 200 at once."""


class DataConsumer(ABC):
    """The receiving side of a data producer, with what both kinds have: its id and statistics."""

    def __init__(self, clock: Clock, data_consumer_id: str, producer: DataProducer) -> None:
        self.id = data_consumer_id
        self.producer = producer
        self._clock = clock

    @abstractmethod
    def send(self, message: ChannelMessage) -> None:
        """Send a message to whoever consumes."""

    @abstractmethod
    def close(self) -> None:
        """Consume no longer."""

    def stats(self) -> list[dict[str, Any]]:
        """Return its statistics, as mediasoup's clients know them."""
        messages, size, buffered = self._figures()
        return [
            {
                "type": "data-consumer",
                "timestamp": self._clock.now_us() // 1000,
                "label": self.producer.label,
                "protocol": self.producer.protocol,
                "messagesSent": messages,
                "bytesSent": size,
                "bufferedAmount": buffered,
            }
        ]

    @abstractmethod
    def _figures(self) -> tuple[int, int, int]:
        """Return messages sent, their bytes, and the bytes that wait."""


class SctpDataConsumer(DataConsumer):
    """A channel to a client, as reliable as the data producer's own."""

    def __init__(
        self,
        clock: Clock,
        data_consumer_id: str,
        producer: DataProducer,
        channels: DataChannels,
        on_end: Callable[[DataConsumer, str | None], None],
    ) -> None:
        """Open a channel on a client's transport; `on_end` is told as by a DataProducer."""
        super().__init__(clock, data_consumer_id, producer)
        self.channels = channels
        self._lane = channels.add_lane(producer.parameters, lambda reason: on_end(self, reason))

    @property
    def parameters(self) -> SctpStreamParameters:
        """The stream and reliability of its channel."""
        lane = self._lane
        return SctpStreamParameters(
            stream_id=lane.stream_id,
            ordered=lane.ordered,
            max_packet_life_time=lane.max_packet_life_time_ms,
            max_retransmits=lane.max_retransmits,
        )

    def send(self, message: ChannelMessage) -> None:
        self.channels.put(self._lane, message)

    def close(self) -> None:
        self.channels.remove_lane(self._lane)

    def _figures(self) -> tuple[int, int, int]:
        lane = self._lane
        return lane.messages_sent, lane.bytes_sent, self.channels.buffered_bytes(lane)


class DirectDataConsumer(DataConsumer):
    """The supervisor as a consumer: it is told short texts, within a budget; `drop` counts the others."""

    def __init__(
        self,
        clock: Clock,
        data_consumer_id: str,
        producer: DataProducer,
        max_message_bytes: int,
        emit: Emit,
        drop: Callable[[str], None],
    ) -> None:
        super().__init__(clock, data_consumer_id, producer)
        self._max_message_bytes = max_message_bytes
        self._emit = emit
        self._drop = drop
        self._due_us = 0  # when all that was told will have been earned
        self._messages_sent = 0
        self._bytes_sent = 0

    def send(self, message: ChannelMessage) -> None:
        if message.size > self._max_message_bytes:
            self._drop("direct_too_long")
            return
        if (text := message.text) is None:
            self._drop("direct_no_text")
            return
        now_us = self._clock.now_us()
        if self._due_us > now_us + (DIRECT_BURST - 1) * DIRECT_INTERVAL_US:
            self._drop("direct_budget")
            return
        self._due_us = max(self._due_us, now_us) + DIRECT_INTERVAL_US
        self._messages_sent += 1
        self._bytes_sent += message.size
        self._emit(DataMessage(self.id, self._messages_sent, text))

    def close(self) -> None:
        """Do nothing: the supervisor knows."""

    def _figures(self) -> tuple[int, int, int]:
        return self._messages_sent, self._bytes_sent, 0
