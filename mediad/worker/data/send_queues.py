"""Queues of messages for the channels of one client: who gets its turn, and who pays when there is no room.

The queues of a client hold QUEUE_BYTES and QUEUE_MESSAGES together. When there is no room, the channel with
the most pays: a channel that loses messages anyway loses its oldest, a reliable one has to close. So whoever
waits for little never pays for a neighbour.

All queues of a worker share one memory: a client may use no more of it than is still free. While many
clients are slow, each gets the same share, and a newcomer too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, heapreplace

from mediad.protocols.datachannel import ChannelMessage

QUEUE_BYTES = 2_000_000
QUEUE_MESSAGES = 4096
MEMORY_BYTES = 256 << 20
MESSAGE_COST_BYTES = 100
"""The memory that a queued message takes beside its bytes."""
SPARE_ENTRIES = 64
"""Entries of the heap that are not valid any more, beside one for each lane."""


class QueueMemory:
    """The memory of all queues of a worker. Bytes that several queues share are counted for each."""

    def __init__(self, limit_bytes: int = MEMORY_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    @property
    def free_bytes(self) -> int:
        return self.limit_bytes - self.used_bytes


@dataclass(slots=True, eq=False)
class Lane:
    """The outgoing stream of one channel, with the messages that wait for it.

    `end` closes the channel, and tells the reason; None: with its transport, of which nothing is told.
    """

    stream_id: int
    end: Callable[[str | None], None]
    ordered: bool = True
    max_packet_life_time_ms: int | None = None
    max_retransmits: int | None = None
    messages_sent: int = 0
    bytes_sent: int = 0
    bytes: int = 0
    """Bytes of the messages that wait."""
    waiting: deque[tuple[ChannelMessage, int]] = field(default_factory=deque)
    """Messages, each with the time in microseconds since which it waits."""
    noted: int = 0
    """The number of its valid entry in the heap of SendQueues."""

    @property
    def reliable(self) -> bool:
        return self.max_packet_life_time_ms is None and self.max_retransmits is None

    @property
    def cost_bytes(self) -> int:
        return self.bytes + MESSAGE_COST_BYTES * len(self.waiting)


Send = Callable[[Lane, ChannelMessage, int | None], bool]
"""A function that sends a message, with the milliseconds it has left; False: not now."""


class SendQueues:
    """The queues of one client's channels; `drop` is told the reason for each message that is lost."""

    def __init__(self, memory: QueueMemory, drop: Callable[[str], None]) -> None:
        self.bytes = 0
        self.messages = 0
        self.sent_messages = 0
        self.sent_bytes = 0
        self._memory = memory
        self._drop = drop
        self._turns: deque[Lane] = deque()
        """Lanes with messages, in the order of their turns."""
        self._by_cost: list[tuple[int, int, Lane]] = []
        """A heap of (-cost, number, lane). The valid entry of a lane tells what it costs, or has cost: it may
        cost less now. So whoever has to pay is found without a look at all lanes, of which a client may have
        a thousand, for each message that a flood brings."""
        self._entries = 0

    def put(self, lane: Lane, message: ChannelMessage, now_us: int) -> list[Lane]:
        """Add a message; return the reliable channels that have lost messages and must be closed."""
        if not lane.waiting:
            self._turns.append(lane)
        lane.waiting.append((message, now_us))
        self._account(lane, len(message.data), 1)
        self._note(lane)
        broken: list[Lane] = []
        while self._turns and self._overfull:
            victim = self._heaviest()
            if victim.reliable:
                self.clear(victim)
                broken.append(victim)
            else:
                self._pop(victim)
            self._drop("queue_full")
        return broken

    def send_some(self, send: Send, limit: int, now_us: int) -> bool:
        """Send at most `limit` messages, one of each channel in turn; return False when `send` refused."""
        for _ in range(limit):
            if not self._turns:
                break
            lane = self._turns[0]
            message, since_us = lane.waiting[0]
            life_ms = lane.max_packet_life_time_ms
            if life_ms is not None:
                life_ms -= (now_us - since_us) // 1000
            if life_ms is not None and life_ms < 0:
                self._drop("expired")
            elif send(lane, message, life_ms):
                lane.messages_sent += 1
                lane.bytes_sent += message.size
                self.sent_messages += 1
                self.sent_bytes += message.size
            else:
                return False
            if lane.waiting:  # else it was cleared meanwhile
                self._pop(lane)
                self._turns.rotate(-1 if lane.waiting else 0)
        return True

    def clear(self, lane: Lane) -> None:
        """Forget the messages of a channel that is closed."""
        if lane.waiting:
            self._turns.remove(lane)
            self._account(lane, -lane.bytes, -len(lane.waiting))
            lane.waiting.clear()

    @property
    def _overfull(self) -> bool:
        cost_bytes = self.bytes + MESSAGE_COST_BYTES * self.messages
        return (
            self.bytes > QUEUE_BYTES or self.messages > QUEUE_MESSAGES or cost_bytes > self._memory.free_bytes
        )

    def _note(self, lane: Lane) -> None:
        """Enter what a lane costs now."""
        heappush(self._by_cost, self._entry(lane))
        if len(self._by_cost) > 2 * len(self._turns) + SPARE_ENTRIES:
            self._by_cost = [self._entry(lane) for lane in self._turns]
            heapify(self._by_cost)

    def _entry(self, lane: Lane) -> tuple[int, int, Lane]:
        self._entries += 1
        lane.noted = self._entries
        return -lane.cost_bytes, lane.noted, lane

    def _heaviest(self) -> Lane:
        """Return the lane that costs most; there must be one that waits."""
        while True:
            cost, number, lane = self._by_cost[0]
            if number != lane.noted or not lane.waiting:
                heappop(self._by_cost)
            elif -cost != lane.cost_bytes:
                heapreplace(self._by_cost, self._entry(lane))
            else:
                return lane

    def _pop(self, lane: Lane) -> None:
        message, _ = lane.waiting.popleft()
        self._account(lane, -len(message.data), -1)
        if not lane.waiting:
            self._turns.remove(lane)

    def _account(self, lane: Lane, size: int, count: int) -> None:
        lane.bytes += size
        self.bytes += size
        self.messages += count
        self._memory.used_bytes += size + MESSAGE_COST_BYTES * count
