"""Queues to one client: turns, bounds, and who pays when there is no room."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mediad.protocols.datachannel import BINARY, ChannelMessage
from mediad.worker.data.send_queues import (
    MESSAGE_COST_BYTES,
    QUEUE_BYTES,
    QUEUE_MESSAGES,
    SPARE_ENTRIES,
    Lane,
    QueueMemory,
    SendQueues,
)


class Client:
    """Queues, what was dropped, and what was sent as (stream, message) while `open_`."""

    def __init__(self, memory: QueueMemory | None = None) -> None:
        self.memory = memory or QueueMemory()
        self.dropped: Counter[str] = Counter()
        self.sent: list[tuple[int, bytes, int | None]] = []
        self.open_ = True
        self.queues = SendQueues(self.memory, self._drop)
        self.now_us = 0

    def put(self, lane: Lane, data: bytes) -> list[int]:
        """Queue a message; return the streams of channels that have to close."""
        full = self.queues.put(lane, ChannelMessage(BINARY, data), self.now_us)
        return [lane.stream_id for lane in full]

    def send(self, limit: int = 1_000_000) -> bool:
        return self.queues.send_some(self._send, limit, self.now_us)

    def _send(self, lane: Lane, message: ChannelMessage, life_ms: int | None) -> bool:
        if self.open_:
            self.sent.append((lane.stream_id, message.data, life_ms))
        return self.open_

    def _drop(self, reason: str) -> None:
        self.dropped[reason] += 1


def reliable(stream_id: int) -> Lane:
    return Lane(stream_id, lambda reason: None)


def lossy(stream_id: int) -> Lane:
    return Lane(stream_id, lambda reason: None, max_retransmits=0)


def test_channels_take_turns() -> None:
    client, lanes = Client(), [reliable(0), reliable(1), reliable(2)]
    for lane, count in zip(lanes, (4, 1, 2), strict=True):
        for number in range(count):
            client.put(lane, bytes([number]))
    assert client.send(2)
    assert client.send()
    assert [(stream, data[0]) for stream, data, _ in client.sent] == [
        *((0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (0, 3))
    ]
    assert (client.queues.messages, client.queues.bytes, client.memory.used_bytes) == (0, 0, 0)
    assert (lanes[0].messages_sent, lanes[0].bytes_sent) == (4, 4)


def test_a_message_that_is_not_taken_stays_first() -> None:
    client, lane = Client(), reliable(0)
    client.put(lane, b"a")
    client.open_ = False
    assert not client.send()
    assert (client.queues.messages, lane.messages_sent) == (1, 0)
    client.open_ = True
    assert client.send()
    assert [data for _, data, _ in client.sent] == [b"a"]


def test_a_lossy_channel_loses_its_oldest() -> None:
    client, lane = Client(), lossy(0)
    for number in range(QUEUE_MESSAGES + 3):
        assert client.put(lane, number.to_bytes(4)) == []
    assert client.dropped == {"queue_full": 3}
    assert client.send(1)
    assert client.sent[0][1] == (3).to_bytes(4)


def test_a_reliable_channel_has_to_close_and_its_neighbours_lose_nothing() -> None:
    client, slow, quiet = Client(), reliable(0), reliable(1)
    client.put(quiet, b"q" * 1000)
    part = b"x" * (QUEUE_BYTES // 4)
    for _ in range(3):
        assert client.put(slow, part) == []
    assert client.put(slow, part) == [0]
    assert (slow.bytes, client.queues.bytes, client.queues.messages) == (0, 1000, 1)
    assert client.send()
    assert [stream for stream, _, _ in client.sent] == [1]


def test_the_longest_pays_also_when_another_one_speaks() -> None:
    client, greedy, quiet = Client(), lossy(0), reliable(1)
    for _ in range(8):
        client.put(greedy, b"x" * (QUEUE_BYTES // 8))
    assert client.put(quiet, b"y" * 1000) == []
    assert client.dropped == {"queue_full": 1}
    assert (len(greedy.waiting), len(quiet.waiting)) == (7, 1)


def test_a_message_that_waited_too_long_is_not_sent() -> None:
    client = Client()
    lane = Lane(0, lambda reason: None, max_packet_life_time_ms=100)
    client.put(lane, b"old")
    client.now_us += 40_000
    client.put(lane, b"young")
    client.now_us += 61_000
    assert client.send()
    assert client.sent == [(0, b"young", 39)]
    assert client.dropped == {"expired": 1}
    assert lane.messages_sent == 1


def test_slow_clients_share_the_memory_and_a_newcomer_finds_room() -> None:
    memory = QueueMemory(limit_bytes=1_000_000)
    clients = [Client(memory) for _ in range(4)]
    lanes = [lossy(0) for _ in clients]
    for _ in range(2000):
        for client, lane in zip(clients, lanes, strict=True):
            client.put(lane, b"x" * 1000)
    shares = [lane.bytes for lane in lanes]
    assert min(shares) * 1.5 > max(shares)
    assert memory.used_bytes < memory.limit_bytes
    newcomer, lane = Client(memory), reliable(0)
    assert newcomer.put(lane, b"x" * 50_000) == []
    assert newcomer.dropped == {}


def test_closing_frees_the_memory() -> None:
    client, lane, other = Client(), reliable(0), reliable(1)
    client.put(lane, b"a" * 10)
    client.put(other, b"b" * 10)
    client.queues.clear(lane)
    client.queues.clear(lane)
    assert client.memory.used_bytes == 10 + MESSAGE_COST_BYTES
    assert client.send()
    assert [stream for stream, _, _ in client.sent] == [1]


def test_a_channel_may_close_while_it_sends() -> None:
    client, lane, other = Client(), reliable(0), reliable(1)
    for one in (lane, lane, other):
        client.put(one, b"x")

    def send(sender: Lane, message: ChannelMessage, life_ms: int | None) -> bool:
        client.queues.clear(lane)
        return True

    assert client.queues.send_some(send, 10, 0)
    assert (client.queues.messages, client.memory.used_bytes) == (0, 0)


class Watched(Lane):
    """A lane that counts how often it was asked for its cost, over all of them."""

    looks = 0

    @property
    def cost_bytes(self) -> int:
        Watched.looks += 1
        return self.bytes + MESSAGE_COST_BYTES * len(self.waiting)


def test_a_flood_to_many_channels_costs_no_look_at_all_of_them_for_each() -> None:
    client = Client()
    lanes: list[Lane] = [
        Watched(stream_id, lambda reason: None, max_retransmits=0) for stream_id in range(1024)
    ]
    for lane in lanes * (QUEUE_MESSAGES // len(lanes)):
        client.put(lane, b"x")
    Watched.looks = 0
    for lane in lanes:
        client.put(lane, b"x")
    assert client.dropped == {"queue_full": len(lanes)}
    assert Watched.looks < 8 * len(lanes)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 400_000), st.integers(0, 3)), max_size=300))
def test_whoever_has_the_most_pays(steps: list[tuple[int, int, int]]) -> None:
    client, lanes = Client(), [lossy(stream_id) for stream_id in range(10)]
    for stream_id, size, sends in steps:
        heaviest = max([lane.cost_bytes for lane in lanes if lane.waiting], default=0)
        before = [lane.cost_bytes for lane in lanes]
        before[stream_id] += size + MESSAGE_COST_BYTES
        full = client.dropped["queue_full"]
        client.put(lanes[stream_id], bytes(size))
        if client.dropped["queue_full"] == full + 1:
            (paid,) = (n for n, lane in enumerate(lanes) if lane.cost_bytes < before[n])
            assert before[paid] == max(before) >= heaviest
        client.send(sends)
    assert len(client.queues._by_cost) <= 2 * len(lanes) + SPARE_ENTRIES


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 262_144), st.booleans()), min_size=1, max_size=100)
)
def test_bounds_hold_and_nothing_is_lost_without_a_count(steps: list[tuple[int, int, bool]]) -> None:
    client = Client()
    lanes = [reliable(0), lossy(1), reliable(2), lossy(3)]
    closed: set[int] = set()
    put = 0
    for stream_id, size, sends in steps:
        if stream_id not in closed:
            closed.update(client.put(lanes[stream_id], bytes(size)))
            put += 1
        if sends:
            client.send(1)
        assert client.queues.bytes == sum(lane.bytes for lane in lanes) <= QUEUE_BYTES
        assert client.queues.messages == sum(len(lane.waiting) for lane in lanes)
        assert client.memory.used_bytes == sum(lane.cost_bytes for lane in lanes)
    client.send()
    lost = sum(client.dropped.values())
    assert len(client.sent) + lost <= put
    assert closed or len(client.sent) + lost == put
