"""PlainTransport: one client that speaks RTP without ICE and DTLS: ffmpeg, GStreamer, a recorder."""

from __future__ import annotations

from typing import Any

from mediad.config.settings import TransportOptions
from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.events import TupleLearned
from mediad.pipe.transport_requests import (
    ConnectPlainTransport,
    CryptoSuite,
    PlainTransportConnected,
    PlainTransportCreated,
    SrtpParameters,
)
from mediad.protocols.ice_paths import Path
from mediad.worker.context import RouterContext
from mediad.worker.transports.candidates import Endpoint, tuple_stats
from mediad.worker.transports.sdes import read_key
from mediad.worker.transports.socket_transport import SocketTransport


class PlainTransport(SocketTransport):
    """A transport to an address that `connect` names, or, with comedia, the first valid packet tells.

    It has one endpoint, or a second one for RTCP.
    """

    TYPE = "plain-rtp-transport"

    def __init__(
        self,
        context: RouterContext,
        transport_id: str,
        options: TransportOptions,
        endpoints: tuple[Endpoint, ...],
        *,
        comedia: bool,
        suite: CryptoSuite | None,
    ) -> None:
        """Make a transport; `suite` is that of its key until the client names another, None: no SRTP."""
        super().__init__(context, transport_id, options, endpoints, suite=suite, learn=comedia)
        self._comedia = comedia
        self._connected = False

    def parameters(self) -> PlainTransportCreated:
        """Return the parameters by which a client sends, and reads what it is sent."""
        return PlainTransportCreated(self.media_tuple, self.rtcp_tuple, self.srtp_parameters)

    def connect(self, request: ConnectPlainTransport) -> PlainTransportConnected:
        """Take the client's addresses, which with comedia are ignored, and its key.

        Raises InvalidState for a second call, InvalidInput for what does not fit; nothing has changed then.
        """
        if self._connected:
            raise InvalidState("connect() already called")
        theirs = self._expected(request.srtp_parameters)
        their_key = None if theirs is None else read_key(theirs)
        addresses = [] if self._comedia else self._addresses(request)
        self._connected = True
        if theirs is not None and their_key is not None:
            self._set_keys(theirs, their_key)  # before addresses: nothing is sent in between
        for place, (host, port) in enumerate(addresses):
            self._set_remote(place, host, port)
        return PlainTransportConnected(self.media_tuple, self.rtcp_tuple, self.srtp_parameters)

    def _expected(self, theirs: SrtpParameters | None) -> SrtpParameters | None:
        """Return the client's SRTP parameters, which are there exactly when SRTP is on."""
        if self._key is None and theirs is not None:
            raise InvalidInput("invalid srtpParameters (SRTP not enabled)")
        if self._key is not None and theirs is None:
            raise InvalidInput("missing srtpParameters (SRTP enabled)")
        return theirs

    def _addresses(self, request: ConnectPlainTransport) -> list[tuple[str, int]]:
        """Return the client's address for each endpoint."""
        rtcp_mux = len(self.endpoints) == 1
        if request.ip is None:
            raise InvalidInput("missing ip")
        if request.port is None:
            raise InvalidInput("missing port")
        if rtcp_mux and request.rtcp_port is not None:
            raise InvalidInput("cannot set rtcpPort with rtcpMux enabled")
        host = self._host(request.ip)
        if rtcp_mux:
            return [(host, request.port)]
        if request.rtcp_port is None:
            raise InvalidInput("missing rtcpPort (required when rtcpMux is not enabled)")
        return [(host, request.port), (host, request.rtcp_port)]

    # --- statistics -----------------------------------------------------------------------------------------

    def _own_stats(self) -> dict[str, Any]:
        own: dict[str, Any] = {
            "rtcpMux": len(self.endpoints) == 1,
            "comedia": self._comedia,
            "tuple": tuple_stats(self.media_tuple),
        }
        if (rtcp_tuple := self.rtcp_tuple) is not None:
            own["rtcpTuple"] = tuple_stats(rtcp_tuple)
        return own

    # --- from the media path --------------------------------------------------------------------------------

    def address_learned(self, path: Path, rtcp: bool) -> None:
        """Note, and tell, the address of the client's first valid packet; `rtcp`: on the port of RTCP."""
        self._remotes[1 if rtcp else 0] = path
        self._emit(TupleLearned(self.id, self.media_tuple, self.rtcp_tuple))
