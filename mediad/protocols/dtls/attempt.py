"""One handshake of OpenSSL, which is given only messages that were found to be true.

OpenSSL keeps the first message it gets for a place, joins all pieces that claim to belong together, believes
the numbers of clear records, and cannot go back: one forged record ends its handshake. So it gets whole
messages in order, under numbers of our own, and the change of ciphers when the first sealed record comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from OpenSSL import SSL

from mediad.protocols.dtls.flight import MTU_BYTES
from mediad.protocols.dtls.messages import Message, messages_of
from mediad.protocols.dtls.records import CHANGE_CIPHER_SPEC, Record, clear_record, split_records

READ_BYTES = 2**14 + 2048


class Attempt:
    """A handshake begun by a client's own hello, or by the first hello that a server was given."""

    def __init__(self, context: SSL.Context, role: Literal["client", "server"], now_us: int) -> None:
        self.connection = SSL.Connection(context, None)
        self.connection.set_ciphertext_mtu(MTU_BYTES)
        self.begun_us = now_us
        self.flight: Sequence[Record] = ()
        """The records of OpenSSL's last answer."""
        self.finished = False
        self.proven = False
        """True when the other side's clear messages are complete and true."""
        self.sent: list[Message] = []
        """The clear messages sent by this side, in order."""
        self.shown: list[Message] = []
        self._clear_records = 0
        self._sealed = False
        if role == "server":
            self.connection.set_accept_state()
        else:
            self.connection.set_connect_state()

    def show(self, messages: Iterable[Message]) -> bool:
        """Give OpenSSL clear messages, none for a client's start.

        False when it finds the handshake broken.
        """
        data = b""
        for message in messages:
            records = message.records(self._clear_records)
            self._clear_records += len(records)
            data += b"".join(record.data for record in records)
            self.shown.append(message)
        return self._advance(data)

    def show_sealed(self, record: Record) -> bool:
        """Give OpenSSL a sealed record; it drops one that does not open."""
        data = record.data
        if not self._sealed:
            self._sealed = True
            data = clear_record(CHANGE_CIPHER_SPEC, b"\x01", self._clear_records).data + data
        return self._advance(data)

    def take_output(self) -> list[Record]:
        chunks = []
        while True:
            try:
                chunks.append(self.connection.bio_read(READ_BYTES))
            except SSL.WantReadError:
                return split_records(b"".join(chunks))

    def _advance(self, data: bytes) -> bool:
        if data:
            self.connection.bio_write(data)
        try:
            self.connection.do_handshake()
            self.finished = True
        except SSL.WantReadError:
            pass
        except SSL.Error:
            return False
        if flight := self.take_output():
            self.flight = flight
            self.sent += messages_of(flight)
        return True
