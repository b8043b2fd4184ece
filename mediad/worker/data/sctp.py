"""The SCTP stack of a worker, with its clock, and the turns of those who have something to do.

The stack is without threads and without a clock: it is told the time, asked for its next timer, and lists the
associations that have something to tell. Whoever has work gets one turn after the other, each a bounded piece
(`SctpUser.work`), for SLICE_US at a time; then everything else on the event loop gets its turn.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Protocol

from mediad._usrsctp.association import Association, SctpStack
from mediad.clock import Clock, Timer
from mediad.pipe.worker_stats import DataReport
from mediad.worker.data.send_queues import QueueMemory

SLICE_US = 3_000
"""The longest time that other work on the event loop (ICE checks, pings, rooms) waits."""
STREAMS = 1024
"""Streams of an association in each direction."""
MAX_MESSAGE_BYTES = 262_144
SEND_BUFFER_BYTES = 262_144
"""Bytes of messages that an association takes before they are acknowledged: one of the largest messages."""
REASSEMBLY_BYTES = 1 << 20
"""Bytes of messages, whole or in parts, that a client can make this side keep."""

logger = logging.getLogger(__name__)


class SctpUser(Protocol):
    """The owner of an association."""

    def work(self) -> bool:
        """Do a bounded piece of what there is to do; return True when there is more."""
        ...

    def fail(self, reason: str) -> None:
        """End, because something is wrong with it."""
        ...


class Sctp:
    """All associations of one worker, and what is counted over all of them."""

    def __init__(self, clock: Clock) -> None:
        self.memory = QueueMemory()
        """The memory of queues to slow clients."""
        self.dropped: Counter[str] = Counter()
        """Messages and packets that were dropped, by reason."""
        self.messages_received = self.bytes_received = 0
        self.messages_sent = self.bytes_sent = 0
        self._clock = clock
        self._stack: SctpStack | None = None  # made when the first association is opened
        self._users: dict[Association, SctpUser] = {}
        self._waiting: dict[SctpUser, None] = {}  # in the order of their turns
        self._turn: Timer | None = None
        self._timer: Timer | None = None
        self._timer_us: int | None = None

    def open(self, user: SctpUser, packet_bytes: int) -> Association:
        """Open an association, whose `user` gets a turn whenever it has something to tell.

        `packet_bytes` is the size of the largest packet that it sends.
        """
        if self._stack is None:
            self._stack = SctpStack(self._clock.now_us())
        association = self._stack.open(
            max_message_bytes=MAX_MESSAGE_BYTES,
            streams=STREAMS,
            send_buffer_bytes=SEND_BUFFER_BYTES,
            reassembly_bytes=REASSEMBLY_BYTES,
            packet_bytes=packet_bytes,
        )
        self._users[association] = user
        return association

    def forget(self, association: Association) -> None:
        """Let go of an association that is closed."""
        self._waiting.pop(self._users.pop(association), None)
        self.dropped.update(association.dropped)
        if not self._users:  # nothing is due any more
            self.close()

    def wake(self, user: SctpUser) -> None:
        """Give `user` a turn soon."""
        self._waiting.setdefault(user)
        self._plan()

    def close(self) -> None:
        """Free the stack, when all associations are closed; the next one makes it anew."""
        for timer in (self._turn, self._timer):
            if timer is not None:
                timer.cancel()
        self._turn = self._timer = self._timer_us = None
        if self._stack is not None:
            self._stack.close()
            self._stack = None

    def drop(self, reason: str) -> None:
        """Count a message or packet that is dropped."""
        self.dropped[reason] += 1

    def report(self) -> DataReport:
        """Return what was counted since the start."""
        return DataReport(
            associations=len(self._users),
            messages_received=self.messages_received,
            bytes_received=self.bytes_received,
            messages_sent=self.messages_sent,
            bytes_sent=self.bytes_sent,
            queued_bytes=self.memory.used_bytes,
        )

    def losses(self) -> dict[str, int]:
        """Return the number of messages and packets that were dropped, by reason."""
        losses = Counter(self.dropped)
        for association in self._users:
            losses.update(association.dropped)
        return {f"data_{reason}": count for reason, count in losses.items()}

    # -- turns and time ------------------------------------------------------------------------------------

    def _plan(self) -> None:
        if self._turn is None:
            self._turn = self._clock.call_at(self._clock.now_us(), self._take_turns)

    def _take_turns(self) -> None:
        """Give each who waits one turn, in order, as long as the slice lasts."""
        self._turn = None
        self._find_ready()
        end_us = self._clock.now_us() + SLICE_US
        for _ in range(len(self._waiting)):
            user = next(iter(self._waiting), None)
            if user is None:  # those before it have ended the others
                break
            del self._waiting[user]
            if self._work(user):
                self._waiting[user] = None
            self._find_ready(but=user)  # a call about one association lets timers of others fire
            if self._clock.now_us() >= end_us:
                break
        if self._waiting:
            self._plan()
        self._arm()

    def _work(self, user: SctpUser) -> bool:
        try:
            return user.work()
        except Exception:  # one client's bug must not cost the others their messages
            logger.exception("the data channels of a client fail, its media goes on: a bug in mediad")
        try:
            user.fail("a bug in mediad")
        except Exception:
            logger.exception("the end of a client's data channels fails, too: a bug in mediad")
        return False

    def _find_ready(self, but: SctpUser | None = None) -> None:
        """Let those wait who have something to take, except `but`, who has just taken it."""
        if self._stack is not None:
            for association in self._stack.ready():
                user = self._users.get(association)
                if user is not None and user is not but:
                    self._waiting.setdefault(user)

    def _arm(self) -> None:
        due_us = None if self._stack is None else self._stack.get_timer()
        if due_us == self._timer_us:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_us = due_us
        if due_us is not None:
            self._timer = self._clock.call_at(due_us, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = self._timer_us = None
        if self._stack is not None:
            self._stack.handle_timer(self._clock.now_us())
        if self._turn is None:
            self._take_turns()
