"""One end of a DTLS-SRTP association (RFC 5764), on OpenSSL with memory BIOs.

Owns the handshake, the check of the peer's fingerprint and the export of SRTP keys. The caller owns the paths
datagrams take, feeds only those ICE has validated, and after each call drains `next_event` first and
`datagrams_to_send` second: keys are then in place before the peer can know that it may send media.

There are two clocks. OpenSSL measures its retransmission timer (1 s, doubling) on the wall clock, and neither
can be set. So retransmission is done here, on the caller's clock: the last flight is kept and repeated after
100 ms, 200 ms, … 2 s, its clear records under fresh numbers. A sealed record cannot be repeated from outside
under a fresh number, so OpenSSL is asked first each time: once its own clock agrees, it writes the flight
anew and that is sent instead. One peer needs this: a server that has our Finished and whose answer was lost,
because its replay window drops exact copies.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from OpenSSL import SSL, crypto

from mediad.errors import InvalidInput, InvalidState
from mediad.protocols.certificate import Certificate, Fingerprint, check_fingerprints, matches_any
from mediad.protocols.dtls.attempt import READ_BYTES, Attempt
from mediad.protocols.dtls.flight import MAX_QUEUED_DATAGRAMS, FlightSender
from mediad.protocols.dtls.handshake import FLIGHT_SPACING_US, Handshake, Permits, Unlimited
from mediad.protocols.dtls.records import (
    ALERT,
    APPLICATION_DATA,
    HANDSHAKE,
    Record,
    split_records,
)
from mediad.protocols.srtp_keys import (
    DTLS_PROFILES,
    EXPORTER_LABEL,
    SrtpProfile,
    profile_of_openssl,
    split_keying_material,
)

DtlsRole = Literal["auto", "client", "server"]
DtlsState = Literal["new", "connecting", "connected", "failed", "closed"]

HANDSHAKE_TIMEOUT_US = 10_000_000
_DTLS_1_2 = 0xFEFD
# AEAD first; the two CBC suites are for old endpoints that have an ECDSA stack and nothing newer.
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
    b":ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    b":ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
    b":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"
)


@dataclass(frozen=True, slots=True)
class StateChanged:
    state: DtlsState


@dataclass(frozen=True, slots=True)
class KeysReady:
    """SRTP may begin. Keys are master key followed by salt; `local_key` protects what is sent."""

    profile: SrtpProfile
    local_key: bytes
    remote_key: bytes


@dataclass(frozen=True, slots=True)
class ApplicationData:
    """The content of one record: for WebRTC, an SCTP packet."""

    data: bytes


DtlsEvent = StateChanged | KeysReady | ApplicationData


@lru_cache(maxsize=4)
def _context_for(certificate: Certificate, profiles: Sequence[SrtpProfile]) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    context.set_options(
        SSL.OP_NO_QUERY_MTU | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE
    )
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # Any certificate is accepted here: the fingerprint decides, and it may not be known yet.
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.set_cipher_list(_CIPHERS)
    context.set_tlsext_use_srtp(b":".join(profile.openssl_name for profile in profiles))
    context.use_certificate(certificate.x509)
    context.use_privatekey(certificate.private_key)
    return context


class DtlsEndpoint:
    """The client or server of one association; `start` says which one, and may correct it once.

    Input never raises: bytes that are no part of the handshake are counted in `dropped`, and a handshake that
    they spoilt begins again. The association fails when the peer's certificate is not the announced one, when
    no SRTP profile is common, or when the handshake has not ended `HANDSHAKE_TIMEOUT_US` after it began.
    """

    def __init__(
        self,
        certificate: Certificate,
        profiles: Sequence[SrtpProfile] = DTLS_PROFILES,
        permits: Permits | None = None,
    ) -> None:
        """Make an endpoint that has done nothing yet; `permits`: of its attempts as a server."""
        self._permits = permits or Unlimited()
        self._context = _context_for(certificate, tuple(profiles))
        self._role: DtlsRole = "auto"
        self._state: DtlsState = "new"
        self._failure: str | None = None
        self._remote_fingerprints: list[Fingerprint] | None = None
        self._connection: SSL.Connection | None = None
        self._handshake: Handshake | None = None  # under way
        self._events: deque[DtlsEvent] = deque()
        self._deadline_us: int | None = None
        self._last_flight_sent_us: int | None = None
        self.dropped: Counter[str] = Counter()
        """Records and datagrams that changed nothing, by reason."""
        self._sender = FlightSender(self.dropped)

    @property
    def state(self) -> DtlsState:
        return self._state

    @property
    def role(self) -> DtlsRole:
        return self._role

    @property
    def failure(self) -> str | None:
        """The reason why the state is "failed", for a log line."""
        return self._failure

    def start(self, role: Literal["client", "server"], now_us: int) -> None:
        """Begin as `role`. The same role again changes nothing; the other one begins the handshake anew.

        Raises InvalidState once it is connected, failed or closed.
        """
        if self._role == role and self._state == "connecting":
            return
        if self._state not in ("new", "connecting"):
            raise InvalidState(f"DTLS is already {self._state}")
        self._role = role
        self._enter("connecting")
        self._sender.clear()
        # A server waits for its client as long as ICE lives: its time begins with the first record.
        self._deadline_us = now_us + HANDSHAKE_TIMEOUT_US if role == "client" else None
        if self._handshake is not None:
            self._handshake.end()
        self._handshake = Handshake(self._context, role, self._sender, self.dropped, self._permits)
        self._handshake.start(now_us)

    def set_remote_fingerprints(self, fingerprints: Iterable[Fingerprint]) -> None:
        """Set the fingerprints of the peer; before `start`, during the handshake or after it.

        Raises InvalidInput for an empty list, an unknown algorithm or a malformed value; InvalidState once
        connected.
        """
        checked = check_fingerprints(fingerprints)
        if self._state not in ("new", "connecting"):
            raise InvalidState(f"DTLS is already {self._state}")
        self._remote_fingerprints = checked
        self._conclude()

    def receive_datagram(self, data: bytes, now_us: int) -> None:
        """Process a datagram from an ICE-validated path. Never raises, whatever the bytes."""
        records = split_records(data)
        if self._handshake is None and self._connection is None:
            self.dropped["not-running"] += 1
        elif not records:
            self.dropped["not-dtls"] += 1
        elif self._handshake is not None:
            self._receive_handshake(self._handshake, records, now_us)
        elif self._connection is not None:
            self._receive_after_handshake(self._connection, records, now_us)

    def send_application_data(self, data: bytes) -> None:
        """Seal one message of at most `max_message_bytes`. Raises InvalidState unless connected."""
        if self._state != "connected" or self._connection is None:
            raise InvalidState("DTLS is not connected")
        if not 0 < len(data) <= self.max_message_bytes:
            raise InvalidInput(f"message of {len(data)} bytes does not fit one datagram")
        self._connection.send(data)
        self._sender.send_sealed(self._connection.bio_read(READ_BYTES))

    @property
    def max_message_bytes(self) -> int:
        """The largest application message that fits `MTU_BYTES` with the negotiated cipher; 0 before."""
        if self._state != "connected" or self._connection is None:
            return 0
        return int(self._connection.get_cleartext_mtu())

    def datagrams_to_send(self) -> list[bytes]:
        """Remove and return the datagrams to send, in order, each at most `MTU_BYTES`."""
        return self._sender.take()

    def next_event(self) -> DtlsEvent | None:
        return self._events.popleft() if self._events else None

    def get_timer(self) -> int | None:
        """The time to call `handle_timer`, in the caller's microseconds; None for never."""
        due = [moment for moment in (self._sender.repeat_at_us, self._deadline_us) if moment is not None]
        return min(due, default=None)

    def handle_timer(self, now_us: int) -> None:
        if self._deadline_us is not None and now_us >= self._deadline_us:
            self._fail("handshake timed out")
        elif (
            self._handshake is not None
            and self._sender.repeat_at_us is not None
            and now_us >= self._sender.repeat_at_us
        ):
            self._handshake.repeat(now_us)

    def fail(self, reason: str) -> None:
        """End the association, for a reason of the caller's."""
        if self._state not in ("failed", "closed"):
            self._fail(reason)

    def close(self, now_us: int) -> None:
        """Close; a connected peer is told so (close_notify)."""
        if self._state == "closed":
            return
        if self._state == "connected" and self._connection is not None:
            self._send_close_notify(self._connection)
        self._end("closed")

    # Handshake

    def _receive_handshake(self, handshake: Handshake, records: list[Record], now_us: int) -> None:
        if handshake.receive(records, now_us) and self._deadline_us is None:
            self._deadline_us = now_us + HANDSHAKE_TIMEOUT_US
        if handshake.refused:
            self._fail("handshake refused")
        elif handshake.finished is not None:
            self._finish(handshake, handshake.finished, now_us)

    def _finish(self, handshake: Handshake, attempt: Attempt, now_us: int) -> None:
        self._connection = attempt.connection
        self._handshake = None
        self._sender.finish(attempt.flight if self._role == "server" else ())
        self._conclude()
        handshake.end()
        behind = handshake.take_behind()
        if behind and self._connection is not None:
            self._receive_after_handshake(self._connection, behind, now_us)

    def _conclude(self) -> None:
        """Hand out the keys if handshake and fingerprints are both there and agree.

        A server's last flight waits for this: a client that lacks it does not send media yet.
        """
        connection = self._connection
        if connection is None or self._remote_fingerprints is None:
            return
        peer = connection.get_peer_certificate()
        if peer is None or not matches_any(
            crypto.dump_certificate(crypto.FILETYPE_ASN1, peer), self._remote_fingerprints
        ):
            self._fail("the peer's certificate does not match its fingerprint")
            return
        profile = profile_of_openssl(connection.get_selected_srtp_profile())
        if profile is None:
            self._fail("no SRTP profile in common")
            return
        assert self._role != "auto", "a finished handshake was played in a role"
        material = connection.export_keying_material(EXPORTER_LABEL, profile.exported_length)
        local_key, remote_key = split_keying_material(profile, material, self._role)
        self._deadline_us = None
        self._events.append(KeysReady(profile, local_key, remote_key))
        self._enter("connected")
        if self._role == "server":
            self._sender.send_last()
        # A server may have sent it right behind its Finished.
        self._read_application_data(connection, MAX_QUEUED_DATAGRAMS)

    # After the handshake

    def _receive_after_handshake(
        self, connection: SSL.Connection, records: list[Record], now_us: int
    ) -> None:
        sealed = []
        for record in records:
            if record.content_type == HANDSHAKE:
                self._repeat_last_flight(now_us)
            elif self._state != "connected":
                self.dropped["unverified"] += 1
            elif record.epoch > 0 and record.content_type in (ALERT, APPLICATION_DATA):
                sealed.append(record.data)
            else:
                self.dropped["after-handshake"] += 1
        if sealed:
            connection.bio_write(b"".join(sealed))
            self._read_application_data(connection, len(sealed))

    def _repeat_last_flight(self, now_us: int) -> None:
        """Send the last flight again: a client that repeats itself lacks it (RFC 6347 section 4.2.4).

        OpenSSL need not know. Repetitions have a least distance in time: the client's may be forged.
        """
        last = self._last_flight_sent_us
        is_too_soon = last is not None and now_us - last < FLIGHT_SPACING_US
        if self._role != "server" or self._state != "connected" or is_too_soon:
            self.dropped["after-handshake"] += 1
            return
        self._last_flight_sent_us = now_us
        self._sender.send_last()

    def _read_application_data(self, connection: SSL.Connection, records: int) -> None:
        """Read what so many records hold; only when one holds none may there be something to send."""
        for _ in range(records):
            try:
                data = connection.recv(READ_BYTES)
            except SSL.WantReadError:
                self._sender.send(self._take_output(connection))
                return
            except SSL.ZeroReturnError:
                self._send_close_notify(connection)
                self._end("closed")
                return
            except SSL.Error:
                self._fail("the peer reported a fatal error")
                return
            self._events.append(ApplicationData(data))

    def _send_close_notify(self, connection: SSL.Connection) -> None:
        try:
            connection.shutdown()
        except SSL.Error:  # a broken connection cannot send one
            return
        self._sender.send(self._take_output(connection))

    # Output and state

    def _take_output(self, connection: SSL.Connection) -> list[Record]:
        chunks = []
        while True:
            try:
                chunks.append(connection.bio_read(READ_BYTES))
            except SSL.WantReadError:
                return split_records(b"".join(chunks))

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._end("failed")

    def _end(self, state: Literal["failed", "closed"]) -> None:
        self._connection = None
        if self._handshake is not None:
            self._handshake.end()
        self._handshake = None
        self._deadline_us = None
        self._sender.forget()
        self._enter(state)

    def _enter(self, state: DtlsState) -> None:
        if state != self._state:
            self._state = state
            self._events.append(StateChanged(state))
