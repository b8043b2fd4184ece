"""The data channels of the bookkeeping worker: who sends to whom, without messages."""

from __future__ import annotations

from typing import Any, Protocol

from mediad.errors import InvalidState, MediadError, NotFound, Unavailable
from mediad.pipe import data_requests as requests
from mediad.pipe.messages import Done, Handler
from tests.support.pipe_wire import wire

SCTP_PARAMETERS = requests.SctpParameters(
    port=5000,
    os=1024,
    mis=1024,
    max_message_size=262_144,
    max_send_message_size=262_144,
    max_receive_message_size=262_144,
    send_buffer_size=262_144,
    sctp_buffered_amount=0,
    is_data_channel=True,
)


class Books(Protocol):
    """The worker that these channels are on; it finds what it has, or raises NotFound."""

    def router(self, router_id: str) -> dict[str, Any]: ...

    def transport(self, transport_id: str) -> dict[str, Any]: ...


class DataBooks:
    """Data producers and data consumers by id, those of the bot too."""

    def __init__(self, worker: Books) -> None:
        self.producers: dict[str, dict[str, Any]] = {}
        self.consumers: dict[str, dict[str, Any]] = {}
        self.said: list[str] = []
        """All texts sent on direct data producers."""
        self.room: int | None = None
        """The number of data consumers it can hold; None is any number."""
        self.forgetful = False
        """True when the answers leave out the first of the data consumers that were made."""
        self._worker = worker

    def __bool__(self) -> bool:
        return bool(self.producers or self.consumers)

    def handlers(self) -> list[Handler]:
        """Return the handler of each request about data."""
        return [
            requests.CreateDataProducer.answered_by(self._create_producer),
            requests.CreateDirectDataProducer.answered_by(self._create_direct_producer),
            requests.SendData.answered_by(self._send),
            requests.CloseDataProducer.answered_by(self._close_producer),
            requests.GetDataProducerStats.answered_by(self._producer_stats),
            requests.CreateDataConsumers.answered_by(self._create_consumers),
            requests.CreateDirectDataConsumer.answered_by(self._create_direct_consumer),
            requests.CloseDataConsumer.answered_by(self._close_consumer),
            requests.GetDataConsumerStats.answered_by(self._consumer_stats),
        ]

    def reset(self, identifier: str) -> bool:
        """Close a data producer or data consumer by itself; return False when there is none."""
        if identifier in self.producers:
            self._drop_producer(identifier)
            return True
        return self.consumers.pop(identifier, None) is not None

    def drop_router(self, router_id: str) -> None:
        for producer in [p for p in self.producers.values() if p.get("routerId") == router_id]:
            self._drop_producer(producer["dataProducerId"])

    def drop_transport(self, transport_id: str) -> None:
        for producer in [p for p in self.producers.values() if p.get("transportId") == transport_id]:
            self._drop_producer(producer["dataProducerId"])
        for consumer in [c for c in self.consumers.values() if c.get("transportId") == transport_id]:
            del self.consumers[consumer["dataConsumerId"]]

    def _drop_producer(self, producer_id: str) -> None:
        for consumer in [c for c in self.consumers.values() if c["dataProducerId"] == producer_id]:
            del self.consumers[consumer["dataConsumerId"]]
        del self.producers[producer_id]

    def _producer(self, producer_id: str) -> dict[str, Any]:
        return find(self.producers, "data producer", producer_id)

    async def _create_producer(self, request: requests.CreateDataProducer) -> Done:
        self._worker.transport(request.transport_id)
        if request.data_producer_id in self.producers:
            raise InvalidState(f'a data producer with id "{request.data_producer_id}" already exists')
        self.producers[request.data_producer_id] = wire(request)
        return Done()

    async def _create_direct_producer(self, request: requests.CreateDirectDataProducer) -> Done:
        self._worker.router(request.router_id)
        self.producers[request.data_producer_id] = wire(request)
        return Done()

    async def _send(self, request: requests.SendData) -> Done:
        self._producer(request.data_producer_id)
        self.said.append(request.text)
        return Done()

    async def _close_producer(self, request: requests.CloseDataProducer) -> Done:
        self._producer(request.data_producer_id)
        self._drop_producer(request.data_producer_id)
        return Done()

    async def _producer_stats(self, request: requests.GetDataProducerStats) -> requests.DataStats:
        self._producer(request.data_producer_id)
        return requests.DataStats([{"type": "data-producer"}])

    async def _create_consumers(self, request: requests.CreateDataConsumers) -> requests.DataConsumersCreated:
        made = [self._make_consumer(new) for new in request.consumers]
        return requests.DataConsumersCreated(made[1:] if self.forgetful else made)

    def _make_consumer(self, new: requests.NewDataConsumer) -> requests.DataConsumerMade:
        try:
            if self.room is not None and len(self.consumers) >= self.room:
                raise Unavailable("this worker is full")
            self._worker.transport(new.transport_id)
            producer = self._producer(new.data_producer_id)
        except MediadError as error:
            return requests.DataConsumerMade(code=error.code, reason=str(error))
        used = [c["streamId"] for c in self.consumers.values() if c.get("transportId") == new.transport_id]
        stream_id = max(used, default=-1) + 1
        self.consumers[new.data_consumer_id] = {**wire(new), "streamId": stream_id}
        sent = producer.get("sctpStreamParameters", {})
        return requests.DataConsumerMade(
            requests.SctpStreamParameters(
                stream_id,
                sent.get("ordered", True),
                sent.get("maxPacketLifeTime"),
                sent.get("maxRetransmits"),
            )
        )

    async def _create_direct_consumer(self, request: requests.CreateDirectDataConsumer) -> Done:
        self._producer(request.data_producer_id)
        self.consumers[request.data_consumer_id] = wire(request)
        return Done()

    async def _close_consumer(self, request: requests.CloseDataConsumer) -> Done:
        find(self.consumers, "data consumer", request.data_consumer_id)
        del self.consumers[request.data_consumer_id]
        return Done()

    async def _consumer_stats(self, request: requests.GetDataConsumerStats) -> requests.DataStats:
        find(self.consumers, "data consumer", request.data_consumer_id)
        return requests.DataStats([{"type": "data-consumer"}])


def find(table: dict[str, dict[str, Any]], what: str, identifier: str) -> dict[str, Any]:
    entry = table.get(identifier)
    if entry is None:
        raise NotFound(f'{what} with id "{identifier}" not found')
    return entry
