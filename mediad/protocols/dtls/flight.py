"""The output of a DTLS endpoint: records are numbered, packed into datagrams, and repeated until answered.

Owns the queue of datagrams and the current flight with its repetition timer (RFC 6347 section 4.2.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mediad.protocols.dtls.records import Record, pack_datagrams, renumbered

MTU_BYTES = 1200
"""The largest datagram sent: it fits every path WebRTC is used on, tunnels and IPv6 included."""

FIRST_REPETITION_US = 100_000
MAX_REPETITION_US = 2_000_000
MAX_QUEUED_DATAGRAMS = 256


class FlightSender:
    """The output of one endpoint, over all its handshake attempts; losses are counted in `dropped`."""

    def __init__(self, dropped: Counter[str]) -> None:
        self._outbox: list[bytes] = []
        self._clear_records_sent = 0
        self._flight: Sequence[Record] = ()
        self._distance_us = FIRST_REPETITION_US
        self.repeat_at_us: int | None = None
        """The time of the next repetition; None while no answer is awaited."""
        self._dropped = dropped

    def send(self, records: Sequence[Record]) -> None:
        """Queue records once, in as few datagrams as the MTU allows."""
        datagrams = pack_datagrams(map(self._numbered, records), MTU_BYTES)
        if len(self._outbox) + len(datagrams) > MAX_QUEUED_DATAGRAMS:
            self._dropped["outbox-full"] += len(datagrams)  # the older ones were not taken
            return
        self._outbox += datagrams

    def send_sealed(self, datagram: bytes) -> None:
        """Queue a datagram of sealed records."""
        if len(self._outbox) == MAX_QUEUED_DATAGRAMS:
            self._dropped["outbox-full"] += 1
        else:
            self._outbox.append(datagram)

    def begin(self, flight: Sequence[Record], now_us: int) -> None:
        """Send a flight that needs an answer."""
        self._flight = flight
        self.send(flight)
        self._distance_us = FIRST_REPETITION_US
        self.repeat_at_us = now_us + self._distance_us

    def repeat(self, fresh: Sequence[Record], now_us: int) -> None:
        """Send the flight once more, as `fresh` where OpenSSL wrote it anew, and double the distance."""
        self._flight = fresh or self._flight
        self.send(self._flight)
        self._distance_us = min(2 * self._distance_us, MAX_REPETITION_US)
        self.repeat_at_us = now_us + self._distance_us

    def finish(self, last_flight: Sequence[Record]) -> None:
        """Wait for no answer any more. The last flight is kept for `send_last`, not sent."""
        self._flight = last_flight
        self.repeat_at_us = None

    def send_last(self) -> None:
        """Send the flight that `finish` kept, again on each call."""
        self.send(self._flight)

    def forget(self) -> None:
        """Give up the current flight; queued datagrams are still sent."""
        self.finish(())

    def clear(self) -> None:
        """Give up the current flight and the queued datagrams."""
        self.forget()
        self._outbox.clear()

    def take(self) -> list[bytes]:
        """Remove and return the queued datagrams."""
        out, self._outbox = self._outbox, []
        return out

    def _numbered(self, record: Record) -> Record:
        # Repetitions need numbers of their own, so all clear records count by our counter and not OpenSSL's.
        if record.epoch > 0:
            return record
        self._clear_records_sent += 1
        return renumbered(record, self._clear_records_sent - 1)
