"""SCTP associations as mediad.worker.data sees them. Times are µs, and never run backwards."""

from mediad.protocols.sctp_events import SctpEvent

class SctpStack:
    """All associations of this process, with one clock. Raises RuntimeError while another one is open.

    Their messages share `memory_bytes`: none takes more than is free. A message to send then waits, and an
    association whose peer takes more fails.
    """

    def __init__(self, now_us: int, *, memory_bytes: int = ...) -> None: ...
    def open(
        self,
        *,
        max_message_bytes: int,
        streams: int,
        send_buffer_bytes: int,
        reassembly_bytes: int,
        packet_bytes: int,
    ) -> Association:
        """Make an association that sends packets of at most `packet_bytes`, and none before `connect`."""

    def get_timer(self) -> int | None:
        """Return when `handle_timer` is to be called, or None while there is no association."""

    def handle_timer(self, now_us: int) -> None:
        """Do what is due, of all associations."""

    def ready(self) -> list[Association]:
        """Return those that have datagrams or events since the last call."""

    def close(self) -> None:
        """Close all associations. What their ABORTs would have said to peers is lost."""

class Association:
    """One peer's. After calls to the stack or its associations, drain those that are `ready`."""

    buffered_bytes: int
    """Bytes of messages that the peer has not acknowledged yet, or that wait to be sent."""
    memory_bytes: int
    """Memory that libusrsctp keeps for it."""
    dropped: dict[str, int]
    """Counts of what was thrown away, by reason."""

    def connect(self, now_us: int) -> None:
        """Send INIT. An INIT of the peer that crosses it is fine (RFC 9260 section 5.2.1)."""

    def receive_datagram(self, data: bytes, now_us: int) -> None:
        """Take one SCTP packet. Nothing in it raises; what is wrong is counted in `dropped`."""

    def send(
        self,
        stream_id: int,
        ppid: int,
        data: bytes,
        *,
        ordered: bool,
        max_packet_life_time_ms: int | None,
        max_retransmits: int | None,
        now_us: int,
    ) -> bool:
        """Take a whole message, or return False: the buffer is full until SendReady is told.

        Raises ValueError when the message is empty or longer than `max_message_bytes`, the stream is none of
        the association's or both limits are given, and InvalidState when the association is not connected.
        """

    def reset_streams(self, stream_ids: list[int], now_us: int) -> None:
        """Reset outgoing streams (RFC 6525), once what was sent on them before has arrived.

        Those beyond what the peer takes carry nothing, and are passed over.
        """

    def datagrams_to_send(self) -> list[bytes]:
        """Return the packets for the peer, each small enough for one DTLS record, and forget them."""

    def next_event(self) -> SctpEvent | None: ...
    def close(self) -> None:
        """Abort. The ABORT is among the last `datagrams_to_send`; no event follows."""
