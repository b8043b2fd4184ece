"""A worker's report about itself: the reply to `worker.stats`.

Each field has a default, so that the report of a worker of another version is read as far as it goes.
"""

from __future__ import annotations

import msgspec

from mediad.logs import LineCounts
from mediad.metering.histogram import HistogramReport
from mediad.pipe.messages import Message


class LossReport(Message):
    """Shares of RTP packets lost, 0..1, by direction."""

    sent: HistogramReport
    received: HistogramReport


class LinksReport(Message):
    """The state of the links to clients, as `mediad.worker.sampling` measures it."""

    bitrates: dict[str, int]
    """Sums over all transports in bit/s, at the last sample: sent, received, rtx_sent, probation_sent."""
    round_trip: HistogramReport
    """Round trips in seconds."""
    loss: LossReport


class DataReport(Message, omit_defaults=False):
    """Data channels: SCTP associations that are open, and messages and bytes of their content."""

    associations: int = 0
    messages_received: int = 0
    bytes_received: int = 0
    messages_sent: int = 0
    bytes_sent: int = 0
    """Content given to associations: repetitions do not count."""
    queued_bytes: int = 0
    """Memory of messages that wait for slow clients."""


class WorkerStats(Message, omit_defaults=False):
    """A report of all that a worker counts. Counters begin with its process."""

    rss_bytes: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    """Datagrams and packets not passed on, by reason."""
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    """Counters of the media path, by their names there."""
    packet_slots: dict[str, int] = msgspec.field(default_factory=dict)
    """Places for packets in memory, by what is in them."""
    udp_gso: bool | None = None
    udp_gro: bool | None = None
    udp_buffer_bytes: int | None = None
    """Receive buffer that the kernel granted the media socket."""
    transports: int | None = None
    """Transports on the media path."""
    producers: int | None = None
    consumers: int | None = None
    parked: int = 0
    """Transports without a place on the media path, because no client came."""
    ice_states: dict[str, int] = msgspec.field(default_factory=dict)
    """Transports by ICE state."""
    dtls_states: dict[str, int] = msgspec.field(default_factory=dict)
    sctp_states: dict[str, int] = msgspec.field(default_factory=dict)
    """Transports with data channels by SCTP state."""
    data: DataReport | None = None
    loop_lag: HistogramReport | None = None
    """The lateness of the worker's event loop, in seconds."""
    links: LinksReport | None = None
    log: LineCounts | None = None
    ports: dict[str, int] = msgspec.field(default_factory=dict)
    """The media ports for one transport each, in use and free."""
    port_refusals: int | None = None
    """Transports that were not made because no media port could be opened for them."""
    misfits: dict[str, int] = msgspec.field(default_factory=dict)
    """Messages on the pipe that were refused, by kind."""
