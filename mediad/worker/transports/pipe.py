"""PipeTransport: one end of the way between the routers that a room has on two workers of this machine."""

from __future__ import annotations

from typing import Any

from mediad.config.settings import TransportOptions
from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.events import SctpStateChanged
from mediad.pipe.transport_requests import CryptoSuite, PipeTransportCreated, SrtpParameters
from mediad.protocols.ice_paths import Path
from mediad.worker.context import RouterContext
from mediad.worker.data.channels import DataChannels
from mediad.worker.transports.candidates import Endpoint, tuple_stats
from mediad.worker.transports.sdes import read_key
from mediad.worker.transports.socket_transport import SocketTransport

SUITE: CryptoSuite = "AEAD_AES_256_GCM"
"""The only suite of pipes, as in mediasoup."""

SCTP_PACKET_BYTES = 1800
"""The largest SCTP packet: on the loopback interface the media path's packet slots are the limit."""


class PipeTransport(SocketTransport):
    """A transport on 127.0.0.1 to another one of its kind. Consumers on it are pipe consumers.

    Its data channels, if it has any, are an SCTP association in UDP, without DTLS, which both ends begin.
    """

    TYPE = "pipe-transport"

    def __init__(
        self,
        context: RouterContext,
        transport_id: str,
        options: TransportOptions,
        endpoint: Endpoint,
        *,
        rtx: bool,
        srtp: bool,
        sctp: bool,
    ) -> None:
        """Make an end; `rtx`: losses are repaired, `srtp`: encrypted, `sctp`: with data channels.

        Raises InvalidInput for the last two together: SCTP without DTLS is in the clear.
        """
        if srtp and sctp:
            raise InvalidInput("a pipe that encrypts has no data channels: they would go in the clear")
        super().__init__(
            context, transport_id, options, (endpoint,), suite=SUITE if srtp else None, data=sctp
        )
        self.rtx = rtx
        """True when consumers on it repair losses."""
        self.data = (
            DataChannels(context.sctp, context.clock, self._tell_sctp, self._send_sctp) if sctp else None
        )

    def parameters(self) -> PipeTransportCreated:
        """Return the parameters by which the other end connects."""
        ours = self.media_tuple
        return PipeTransportCreated(ours.local_address, ours.local_port, self.srtp_parameters)

    def connect(self, ip: str, port: int, theirs: SrtpParameters | None) -> None:
        """Take the other end's address and key.

        Raises InvalidState for a second call, InvalidInput for what does not fit; nothing has changed then.
        """
        if self._remotes[0] is not None:
            raise InvalidState("connect() already called")
        if (theirs is None) is not (self._key is None):
            raise InvalidInput("both ends of a pipe encrypt, or none does: srtpParameters")
        host = self._host(ip)
        if theirs is not None:
            if theirs.crypto_suite != SUITE:
                raise InvalidInput(f"srtpParameters.cryptoSuite is {theirs.crypto_suite}, pipes have {SUITE}")
            self._set_keys(theirs, read_key(theirs))
        self._set_remote(0, host, port)
        if self.data is not None:
            ours = self.media_tuple
            self.data.share_streams(odd=(ours.local_address, ours.local_port) > (host, port))
            self.data.secured(SCTP_PACKET_BYTES)

    def _close_protocols(self) -> None:
        if self.data is not None:
            self.data.close()

    def _own_stats(self) -> dict[str, Any]:
        own: dict[str, Any] = {"tuple": tuple_stats(self.media_tuple)}
        if self.data is not None:
            own["sctpState"] = self.data.state
        return own

    # --- data -----------------------------------------------------------------------------------------------

    def sctp_received(self, path: Path, data: bytes) -> None:
        """Pass an SCTP packet from the other end to its association."""
        if self.data is not None:
            self.data.receive(data)

    def _tell_sctp(self, state: str, reason: str | None) -> None:
        self._emit(SctpStateChanged(self.id, state, reason))

    def _send_sctp(self, packets: list[bytes]) -> None:
        if (remote := self._remotes[0]) is not None:
            for packet in packets:
                self._send(remote, packet)
