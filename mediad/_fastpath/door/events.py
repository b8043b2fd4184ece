"""Events of the media path, a type for each kind: what MediaLoop.drain() returns.

Handles name the object an event is about. Times are µs of the monotonic clock, bitrates bit/s. `local` is the
address of ours that the peer reaches; "" where its socket has only one.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias


class StunReceived(NamedTuple):
    """A STUN message that names a transport's user name."""

    transport: int
    socket: int
    host: str
    port: int
    local: str
    data: bytes
    selected_heard_us: int
    """Time of the last authentic media from the address that this transport's media goes to; 0 = never."""


class DtlsReceived(NamedTuple):
    """A datagram of DTLS records from a validated address of the transport."""

    transport: int
    socket: int
    host: str
    port: int
    local: str
    data: bytes


class SctpReceived(NamedTuple):
    """An SCTP packet that came in UDP, without DTLS, from the address of a transport with data channels."""

    transport: int
    socket: int
    host: str
    port: int
    local: str
    data: bytes


class AddressLearned(NamedTuple):
    """The address on the other side of a transport's own socket, from the first packet to be believed."""

    transport: int
    socket: int
    host: str
    port: int
    local: str
    rtcp: bool
    """True for the socket that is for RTCP alone."""


class Closed(NamedTuple):
    """The end of an object: its index is free, and sessions lent to it are no longer used."""

    kind: int
    """Kind"""
    handle: int


class StreamChanged(NamedTuple):
    """State of one encoding of a producer. Scores go from 0 to 10."""

    producer: int
    encoding: int
    ssrc: int
    score: int
    active: bool


class ConsumerScore(NamedTuple):
    """Score of what a consumer's client receives, from 0 to 10."""

    consumer: int
    score: int


class LayersChanged(NamedTuple):
    """Layers that a consumer is sent: an encoding (-1: none), and the layers within it (255: it has none)."""

    consumer: int
    encoding: int
    temporal_layer: int
    spatial_layer: int


class LevelMeasured(NamedTuple):
    """Audio levels of a producer since the last event; none come while it is silent.

    An event comes every 300 ms. `loudness` has a byte, 127 + dBov, for each step of 20 ms by RTP timestamps.
    """

    producer: int
    packets: int
    dbov_sum: int
    """Sum of the packets' levels, each -127 to 0 dBov."""
    loudness: bytes


class BandwidthEstimated(NamedTuple):
    """Estimate of the bitrate that the path to a transport's client carries."""

    transport: int
    available_bps: int
    delivered_bps: int
    queue_us: int


class BitratesMeasured(NamedTuple):
    """Bitrates of one encoding by choice of layers: bitrates[4 * spatial + temporal]."""

    producer: int
    encoding: int
    bitrates: list[int]


class StatsAnswered(NamedTuple):
    """Answer to request_stats: a record for each stream, or one for a transport; [] when it is gone."""

    request_id: int
    records: list[dict[str, Any]]


class CommandRefused(NamedTuple):
    """A command that was not done, and the reason. The object it was to open is told of as Closed as well."""

    kind: int
    """Kind"""
    handle: int
    command: str
    reason: str


class PathReported(NamedTuple):
    """Answer to ask_address (`asked`), or the first authentic packet of media on a path."""

    transport: int
    socket: int
    host: str
    port: int
    local: str
    heard_us: int
    """Time of the last authentic media from this address; 0 = never."""
    dropped_us: int
    """Time of the last dropped check from this address, or from one that is no path; 0 = never."""
    asked: bool


class PathLost(NamedTuple):
    """A path of the transport that has ended with its TCP connection."""

    transport: int
    socket: int
    host: str
    port: int
    local: str


Event: TypeAlias = (
    StunReceived
    | DtlsReceived
    | SctpReceived
    | AddressLearned
    | Closed
    | StreamChanged
    | ConsumerScore
    | LayersChanged
    | LevelMeasured
    | BandwidthEstimated
    | BitratesMeasured
    | StatsAnswered
    | CommandRefused
    | PathReported
    | PathLost
)
