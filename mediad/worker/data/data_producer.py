"""DataProducer: a channel whose messages go to data consumers; the sender is a client or the supervisor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from mediad.clock import Clock
from mediad.errors import InvalidInput
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.protocols.datachannel import ChannelMessage, text_message
from mediad.worker.data.channels import DataChannels
from mediad.worker.data.sctp import MAX_MESSAGE_BYTES


class Receiver(Protocol):
    """A data consumer."""

    @property
    def id(self) -> str: ...

    def send(self, message: ChannelMessage) -> None:
        """Send a message to whoever consumes."""
        ...

    def close(self) -> None:
        """Consume no longer."""
        ...


class DataProducer:
    """The sending side of one channel: every message is counted, then given to each consumer.

    `parameters` are those of its stream; a direct one, without `channels`, has none, and is reliable.
    """

    def __init__(
        self,
        clock: Clock,
        data_producer_id: str,
        label: str,
        protocol: str,
        *,
        channels: DataChannels | None = None,
        parameters: SctpStreamParameters | None = None,
        on_end: Callable[[DataProducer, str | None], None],
    ) -> None:
        """Make a data producer; `on_end` is told when it ends unasked, and why (None: with its transport)."""
        self.id = data_producer_id
        self.label = label
        self.protocol = protocol
        self.channels = channels
        self.parameters = parameters or SctpStreamParameters(stream_id=0)
        self.consumers: dict[str, Receiver] = {}
        self._clock = clock
        self._on_end = on_end
        self._messages_received = 0
        self._bytes_received = 0
        if channels is not None:
            channels.add_sink(self.parameters.stream_id, self)

    def send_text(self, text: str) -> None:
        """Send a text, of the supervisor's. Raises InvalidInput when it is no text or too long."""
        try:
            message = text_message(text)
        except UnicodeEncodeError:
            raise InvalidInput("the text has half a character (a lone surrogate)") from None
        if message.size > MAX_MESSAGE_BYTES:
            raise InvalidInput(f"the text has {message.size} bytes, at most {MAX_MESSAGE_BYTES} are sent")
        self.receive(message)

    def receive(self, message: ChannelMessage) -> int:
        """Give a message to each consumer; return how many there are."""
        self._messages_received += 1
        self._bytes_received += message.size
        consumers = tuple(self.consumers.values())
        for consumer in consumers:
            if consumer.id in self.consumers:  # else it was closed for want of room
                consumer.send(message)
        return len(consumers)

    def end(self, reason: str | None) -> None:
        """End with its consumers, because its client has ended it, or with its transport."""
        self._on_end(self, reason)

    def close(self) -> None:
        """Receive no longer; its consumers are closed already."""
        if self.channels is not None:
            self.channels.remove_sink(self.parameters.stream_id)

    def stats(self) -> list[dict[str, Any]]:
        """Return its statistics, as mediasoup's clients know them."""
        return [
            {
                "type": "data-producer",
                "timestamp": self._clock.now_us() // 1000,
                "label": self.label,
                "protocol": self.protocol,
                "messagesReceived": self._messages_received,
                "bytesReceived": self._bytes_received,
            }
        ]
