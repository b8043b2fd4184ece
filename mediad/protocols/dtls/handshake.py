"""The handshake of one endpoint: which arriving messages are given to which of OpenSSL's attempts.

An attacker who can forge the peer's address, but not read what is sent there, may disturb a handshake and not
end it. Forged pieces are kept beside the true ones until a signature tells them apart (`judge.py`). A second
hello is answered beside the first. Sealed records that do not open are dropped, clear alerts are ignored.
DTLS 1.2 has no answer to two things: a client that takes the answer to a forged hello for the answer to its
own, and a forged request for a certificate, which no signature covers, right beside the true one.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Literal, Protocol

from OpenSSL import SSL

from mediad.protocols.dtls.attempt import Attempt
from mediad.protocols.dtls.flight import FlightSender
from mediad.protocols.dtls.judge import (
    CLIENT_HELLO,
    HELLO_VERIFY_REQUEST,
    MAX_TRIES,
    client_flight,
    server_flight,
)
from mediad.protocols.dtls.messages import Message, MessageCollector
from mediad.protocols.dtls.records import ALERT, APPLICATION_DATA, HANDSHAKE, Record, fragments_of

FLIGHT_SPACING_US = 20_000
"""The least distance between answers to repetitions, which may be forged."""

_MAX_CLIENT_ATTEMPTS = 4
_MAX_HELLOS = 4  # of different clients, answered at once: all but one are forged, and it is not known which
_HELLO_CHANCE_US = 2_000_000  # for each of them before another takes its place
_MAX_FRAGMENTS = 32  # of one datagram; a whole flight has eleven at most
_MAX_SEALED_RECORDS = 8  # kept until they can be opened; the oldest goes
_MAX_SEALED_BYTES = 512  # of each: a Finished has 61, the beginning of SCTP about 150


class Permits(Protocol):
    """The permits of a server's attempts: each has signatures to make, and 75 kB of OpenSSL's memory."""

    def take(self, under_way: int) -> bool:
        """Take one for an endpoint with so many attempts under way; False: there is none."""

    def give_back(self, count: int) -> None:
        """Give back those of attempts that have ended."""


class Unlimited:
    """Permits for as many attempts as come."""

    def take(self, under_way: int) -> bool:
        """Return True."""
        return True

    def give_back(self, count: int) -> None:
        """Do nothing."""


class Handshake:
    """One handshake. Flights leave by `sender`; input that changes nothing is counted in `dropped`.

    A server's attempts each need one of the `permits`, until they or the handshake end.
    """

    def __init__(
        self,
        context: SSL.Context,
        role: Literal["client", "server"],
        sender: FlightSender,
        dropped: Counter[str],
        permits: Permits,
    ) -> None:
        self._context = context
        self._role = role
        self._sender = sender
        self._dropped = dropped
        self._permits = permits
        self._attempts: list[Attempt] = []  # oldest first; a client has one
        self._current: Attempt | None = None  # whose flight is repeated
        self._client_attempts = 0
        self._first_answer = 0  # the number of the server's first message; 1 after it asked for a cookie
        self._arrived = MessageCollector()
        self._sealed: deque[Record] = deque(maxlen=_MAX_SEALED_RECORDS)
        self._fragments_left = 0  # of the datagram in hand
        self._flight_sent_us = -FLIGHT_SPACING_US
        self.finished: Attempt | None = None
        self.refused = False
        """True when OpenSSL, as a client, has refused too often."""

    def start(self, now_us: int) -> None:
        """Begin: a client sends its hello, a server waits."""
        self._sender.forget()
        if self._role == "client":
            self._begin_as_client(now_us)

    def _begin_as_client(self, now_us: int) -> None:
        self._client_attempts += 1
        self._arrived = MessageCollector()
        self._sealed.clear()
        self._first_answer = 0
        attempt = Attempt(self._context, "client", now_us)
        self._attempts = [attempt]
        attempt.show([])
        self._send_flight(attempt, now_us)

    @property
    def held_bytes(self) -> int:
        """The bytes that have arrived and were not given to OpenSSL yet."""
        return self._arrived.held_bytes + sum(len(record.data) for record in self._sealed)

    def end(self) -> None:
        """Forget all attempts: one has finished, or none is wanted any more."""
        for attempt in list(self._attempts):
            self._forget(attempt)

    def take_behind(self) -> list[Record]:
        """Remove and return the sealed records that came with the end of the handshake, or before it."""
        behind = list(self._sealed)
        self._sealed.clear()
        return behind

    def receive(self, records: list[Record], now_us: int) -> bool:
        """Process one datagram. True when it brought, or completed, a message of a handshake."""
        self._arrived.begin_datagram()
        self._fragments_left = _MAX_FRAGMENTS
        messages = [message for record in records for message in self._admit(record)]
        if self._role == "server":
            self._follow_client(messages, now_us)
        elif messages:
            self._follow_server(now_us)
        self._open_sealed(now_us)
        return bool(messages)

    def repeat(self, now_us: int) -> None:
        """Send the current flight once more; OpenSSL may write it anew."""
        assert self._current is not None, "only a flight that was sent has a repetition timer"
        if self._role == "client" and self._repeat_with_cookie(now_us):
            return
        try:
            self._current.connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self._dropped["handshake-error"] += 1
        self._sender.repeat(self._current.take_output(), now_us)

    def _admit(self, record: Record) -> list[Message]:
        """Keep a record that may be of use; return the messages that are whole with it."""
        if record.epoch > 0:
            if record.epoch > 1 or len(record.data) > _MAX_SEALED_BYTES:
                self._dropped["impossible-record"] += 1
            else:
                if len(self._sealed) == _MAX_SEALED_RECORDS:
                    self._dropped["sealed-too-early"] += 1
                self._sealed.append(record)
            return []
        if record.content_type == HANDSHAKE:
            return self._admit_handshake(record)
        if record.content_type in (ALERT, APPLICATION_DATA):
            # Anyone who can forge a source address can send a clear alert: it must not end a handshake.
            self._dropped["clear-alert" if record.content_type == ALERT else "clear-data"] += 1
        return []

    def _admit_handshake(self, record: Record) -> list[Message]:
        fragments = fragments_of(record)
        if fragments is None:
            self._dropped["malformed-handshake"] += 1
            return []
        found = []
        for fragment in fragments:
            if not self._fragments_left:
                self._dropped["too-many-fragments"] += 1
                break
            self._fragments_left -= 1
            messages = self._arrived.add(fragment)
            if messages is None:
                self._dropped["handshake-too-large"] += 1
            else:
                found += messages
        return found

    def _follow_client(self, messages: list[Message], now_us: int) -> None:
        for message in messages:
            if message.sequence == 0 and message.message_type == CLIENT_HELLO:
                self._answer_hello(message, now_us)
        if not any(message.sequence > 0 for message in messages):
            return
        tries = MAX_TRIES // max(1, len(self._attempts))
        for attempt in reversed(self._attempts):
            flight = None if attempt.proven else client_flight(attempt, self._arrived, tries)
            if flight is not None:
                attempt.proven = True
                self._show(attempt, flight, now_us)
                return

    def _answer_hello(self, hello: Message, now_us: int) -> None:
        """Begin a handshake for each other hello, beside those that are under way.

        So forging a hello, before the true one or after it, gains nothing, and a browser that starts over is
        served. The same hello again means that its sender lacks the answer.
        """
        for attempt in self._attempts:
            if attempt.shown[:1] == [hello]:
                if not attempt.proven and self._is_spaced(now_us):
                    self._send_flight(attempt, now_us)
                return
        if len(self._attempts) == _MAX_HELLOS:
            if now_us - self._attempts[0].begun_us < _HELLO_CHANCE_US:
                self._dropped["too-many-hellos"] += 1
                return
            self._forget(self._attempts[0])
        if not self._permits.take(len(self._attempts)):
            self._dropped["no-permit"] += 1
            return
        if self._attempts:
            self._dropped["superseded-hello"] += 1
        attempt = Attempt(self._context, "server", now_us)
        if attempt.show([hello]):
            self._attempts.append(attempt)
            self._send_flight(attempt, now_us)
        else:
            # No alert is sent: the hello may be forged, and an alert would end the true client's handshake.
            self._dropped["handshake-error"] += 1
            self._permits.give_back(1)

    def _follow_server(self, now_us: int) -> None:
        (attempt,) = self._attempts
        flight = None if attempt.proven else server_flight(attempt, self._first_answer, self._arrived)
        if flight is not None:
            attempt.proven = True
            self._show(attempt, flight, now_us)

    def _show(self, attempt: Attempt, messages: list[Message], now_us: int) -> None:
        """Give an attempt true messages; OpenSSL may still find something wrong with them."""
        before = attempt.flight
        if not attempt.show(messages):
            self._give_up_attempt(attempt, now_us)
        elif attempt.flight is not before:
            self._send_flight(attempt, now_us)

    def _give_up_attempt(self, attempt: Attempt, now_us: int) -> None:
        self._dropped["handshake-error"] += 1
        self._forget(attempt)
        if self._role == "client":
            self.refused = self._client_attempts >= _MAX_CLIENT_ATTEMPTS
            if not self.refused:
                self._begin_as_client(now_us)

    def _forget(self, attempt: Attempt) -> None:
        self._attempts.remove(attempt)
        if self._role == "server":
            self._permits.give_back(1)

    def _open_sealed(self, now_us: int) -> None:
        """Give OpenSSL the sealed records, once there are keys. One that does not open was forged."""
        attempt = next((attempt for attempt in self._attempts if attempt.proven), None)
        while attempt is not None and self._sealed and not attempt.finished:
            record = self._sealed.popleft()
            if record.content_type != APPLICATION_DATA and not attempt.show_sealed(record):
                self._give_up_attempt(attempt, now_us)
                return
        if attempt is not None and attempt.finished:
            self.finished = attempt

    def _send_flight(self, attempt: Attempt, now_us: int) -> None:
        self._current = attempt
        self._flight_sent_us = now_us
        self._sender.begin(attempt.flight, now_us)

    def _repeat_with_cookie(self, now_us: int) -> bool:
        """Repeat the hello for a server that asked for a cookie.

        Such a request may be forged, so a true answer gets its time first.
        """
        (attempt,) = self._attempts
        wanted = self._arrived.candidates(0, HELLO_VERIFY_REQUEST)
        if attempt.proven or self._first_answer or not wanted:
            return False
        self._first_answer = 1
        self._show(attempt, [wanted[0][0]], now_us)
        return True

    def _is_spaced(self, now_us: int) -> bool:
        return now_us - self._flight_sent_us >= FLIGHT_SPACING_US
