"""Requests of the supervisor to a worker about data channels, by subject, each with the reply it gets.

A data producer is a channel that a client sends on, or a direct one, which the supervisor itself sends on. A
data consumer is a channel on which a client gets its messages, or a direct one, of which the supervisor is
told with `events.DataMessage`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from mediad.pipe.messages import Done, Message, Request

StreamId = Annotated[int, msgspec.Meta(ge=0, le=65534)]


class SctpParameters(Message):
    """The SCTP side of a transport, as its client is told it (mediasoup's `sctpParameters`)."""

    port: int
    os: int = msgspec.field(name="OS")
    """Outgoing streams, at most."""
    mis: int = msgspec.field(name="MIS")
    """Incoming streams, at most."""
    max_message_size: int
    """Bytes, and so are those below."""
    max_send_message_size: int
    max_receive_message_size: int
    send_buffer_size: int
    sctp_buffered_amount: int
    is_data_channel: bool


class SctpStreamParameters(Message):
    """The stream and reliability of a channel (RFC 8831 section 6.1). At most one of the limits is given."""

    stream_id: StreamId
    ordered: bool = True
    max_packet_life_time: int | None = None
    """Milliseconds for which a message is sent again."""
    max_retransmits: int | None = None


class DataStats(Message):
    """Statistics of one data producer or data consumer, as mediasoup's clients know them."""

    stats: list[dict[str, Any]]


# -- data producers ----------------------------------------------------------------------------------------


class CreateDataProducer(Request[Done]):
    """Receive the messages of a client's channel."""

    row = "dataProducer.create"

    transport_id: str
    data_producer_id: str
    sctp_stream_parameters: SctpStreamParameters
    label: str = ""
    protocol: str = ""


class CreateDirectDataProducer(Request[Done]):
    """Make a data producer whose messages come by `SendData`."""

    row = "dataProducer.createDirect"

    router_id: str
    data_producer_id: str
    label: str = ""
    protocol: str = ""


class SendData(Request[Done]):
    """Send a text message to all consumers of a direct data producer."""

    row = "dataProducer.send"

    data_producer_id: str
    text: str


class CloseDataProducer(Request[Done]):
    """Close a data producer with its consumers; the client's stream is reset."""

    row = "dataProducer.close"

    data_producer_id: str


class GetDataProducerStats(Request[DataStats]):
    """Statistics of a data producer."""

    row = "dataProducer.stats"

    data_producer_id: str


# -- data consumers ----------------------------------------------------------------------------------------


class NewDataConsumer(Message):
    """One data consumer that is to be made."""

    data_consumer_id: str
    transport_id: str
    data_producer_id: str


class DataConsumerMade(Message):
    """The stream of a data consumer that was made, or the code and reason why it was not."""

    sctp_stream_parameters: SctpStreamParameters | None = None
    code: str = ""
    reason: str = ""


class DataConsumersCreated(Message):
    """The outcome for each data consumer, in the order in which they were asked for."""

    consumers: list[DataConsumerMade]


class CreateDataConsumers(Request[DataConsumersCreated]):
    """Make many data consumers at once. The worker chooses their streams."""

    row = "dataConsumers.create"

    consumers: list[NewDataConsumer]


class CreateDirectDataConsumer(Request[Done]):
    """Tell the messages of a data producer to the supervisor; longer ones are dropped and counted."""

    row = "dataConsumer.createDirect"

    data_consumer_id: str
    data_producer_id: str
    max_message_bytes: int


class CloseDataConsumer(Request[Done]):
    """Close a data consumer; the client's stream is reset."""

    row = "dataConsumer.close"

    data_consumer_id: str


class GetDataConsumerStats(Request[DataStats]):
    """Statistics of a data consumer."""

    row = "dataConsumer.stats"

    data_consumer_id: str
