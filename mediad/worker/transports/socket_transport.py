"""SocketTransport: what plain transports and pipes have in common: sockets of their own, no ICE, no DTLS.

Whatever comes on its sockets is this transport's. The other side's address is named by a request, or learned;
its key, where packets are SRTP, is named. There is no bandwidth estimate: consumers get their best layers.
"""

from __future__ import annotations

import ipaddress
import secrets

from mediad.config.listen import can_receive
from mediad.config.settings import TransportOptions
from mediad.errors import InvalidInput
from mediad.pipe.events import TransportFailed
from mediad.pipe.transport_requests import CryptoSuite, SrtpParameters, TransportTuple
from mediad.protocols.ice_paths import Path
from mediad.worker.context import RouterContext
from mediad.worker.tracks.pipe_consumer import AnyConsumer
from mediad.worker.transports.candidates import Endpoint
from mediad.worker.transports.sdes import SdesKey
from mediad.worker.transports.transport import Transport


class SocketTransport(Transport):
    """A transport whose first endpoint is for RTP, and the second, if it has one, for RTCP alone."""

    def __init__(
        self,
        context: RouterContext,
        transport_id: str,
        options: TransportOptions,
        endpoints: tuple[Endpoint, ...],
        *,
        suite: CryptoSuite | None,
        learn: bool = False,
        data: bool = False,
    ) -> None:
        """Make a transport; `suite`: of its SRTP, `learn`: of addresses, `data`: SCTP comes in UDP."""
        super().__init__(context, transport_id, options, endpoints)
        self._learn = learn
        self._takes_data = data
        self._key = None if suite is None else SdesKey(suite)
        self._keyed = False  # the other side's key is known, too
        self._remotes: list[Path | None] = [None] * len(endpoints)
        self.open()

    def _open(self) -> int:
        handle = self._plane.open_transport(
            self,
            self._options,
            credentials=None,
            rtcp_ssrc=secrets.randbits(32),
            secure=self._key is not None,
            data=self._takes_data,
        )
        for place, endpoint in enumerate(self.endpoints):
            self._plane.own_socket(handle, endpoint.sockets[0], rtcp=place == 1, learn=self._learn)
        return handle

    # --- addresses and keys ---------------------------------------------------------------------------------

    @property
    def srtp_parameters(self) -> SrtpParameters | None:
        """The key of what this side sends; None: it is in the clear."""
        return None if self._key is None else self._key.parameters

    @property
    def media_tuple(self) -> TransportTuple:
        """The addresses of RTP."""
        return self.endpoints[0].tuple_with(self._remotes[0])

    @property
    def rtcp_tuple(self) -> TransportTuple | None:
        """The addresses of RTCP, where it has its own."""
        return self.endpoints[1].tuple_with(self._remotes[1]) if len(self.endpoints) > 1 else None

    def _host(self, text: str) -> str:
        """Return an address as the media path spells it, if a socket like this one can send there."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise InvalidInput(f"ip is {text[:64]!r}, expected an IPv4 or IPv6 address, not a name") from None
        if isinstance(address, ipaddress.IPv6Address):
            if address.scope_id is not None:
                raise InvalidInput("ip has a zone, which other machines do not know: leave %… out")
            address = address.ipv4_mapped or address
        if address.is_unspecified or address.is_multicast:
            raise InvalidInput(f"ip is {address}, expected the address of one host")
        info = self.endpoints[0].listen_infos[0]
        if not can_receive(info.ip, str(address), v6_alone=False):
            raise InvalidInput(
                f"ip is {address}, which cannot be reached from this transport's address {info.ip}"
            )
        return str(address)

    def _set_remote(self, place: int, host: str, port: int) -> None:
        """Receive from, and send to, an address; `place` is that of the endpoint."""
        path = Path(self.endpoints[place].sockets[0], host, port)
        self._remotes[place] = path
        self._plane.set_remote(self.open(), path, rtcp=place == 1)

    def _set_keys(self, theirs: SrtpParameters, their_key: bytes) -> None:
        """Begin with SRTP, in the other side's suite."""
        assert self._key is not None
        self._key = self._key.for_suite(theirs.crypto_suite)
        self._keyed = True
        self._plane.set_keys(self.open(), self._key.profile, self._key.key, their_key)
        for consumer in self.consumers.values():
            consumer.set_keys(self._key.profile, self._key.key)

    def add_consumer(self, consumer: AnyConsumer) -> None:
        """Add a consumer; its packets are sent at once when the other side is known."""
        super().add_consumer(consumer)
        if self._key is not None and self._keyed:
            consumer.set_keys(self._key.profile, self._key.key)

    def _fail(self, reason: str) -> None:
        self._emit(TransportFailed(self.id, reason))
