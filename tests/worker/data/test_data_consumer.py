"""The supervisor as a consumer. Consumers of clients are in test_channels.py."""

from __future__ import annotations

from collections import Counter

from mediad.pipe.events import DataMessage, RouterEvent
from mediad.protocols.datachannel import BINARY, TEXT, ChannelMessage
from mediad.worker.data.data_consumer import DIRECT_BURST, DirectDataConsumer
from mediad.worker.data.data_producer import DataProducer
from tests.support.fake_clock import FakeClock


class Supervisor:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told: list[RouterEvent] = []
        self.dropped: Counter[str] = Counter()
        self.producer = DataProducer(self.clock, "p", "chat", "json", on_end=lambda producer, reason: None)
        self.consumer = DirectDataConsumer(self.clock, "c", self.producer, 100, self.told.append, self._drop)
        self.producer.consumers["c"] = self.consumer

    def _drop(self, reason: str) -> None:
        self.dropped[reason] += 1

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, DataMessage)]


def test_short_texts_are_told_and_nothing_else() -> None:
    supervisor = Supervisor()
    for ppid, data in (
        (TEXT, b"hi"),
        (BINARY, b"x"),
        (TEXT, b"\xff"),
        (TEXT, b"x" * 101),
        (TEXT, b"x" * 100),
    ):
        supervisor.producer.receive(ChannelMessage(ppid, data))
    assert supervisor.texts == ["hi", "x" * 100]
    assert supervisor.dropped == {"direct_no_text": 2, "direct_too_long": 1}
    (stats,) = supervisor.consumer.stats()
    assert stats == {
        "type": "data-consumer",
        "timestamp": 1_000_000,
        "label": "chat",
        "protocol": "json",
        "messagesSent": 2,
        "bytesSent": 102,
        "bufferedAmount": 0,
    }


def test_a_flood_is_told_within_a_budget() -> None:
    supervisor = Supervisor()
    for _ in range(1000):
        supervisor.producer.send_text("x")
    assert len(supervisor.texts) == DIRECT_BURST
    supervisor.clock.pass_s(1)
    for _ in range(1000):
        supervisor.producer.send_text("y")
    assert supervisor.texts.count("y") == 100
    assert supervisor.dropped == {"direct_budget": 1000 - DIRECT_BURST + 900}


def test_waiting_messages_do_not_replace_each_other_and_are_bounded() -> None:
    supervisor = Supervisor()
    for number in range(100):
        supervisor.producer.send_text(str(number))
        supervisor.clock.pass_s(0.01)
    assert len({event.subject for event in supervisor.told}) == 100
    for number in range(1000):
        supervisor.producer.send_text(str(number))
        supervisor.clock.pass_s(0.01)
    assert len({event.subject for event in supervisor.told}) <= 256
