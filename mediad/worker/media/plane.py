"""MediaPlane: the only door to the native media path.

Owns the media thread, the handles, and everything lent to that thread until it has closed the object:
pylibsrtp sessions and socket descriptors. Commands go down here; events come up through `news.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from mediad._fastpath.door.events import Closed, CommandRefused
from mediad._fastpath.door.media_loop import (
    MAX_ADDRESSES,
    MAX_ENCODINGS,
    MAX_SOCKETS,
    MAX_USERNAMES,
    Codec,
    ExtensionKind,
    Kind,
    MediaLoop,
    session_pointer,
)
from mediad.capacity import CONSUMERS, PRODUCERS, TCP_CONNECTIONS, TRANSPORTS
from mediad.clock import Clock
from mediad.config.settings import TransportOptions
from mediad.errors import Full, InvalidInput, MediadError
from mediad.protocols.ice import IceParameters
from mediad.protocols.ice_paths import Path
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.media.addresses import Addresses
from mediad.worker.media.backlog import RETRY_US, Backlog
from mediad.worker.media.handles import INDEX_BITS
from mediad.worker.media.news import ConsumerObserver, News, ProducerObserver, TransportObserver
from mediad.worker.media.objects import Objects, Observer
from mediad.worker.media.open_sockets import OnRefused, OpenSockets
from mediad.worker.media.questions import Questions, Records
from mediad.worker.media.srtp_sessions import inbound_session, outbound_session

__all__ = ["MAX_ADDRESSES", "MAX_ENCODINGS", "MAX_USERNAMES", "Codec", "ExtensionKind", "Kind", "MediaPlane"]

logger = logging.getLogger(__name__)

_JOIN_ATTEMPTS = 2_000_000 // RETRY_US
THROTTLED_TRANSPORTS = 64
"""The transports with an emulated network: each takes 2 MiB that no share counts."""
_ANY_HANDLE = 1 << INDEX_BITS
"""A handle for a question whose answer does not matter, only that it comes."""


class MediaPlane(Addresses):
    """Commands to the media thread, in order, and the life of that thread."""

    def __init__(self, clock: Clock, *, tcp_connections_per_address: int = 0) -> None:
        """Prepare a media thread; `tcp_connections_per_address`: the most of one IPv4 address or IPv6 /64."""
        loop = MediaLoop(
            transports=TRANSPORTS,
            producers=PRODUCERS,
            consumers=CONSUMERS,
            tcp_connections=TCP_CONNECTIONS,
            tcp_connections_per_host=tcp_connections_per_address,
        )
        super().__init__(loop, Backlog(clock))
        self._transports: Objects[TransportObserver] = Objects(TRANSPORTS, "transports")
        self._producers: Objects[ProducerObserver] = Objects(PRODUCERS, "producers")
        self._consumers: Objects[ConsumerObserver] = Objects(CONSUMERS, "consumers")
        self._sockets = OpenSockets(MAX_SOCKETS)
        self._throttled: set[int] = set()  # handles
        self._questions = Questions()
        self._news = News(
            self._transports,
            self._producers,
            self._consumers,
            self._questions,
            self._sockets,
        )
        self._thread = threading.Thread(target=self._loop.run, name="media", daemon=True)

    # --- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the media thread and listen to it on the running event loop."""
        asyncio.get_running_loop().add_reader(self._loop.event_fd, self._pump)
        self._thread.start()

    def stop(self) -> None:
        """End the media thread, if it was started. Raises MediadError when it hangs and does not end."""
        if self._thread.ident is not None:
            asyncio.get_running_loop().remove_reader(self._loop.event_fd)
            self._command(self._loop.stop)
            self._join()
        self._questions.cancel()
        self._sockets.close()
        for objects in (self._transports, self._producers, self._consumers):
            objects.take_back()

    def _join(self) -> None:
        """Wait for the thread's end, and meanwhile send it commands and read its events.

        The event loop does not run meanwhile, and the thread may wait for either.
        """
        for _ in range(_JOIN_ATTEMPTS):
            self._backlog.push()
            self._loop.drain()
            self._thread.join(RETRY_US / 1e6)
            if not self._thread.is_alive():
                return
        raise MediadError("the media thread does not stop")

    def add_socket(self, sock: socket.socket, on_refused: OnRefused | None = None) -> int:
        """Read from this bound UDP socket until `close_socket`, or `stop`, and return its number.

        `on_refused` is told when the media thread cannot; by default that ends the thread, which can do
        nothing without its sockets. Raises Full when it has as many as it can watch.
        """
        return self._lend(sock, self._loop.open_socket, on_refused)

    def add_listener(self, sock: socket.socket, on_refused: OnRefused | None = None) -> int:
        """Accept TCP connections from this listening socket; the rest is as for `add_socket`."""
        return self._lend(sock, self._loop.open_listener, on_refused)

    def _lend(
        self, sock: socket.socket, command: Callable[[int, int], None], on_refused: OnRefused | None
    ) -> int:
        number = self._sockets.enter(sock, on_refused or self._end)
        self._command(command, number, sock.fileno())
        return number

    def close_socket(self, number: int, on_closed: Callable[[], None]) -> None:
        """Close a socket that no transport uses any more; its port is free when `on_closed` is called."""
        self._sockets.leave(number, on_closed)
        self._command(self._loop.close_socket, number)

    def _end(self, what: str) -> None:
        """End the media thread, which can do nothing without its sockets."""
        logger.error("%s; this worker forwards nothing and will be replaced", what)
        self._command(self._loop.stop)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def udp_gso(self) -> bool:
        return self._loop.udp_gso

    @property
    def udp_gro(self) -> bool:
        return self._loop.udp_gro

    def counters(self) -> dict[str, int]:
        return self._loop.counters()

    def packet_slots(self) -> dict[str, int]:
        """Return the number of packet slots in the pool, by what is in them."""
        return self._loop.packet_slots()

    def counts(self) -> dict[str, int]:
        """Return the number of open objects of each kind."""
        return {
            "transports": len(self._transports),
            "producers": len(self._producers),
            "consumers": len(self._consumers),
        }

    # --- transports ---------------------------------------------------------------------------------------

    def open_transport(
        self,
        observer: TransportObserver,
        options: TransportOptions,
        *,
        credentials: IceParameters | None,
        rtcp_ssrc: int,
        secure: bool = True,
        data: bool = False,
    ) -> int:
        """Open a transport and return its handle.

        `credentials`: of ICE; None for one without ICE, which needs `own_socket`. `secure`: its packets are
        SRTP, and wait for `set_keys`. `data`: it has data channels, without DTLS in clear SCTP over UDP.
        Raises InvalidInput for an empty user name fragment.
        """
        if credentials is not None and not credentials.username_fragment:
            raise InvalidInput("an empty ICE user name fragment; a transport without ICE has None")
        return self._open(
            Kind.KIND_TRANSPORT,
            self._transports,
            observer,
            self._loop.open_transport,
            username_fragment=b"" if credentials is None else credentials.username_fragment.encode(),
            ice_password=b"" if credentials is None else credentials.password.encode(),
            rtcp_ssrc=rtcp_ssrc,
            secure=secure,
            data=data,
            max_incoming_bitrate_bps=options.max_incoming_bitrate_bps,
            initial_outgoing_bitrate_bps=options.initial_outgoing_bitrate_bps,
        )

    def close_transport(self, handle: int) -> None:
        """Close a transport whose producers and consumers are closed already."""
        self._throttled.discard(handle)
        if self._transports.leave(handle):
            self._command(self._loop.close_transport, handle)

    def set_keys(self, handle: int, profile: SrtpProfile, local_key: bytes, remote_key: bytes) -> None:
        receive, rtcp = inbound_session(profile, remote_key), outbound_session(profile, local_key)
        probation = outbound_session(profile, local_key)
        self._transports.lend(handle, receive, rtcp, probation)
        self._command(
            self._loop.set_keys,
            handle,
            receive_session=session_pointer(receive),
            rtcp_session=session_pointer(rtcp),
        )
        self._command(self._loop.set_probe_session, handle, session_pointer(probation))

    def set_desired_bitrate(self, handle: int, bitrate_bps: int) -> None:
        """Set the bitrate of all consumers at their best, above which probing for bandwidth is useless."""
        self._command(self._loop.set_desired_bitrate, handle, bitrate_bps)

    def cap_uplink(self, handle: int, bitrate_bps: int) -> None:
        """Tell the client at once the most it may send, beside its configured limit; 0: no cap."""
        self._command(self._loop.cap_uplink, handle, bitrate_bps)

    def throttle_transport(
        self, handle: int, uplink: tuple[int, int, int], downlink: tuple[int, int, int]
    ) -> None:
        """Emulate a network between a transport and its client, or change its settings.

        A link has a rate in bit/s (0: no limit), a delay in microseconds, and a loss in millionths. Raises
        Full when THROTTLED_TRANSPORTS have one.
        """
        if handle not in self._throttled and len(self._throttled) == THROTTLED_TRANSPORTS:
            raise Full(
                f"{THROTTLED_TRANSPORTS} emulated networks are in use on this worker, which is all it has"
            )
        self._throttled.add(handle)
        self._command(self._loop.throttle_transport, handle, uplink=uplink, downlink=downlink)

    def unthrottle_transport(self, handle: int) -> None:
        """End the emulated network; datagrams on their way are lost."""
        self._throttled.discard(handle)
        self._command(self._loop.unthrottle_transport, handle)

    def send(self, path: Path, data: bytes) -> None:
        """Send a STUN, DTLS or SCTP datagram. Earlier commands are applied before its answer is read."""
        self._backlog.do(partial(self._loop.send_raw, path.socket, data, path.host, path.port, path.local))

    # --- producers and consumers --------------------------------------------------------------------------

    def open_producer(self, observer: ProducerObserver, transport: int, **parameters: Any) -> int:
        """Open a producer and return its handle; `parameters` are those of MediaLoop.open_producer."""
        return self._open(
            Kind.KIND_PRODUCER, self._producers, observer, self._loop.open_producer, transport, **parameters
        )

    def pause_producer(self, handle: int, paused: bool) -> None:
        self._command(self._loop.pause_producer, handle, paused)

    def close_producer(self, handle: int) -> None:
        """Close a producer whose consumers are closed already."""
        if self._producers.leave(handle):
            self._command(self._loop.close_producer, handle)

    def open_consumer(
        self, observer: ConsumerObserver, transport: int, producer: int, **parameters: Any
    ) -> int:
        """Open a consumer and return its handle; `parameters` are those of MediaLoop.open_consumer."""
        return self._open(
            Kind.KIND_CONSUMER,
            self._consumers,
            observer,
            self._loop.open_consumer,
            transport,
            producer,
            **parameters,
        )

    def set_consumer_keys(self, handle: int, profile: SrtpProfile, local_key: bytes, *, rtx: bool) -> None:
        sessions = [outbound_session(profile, local_key) for _ in range(2 if rtx else 1)]
        self._consumers.lend(handle, *sessions)
        self._command(
            self._loop.set_consumer_sessions,
            handle,
            rtp_session=session_pointer(sessions[0]),
            rtx_session=session_pointer(sessions[1]) if rtx else 0,
        )

    def pause_consumer(self, handle: int, paused: bool) -> None:
        self._command(self._loop.pause_consumer, handle, paused)

    def set_target(
        self, handle: int, encoding: int, temporal_layer: int = 255, spatial_layer: int = 255
    ) -> None:
        """Choose the encoding and the highest layers within it that a consumer is sent; 255: all layers."""
        self._command(self._loop.set_target, handle, encoding, temporal_layer, spatial_layer)

    def request_key_frame(self, handle: int) -> None:
        self._command(self._loop.request_key_frame, handle)

    def close_consumer(self, handle: int) -> None:
        if self._consumers.leave(handle):
            self._command(self._loop.close_consumer, handle)

    async def stats(self, kind: Kind, handle: int) -> Records:
        """Return the media thread's statistics of one object, under its own names; [] when it is closed."""
        number, answer = self._questions.open()
        self._command(self._loop.request_stats, number, kind, handle)
        return await answer

    async def turn(self) -> None:
        """Return when the media thread has read all commands given so far and told their results."""
        await self.stats(Kind.KIND_TRANSPORT, _ANY_HANDLE)

    # --- commands down ------------------------------------------------------------------------------------

    def _open(
        self,
        kind: Kind,
        objects: Objects[Observer],
        observer: Observer,
        command: Callable[..., None],
        *args: int,
        **parameters: Any,
    ) -> int:
        """Return a handle for a new object. Raises InvalidInput for parameters the media path cannot hold."""
        handle = objects.handles.take()
        try:
            self._backlog.do(
                partial(command, handle, *args, **parameters), partial(self._never_opened, kind, handle)
            )
        except (ValueError, OverflowError) as error:
            objects.handles.give_back(handle)
            raise InvalidInput(str(error)) from None
        objects.enter(handle, observer, args[0] if args else handle)
        return handle

    def _never_opened(self, kind: Kind, handle: int, reason: str) -> None:
        """End an object whose parameters were wrong when its turn to be opened came.

        The media thread does not know it, and will not say that it is closed.
        """
        command = f"open_{kind.name.removeprefix('KIND_').lower()}"
        self._news.refused(CommandRefused(kind, handle, command, reason))
        self._news.closed(Closed(kind, handle))

    def _pump(self) -> None:
        self._news.tell(self._loop.drain())
