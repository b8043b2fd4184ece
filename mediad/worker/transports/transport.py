"""Transport: one client's path into the router, with all that every kind of transport has.

A kind is a subclass in a file of its own beside this one. It opens its handle on the media path, gets the
datagrams of its protocols from there, and adds its own fields to the statistics.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from mediad.config.settings import TransportOptions
from mediad.errors import Full
from mediad.pipe.events import DownlinkChanged, IncomingExceeded
from mediad.protocols.ice_paths import Path
from mediad.worker.context import RouterContext
from mediad.worker.data.channels import DataChannels
from mediad.worker.media.plane import Kind
from mediad.worker.media.statistics import transport as transport_stats
from mediad.worker.policy.bandwidth import Bandwidth
from mediad.worker.policy.downlink_news import DownlinkReport
from mediad.worker.policy.overuse import Overuse
from mediad.worker.policy.uplink_cap import lower, uplink_cap_bps
from mediad.worker.tracks.pipe_consumer import AnyConsumer
from mediad.worker.tracks.producer import Producer
from mediad.worker.transports.candidates import Endpoint
from mediad.worker.transports.downlink import Downlink
from mediad.worker.transports.throttled import Network, ThrottledSends

logger = logging.getLogger(__name__)


class Transport(ABC):
    """The producers and consumers of one client, and their handle on the media path.

    A kind defines `_open` and `_fail`, and overrides the calls of the media path that its protocols need.
    """

    TYPE: ClassVar[str]
    """The kind's name in statistics."""

    def __init__(
        self,
        context: RouterContext,
        transport_id: str,
        options: TransportOptions,
        endpoints: tuple[Endpoint, ...] = (),
    ) -> None:
        self.id = transport_id
        self.endpoints = endpoints
        """The ports that it uses, which whoever closes it gives back."""
        self.data: DataChannels | None = None
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, AnyConsumer] = {}
        self._plane = context.plane
        self._emit = context.emit
        self._clock = context.clock
        self._options = options
        self._handle: int | None = None
        self._downlink = Downlink(context.clock, self._probe_for, self._tell_downlink)
        self._uplink_cap_bps = 0  # 0 = none, as for the next
        self._granted_bps = 0
        self._overuse = Overuse()
        self._network: Network | None = None
        self._throttled: ThrottledSends | None = None
        self._lost = 0  # by throttles that have ended

    # --- the handle on the media path -----------------------------------------------------------------------

    @abstractmethod
    def _open(self) -> int:
        """Open a handle on the media path and return it."""

    def open(self) -> int:
        """Return the handle on the media path, opened now when there is none."""
        if self._handle is None:
            self._handle = self._open()
            if self._network is not None:
                self._throttle_again(self._handle, self._network)
            if self._granted_bps:
                self._uplink_cap_bps = 0
                self.review_uplink()
        return self._handle

    @property
    def handle(self) -> int | None:
        """The handle on the media path; None while there is none."""
        return self._handle

    @property
    def parked(self) -> bool:
        """True when it has no place on the media path, because nobody uses it."""
        return self._handle is None

    def _park(self) -> None:
        """Give the handle back, if there is one."""
        if self._handle is not None:
            self._plane.close_transport(self._handle)
            self._handle = None

    # --- life -----------------------------------------------------------------------------------------------

    def add_consumer(self, consumer: AnyConsumer) -> None:
        """Add a consumer that was opened on this transport's handle."""
        self.consumers[consumer.id] = consumer

    def close(self) -> None:
        """Close the consumers and producers, tell the client, and free everything."""
        for consumer in list(self.consumers.values()):
            consumer.close()
        for producer in list(self.producers.values()):
            producer.close()
        self._close_protocols()
        self._end_throttle()
        self._downlink.close()
        if self._handle is not None:
            self._plane.close_transport(self._handle)

    @abstractmethod
    def _fail(self, reason: str) -> None:
        """Tell the client's side that this transport does not work any more."""

    def _close_protocols(self) -> None:
        """Tell the client of the end, and free what only this kind has."""

    # --- bandwidth ------------------------------------------------------------------------------------------

    @property
    def bandwidth(self) -> Bandwidth:
        """The bandwidth towards the client, which consumers claim."""
        return self._downlink.bandwidth

    @property
    def available_bps(self) -> int:
        """The last estimate of the bandwidth towards the client in bit/s; 0: none yet."""
        return self._downlink.available_bps

    def review_uplink(self) -> None:
        """Set the uplink cap anew after a change of a producer, of the demand for it, or of compliance."""
        cap_bps = lower(uplink_cap_bps(self.producers.values()), self._granted_bps)
        if (cap_bps == 0) != (self._uplink_cap_bps == 0) or abs(
            cap_bps - self._uplink_cap_bps
        ) * 20 > cap_bps:
            self._uplink_cap_bps = cap_bps
            self._plane.cap_uplink(self.open(), cap_bps)

    def limit_incoming(self, bitrate_bps: int) -> None:
        """Limit what the client may send, beside the limit of the settings; 0: no further limit."""
        self._granted_bps = bitrate_bps
        if self._handle is not None:
            self._uplink_cap_bps = -1  # no cap at all: the new one counts, however little it differs
            self.review_uplink()

    def incoming_measured(self, bitrate_bps: int) -> None:
        """Take what came from the client in the last second, as measured every few seconds."""
        if self._overuse.look(bitrate_bps, self._granted_bps):
            self._emit(IncomingExceeded(self.id, bitrate_bps=bitrate_bps, limit_bps=self._granted_bps))

    def _probe_for(self, bitrate_bps: int) -> None:
        self._plane.set_desired_bitrate(self.open(), bitrate_bps)

    def _tell_downlink(self, report: DownlinkReport) -> None:
        self._emit(
            DownlinkChanged(
                self.id,
                desired_bitrate=report.desired_bps,
                effective_desired_bitrate=report.effective_desired_bps,
                available_bitrate=report.available_bps,
            )
        )

    # --- an emulated network --------------------------------------------------------------------------------

    def throttle(self, network: Network | None) -> None:
        """Put an emulated network between this side and the client; None takes it away.

        Raises Full when too many transports have one.
        """
        if network is not None and self._handle is not None:
            self._plane.throttle_transport(self._handle, *network)
        had, self._network = self._network, network
        if network is None:
            self._end_throttle()
            if had is not None and self._handle is not None:
                self._plane.unthrottle_transport(self._handle)
            return
        if self._throttled is None:
            self._throttled = ThrottledSends(self._clock, self._plane.send, network.downlink)
        else:
            self._throttled.set(network.downlink)

    def _throttle_again(self, handle: int, network: Network) -> None:
        try:
            self._plane.throttle_transport(handle, *network)
        except Full as error:
            logger.warning("transport %s goes on without its emulated network: %s", self.id, error)
            self._network = None
            self._end_throttle()

    def _send(self, path: Path, data: bytes) -> None:
        """Send a datagram of the kind's protocols, over the emulated network if there is one."""
        if self._throttled is not None:
            self._throttled.send(path, data)
        else:
            self._plane.send(path, data)

    def _end_throttle(self) -> None:
        if self._throttled is not None:
            self._throttled.stop()
            self._lost += self._throttled.lost
            self._throttled = None

    # --- statistics -----------------------------------------------------------------------------------------

    async def stats(self) -> list[dict[str, Any]]:
        """Return the one statistics entry of this transport, as mediasoup's clients know it."""
        handle = self._handle
        records = [] if handle is None else await self._plane.stats(Kind.KIND_TRANSPORT, handle)
        entry: dict[str, Any] = {"type": self.TYPE, "transportId": self.id}
        for record in records:
            entry |= transport_stats(record, self._clock.now_us())
        entry |= self._own_stats()
        if limit_bps := lower(self._options.max_incoming_bitrate_bps, self._granted_bps):
            entry["maxIncomingBitrate"] = limit_bps
        return [entry]

    async def received_bytes(self) -> int:
        """Return the bytes of valid RTP and RTCP packets that have come."""
        handle = self._handle
        records = [] if handle is None else await self._plane.stats(Kind.KIND_TRANSPORT, handle)
        return sum(record["bytes_received"] for record in records)

    def _own_stats(self) -> dict[str, Any]:
        """Return the statistics fields that only this kind has."""
        return {}

    def dropped(self) -> Mapping[str, int]:
        """Return the number of datagrams that protocols refused or an emulated network lost, by reason."""
        lost = self._lost + (self._throttled.lost if self._throttled is not None else 0)
        return {"throttle_loss": lost} if lost else {}

    # --- from the media path --------------------------------------------------------------------------------
    # Calls for a protocol are ignored here: a kind that has the protocol overrides them.

    def bandwidth_estimated(self, available_bps: int, delivered_bps: int, queue_us: int) -> None:
        """Take a new estimate of the link to the client, and the bitrate that is delivered now."""
        self._downlink.estimated(available_bps, queue_us)

    def refused(self, what: str) -> None:
        """Fail, because the media thread refused a command that this transport needs."""
        logger.error("transport %s fails, and its client has to connect again: %s", self.id, what)
        self._fail(what)

    def stun_received(self, path: Path, data: bytes, selected_heard_us: int = 0) -> None:
        """Take a STUN datagram for one of this transport's username fragments."""

    def dtls_received(self, path: Path, data: bytes) -> None:
        """Take a DTLS datagram from one of this transport's addresses."""

    def sctp_received(self, path: Path, data: bytes) -> None:
        """Take an SCTP packet that came in UDP from this transport's address."""

    def address_learned(self, path: Path, rtcp: bool) -> None:
        """Note the address that was learned for a socket of this transport's own; `rtcp`: for RTCP alone."""

    def path_proven(self, path: Path) -> None:
        """Note that the first authentic media came from a path."""

    def path_reported(self, path: Path, heard_us: int, dropped_us: int) -> None:
        """Note when packets of a path last came or were dropped, as the media thread was asked."""

    def path_lost(self, path: Path) -> None:
        """Note that a path has ended with its TCP connection."""
