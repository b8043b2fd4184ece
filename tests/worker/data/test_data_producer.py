"""A data producer gives every message to each of its consumers."""

from __future__ import annotations

import pytest

from mediad.errors import InvalidInput
from mediad.protocols.datachannel import BINARY, ChannelMessage
from mediad.worker.data.data_producer import DataProducer
from tests.support.fake_clock import FakeClock


class Listener:
    """A consumer that remembers, and leaves at the first message if it `leaves`."""

    def __init__(self, producer: DataProducer, consumer_id: str, *, leaves: bool = False) -> None:
        self.id = consumer_id
        self.got: list[ChannelMessage] = []
        self._producer, self._leaves = producer, leaves
        producer.consumers[consumer_id] = self

    def send(self, message: ChannelMessage) -> None:
        self.got.append(message)
        if self._leaves:
            del self._producer.consumers[self.id]

    def close(self) -> None: ...


def direct() -> DataProducer:
    return DataProducer(FakeClock(), "p", "chat", "json", on_end=lambda producer, reason: None)


def test_all_consumers_get_the_same_bytes() -> None:
    producer = direct()
    listeners = [Listener(producer, name) for name in "abc"]
    message = ChannelMessage(BINARY, bytes(1000))
    assert producer.receive(message) == 3
    assert all(listener.got[0].data is message.data for listener in listeners)


def test_a_consumer_that_leaves_meanwhile_costs_the_others_nothing() -> None:
    producer = direct()
    listeners = [Listener(producer, name, leaves=name == "a") for name in "abc"]
    for _ in range(2):
        producer.receive(ChannelMessage(BINARY, b"x"))
    assert [len(listener.got) for listener in listeners] == [1, 2, 2]


def test_statistics() -> None:
    producer = direct()
    for text in ("hello", "", "ä"):
        producer.send_text(text)
    assert producer.stats() == [
        {
            "type": "data-producer",
            "timestamp": 1_000_000,
            "label": "chat",
            "protocol": "json",
            "messagesReceived": 3,
            "bytesReceived": 7,
        }
    ]


@pytest.mark.parametrize(("text", "why"), [("\ud83d", "half a character"), ("x" * 262_145, "at most 262144")])
def test_a_text_that_cannot_be_sent(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        direct().send_text(text)
