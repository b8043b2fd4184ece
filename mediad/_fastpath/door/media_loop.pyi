"""Python's view of the media path. mediad.worker.media.plane is the only importer."""

from enum import IntEnum

from mediad._fastpath.door.events import Event

class Kind(IntEnum):
    KIND_TRANSPORT = 0
    KIND_PRODUCER = 1
    KIND_CONSUMER = 2
    KIND_SOCKET = 3

class Codec(IntEnum):
    CODEC_OTHER = 0
    CODEC_OPUS = 1
    CODEC_VP8 = 2
    CODEC_VP9 = 3
    CODEC_H264 = 4
    CODEC_AV1 = 5
    CODEC_H265 = 6
    CODEC_RED = 7

class ExtensionKind(IntEnum):
    EXT_MID = 0
    EXT_RID = 1
    EXT_REPAIRED_RID = 2
    EXT_ABS_SEND_TIME = 3
    EXT_TRANSPORT_CC = 4
    EXT_AUDIO_LEVEL = 5
    EXT_DEPENDENCY_DESCRIPTOR = 6
    EXT_ORIENTATION = 7
    EXT_TOFFSET = 8
    EXT_ABS_CAPTURE_TIME = 9
    EXT_PLAYOUT_DELAY = 10

MAX_ENCODINGS: int
MAX_USERNAMES: int
"""Limit of one transport, as MAX_ADDRESSES."""
MAX_ADDRESSES: int
"""The sockets that a loop can watch, by their index."""
MAX_SOCKETS: int
MAX_NETWORKS: int
"""The networks that addresses of clear transports can be learned from."""

def session_pointer(session: object) -> int:
    """Return the srtp_t inside a pylibsrtp.Session, to be lent by set_keys or set_consumer_sessions."""

class Commands:
    """Commands to the media thread: every method fills one record and returns.

    Raises BlockingIOError when the ring is full, ValueError for bad values.

    A handle is generation << 20 | index, chosen by the caller; an index is free again after its EVENT_CLOSED.
    `local` is the address of ours that a peer reaches; "" where its socket has only one. Times are µs.

    `socket` is the index of a UDP socket, or names a TCP connection: the index of its listener, and from bit
    16 up the connection's own number, which no later connection has.
    """

    def open_socket(self, index: int, fd: int) -> None: ...
    def open_listener(self, index: int, fd: int) -> None:
        """Accept TCP connections from this listening socket; each may be a path (RFC 6544)."""
    def close_socket(self, index: int) -> None: ...
    def open_transport(
        self,
        handle: int,
        *,
        username_fragment: bytes,
        ice_password: bytes,
        rtcp_ssrc: int,
        secure: bool = True,
        data: bool = False,
        max_incoming_bitrate_bps: int,
        initial_outgoing_bitrate_bps: int,
    ) -> None:
        """Open a transport; one without a username fragment has no ICE, and sockets of its own.

        Of the checks that name the fragment, those signed with `ice_password` are passed up.
        """
    def close_transport(self, handle: int) -> None: ...
    def add_username(self, handle: int, username_fragment: bytes, ice_password: bytes) -> None: ...
    def remove_username(self, handle: int, username_fragment: bytes) -> None: ...
    def add_address(self, handle: int, socket: int, host: str, port: int, local: str = "") -> None: ...
    def remove_address(self, handle: int, socket: int, host: str, port: int, local: str = "") -> None: ...
    def select_address(self, handle: int, socket: int, host: str, port: int, local: str = "") -> None: ...
    def select_unproven(self, handle: int, socket: int, host: str, port: int, local: str = "") -> None:
        """Send media to this address, at most three times the bytes that came from it.

        The limit ends with authentic media from it, or with prove_address.
        """
    def prove_address(self, handle: int, socket: int, host: str, port: int, local: str = "") -> None: ...
    def ask_address(self, handle: int, socket: int, host: str, port: int, local: str = "") -> None:
        """Ask for the state of one path; the answer is an EVENT_PATH."""
    def own_socket(self, handle: int, socket: int, *, rtcp: bool, learn: bool) -> None:
        """Give a UDP socket to a transport without ICE: for RTCP alone, or for RTP and all else.

        learn: its address on the other side is that of the first packet to be believed.
        """
    def set_remote(
        self, handle: int, socket: int, host: str, port: int, local: str = "", *, rtcp: bool = False
    ) -> None:
        """Name the address on the other side of a transport's own socket."""
    def allow_source(self, row: int, rows: int, network: str, bits: int) -> None:
        """Set one row of the table of networks that addresses are learned from in the clear.

        The table takes effect with its last row; at once, empty, for 0 rows.
        """
    def set_keys(self, handle: int, *, receive_session: int, rtcp_session: int) -> None: ...
    def set_probe_session(self, handle: int, session: int) -> None:
        """Lend the session that protects the probation stream (SSRC 1234) towards this transport."""
    def set_desired_bitrate(self, handle: int, bitrate_bps: int) -> None:
        """Set the bitrate wanted on a path that allows it: probing goes no higher; 0: no probing."""
    def cap_uplink(self, handle: int, bitrate_bps: int) -> None:
        """Limit the client's sending to this bitrate, beside its configured limit; 0 lifts it."""
    def throttle_transport(
        self, handle: int, *, uplink: tuple[int, int, int], downlink: tuple[int, int, int]
    ) -> None:
        """Emulate a network: rate in bit/s (0: no limit), delay in microseconds, loss in millionths."""
    def unthrottle_transport(self, handle: int) -> None: ...
    def open_producer(
        self,
        handle: int,
        transport: int,
        *,
        video: bool,
        mid: bytes,
        paused: bool,
        codecs: list[tuple[int, int, int, int, int]],
        encodings: list[tuple[int, int, bytes]],
        extensions: dict[int, int],
        nack: bool,
        pli: bool,
        fir: bool,
        transport_cc: bool,
        remb: bool,
        inactivity_us: int,
        levels: bool,
        fec: bool = False,
    ) -> None:
        """Open a producer on a transport.

        codecs: (payload type, RTX payload type or 0, router payload type, Codec, clock rate in Hz);
        encodings: (SSRC or 0, RTX SSRC or 0, RID or b""); extensions: ExtensionKind → the sender's id;
        fec: its reports carry the worst receiver's loss, so that its encoder prepares for it.
        """
    def pause_producer(self, handle: int, paused: bool) -> None: ...
    def close_producer(self, handle: int) -> None: ...
    def open_consumer(
        self,
        handle: int,
        transport: int,
        producer: int,
        *,
        video: bool,
        ssrc: int,
        rtx_ssrc: int,
        codecs: list[tuple[int, int]],
        clock_rate: int,
        mid: bytes,
        cname: bytes,
        extensions: dict[int, int],
        nack: bool,
        ignore_dtx: bool,
        paused: bool,
        target: int,
        first_sequence_number: int,
        first_timestamp: int,
        first_rtx_sequence_number: int,
        target_layers: tuple[int, int] = (255, 255),
        whole: bool = False,
    ) -> None:
        """Open a consumer of a producer, on a transport.

        codecs: (router payload type, RTX payload type or 0); target: encoding to send, -1 for none;
        target_layers: highest spatial and temporal layer of it, 255 for all;
        whole: every packet of it is sent, also those that no receiver of its best layers needs.
        """
    def set_consumer_sessions(self, handle: int, *, rtp_session: int, rtx_session: int) -> None: ...
    def pause_consumer(self, handle: int, paused: bool) -> None: ...
    def set_target(self, handle: int, encoding: int, temporal_layer: int, spatial_layer: int = 255) -> None:
        """Choose the encoding to send, -1 for none, and the highest layers within it, 255 for all."""
    def request_key_frame(self, consumer: int) -> None: ...
    def close_consumer(self, handle: int) -> None: ...
    def request_stats(self, request_id: int, kind: int, handle: int) -> None: ...

class MediaLoop(Commands):
    """One media thread: `run` is its body; everything else is called from the control thread."""

    event_fd: int
    udp_gso: bool
    udp_gro: bool

    def __init__(
        self,
        *,
        packet_slots: int = 65536,
        transports: int = 8192,
        producers: int = 8192,
        consumers: int = 65536,
        tcp_connections: int = 8192,
        tcp_connections_per_host: int = 8192,
    ) -> None: ...
    def run(self) -> None:
        """Forward packets until stop(). Holds the GIL only while entering and leaving."""
    def stop(self) -> None: ...
    def drain(self, limit: int = 512) -> list[Event]:
        """Return the events since the last call; event_fd is readable when there are some."""
    def send_raw(self, socket: int, data: bytes, host: str, port: int, local: str = "") -> bool:
        """Send a STUN or DTLS datagram at once. False when the kernel refused it: both retransmit.

        To a TCP connection the media thread sends it; raises BlockingIOError when it is behind.
        """
    def counters(self) -> dict[str, int]:
        """Return totals and drops by reason since the start, named as in engine/counts.pxd."""
    def packet_slots(self) -> dict[str, int]:
        """Return slots of the packet pool: total, free, free_least (since the start), stored for repeats."""
