"""The media ports of a worker: one that all WebRTC transports share, or one for each of them.

Plain transports and pipes have ports of their own in any case: those of the range that WebRTC transports
leave, or any of it where these have their own, too.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from mediad.config.listen import ListenInfo, is_unspecified, own_address, v6_only
from mediad.config.settings import WorkerSettings
from mediad.errors import Full, PortError
from mediad.sockets import bind_udp, listen_tcp, open_listener, open_udp
from mediad.worker.media.open_sockets import OnRefused
from mediad.worker.media.plane import MediaPlane
from mediad.worker.transports.candidates import Endpoint
from mediad.worker.transports.port_pool import Bound, NoPort, PortPool

_LOOPBACK = own_address("127.0.0.1")

Open = Callable[..., socket.socket]

logger = logging.getLogger(__name__)


def ports_of(plane: MediaPlane, settings: WorkerSettings) -> Ports:
    """Return the ports of a worker, as `port_mode` wants them."""
    return (
        SharedPort(plane, settings) if settings.port_mode == "shared" else PortPerTransport(plane, settings)
    )


class Ports(ABC):
    """The ports that transports get when they are made, on each listen address."""

    def __init__(self, plane: MediaPlane, settings: WorkerSettings, pool: PortPool) -> None:
        self._plane = plane
        self._pool = pool
        self._settings = settings
        self._infos = settings.listen_infos
        self.refusals = 0
        """Transports that got no port."""

    @abstractmethod
    def bind(self) -> int:
        """Try that ports can be bound, and return the bytes of receive buffer that the kernel granted.

        Raises PortError or ConfigError when one cannot; then no socket is left open.
        """

    @abstractmethod
    def open(self) -> None:
        """Begin to use what `bind` has bound."""

    @abstractmethod
    def take(self, on_refused: OnRefused) -> Endpoint:
        """Return the endpoint of a new transport. Raises Full when no port is free.

        `on_refused` is told when the media thread does not read from it.
        """

    def take_own(
        self, on_refused: OnRefused, *, local: bool = False, rtcp: bool = False
    ) -> tuple[Endpoint, ...]:
        """Return the endpoint of a transport without ICE; `rtcp`: a second one behind it, for RTCP.

        `local`: on 127.0.0.1, otherwise on the first listen address. Raises Full when no port is free.
        """
        info, buffer_bytes = _LOOPBACK if local else self._first_info(), self._settings.udp_buffer_bytes

        def bind(port: int) -> Bound:
            return Bound(port, (open_udp(info.ip, port, buffer_bytes),))

        try:
            opened = self._pool.open_two(bind) if rtcp else (self._pool.open_one(bind),)
        except NoPort as error:
            raise self._full(str(error)) from None
        return tuple(self._lend(bound, (info,), on_refused) for bound in opened)

    def _first_info(self) -> ListenInfo:
        """Return the first listen address; "0.0.0.0" and "::" are one, for a socket of both families."""
        first, *others = self._infos
        if not is_unspecified(first.ip):
            return first
        others = [info for info in others if is_unspecified(info.ip)]
        ip = "::" if others else first.ip
        return ListenInfo(ip, sum((info.announced for info in others), first.announced))

    def give_back(self, endpoint: Endpoint) -> None:
        """Close the sockets of a transport; its port is free when the media thread has let go of them."""
        sockets = (*endpoint.sockets, *endpoint.listeners)
        waiting = set(sockets)

        def closed(number: int) -> None:
            waiting.discard(number)
            if not waiting:
                self._pool.give_back(endpoint.port)

        for number in sockets:
            self._plane.close_socket(number, partial(closed, number))

    def use(self) -> dict[str, int]:
        """Return the number of ports for one transport each that are in use and free."""
        return self._pool.use()

    def announce(self, listen_infos: tuple[ListenInfo, ...]) -> None:
        """Tell clients of transports made from now on these addresses."""
        self._infos = listen_infos

    def _bind(self, port: int, udp: Open, tcp: Open) -> Bound:
        """Bind `port` on each listen address, on all of them or none. Raises as `udp` and `tcp` do."""
        ips, settings = [info.ip for info in self._infos], self._settings
        alone = v6_only(ips)
        with contextlib.ExitStack() as undo:
            datagrams = [
                undo.enter_context(udp(ip, port, settings.udp_buffer_bytes, v6_only=alone)) for ip in ips
            ]
            listening = ips if settings.rtc_tcp_connections_per_address else []
            listeners = [undo.enter_context(tcp(ip, port, v6_only=alone)) for ip in listening]
            undo.pop_all()
        return Bound(port, tuple(datagrams), tuple(listeners))

    def _lend(
        self, bound: Bound, infos: tuple[ListenInfo, ...], on_refused: OnRefused | None = None
    ) -> Endpoint:
        """Hand sockets to the media thread, which closes them."""
        return Endpoint(
            bound.port,
            infos,
            tuple(self._plane.add_socket(sock, on_refused) for sock in bound.datagrams),
            tuple(self._plane.add_listener(sock, on_refused) for sock in bound.listeners),
        )

    def _full(self, why: str) -> Full:
        """Count a refusal, tell the operator, and return the words for the client."""
        self.refusals += 1
        logger.warning(
            "no media port for a new transport: %s; more workers have more ports, and with port_mode shared "
            "WebRTC transports need none of their own",
            why,
        )
        return Full(f"this worker has no media port for another transport: {why}; try again later")


class SharedPort(Ports):
    """The one port that all WebRTC transports of the worker share; checks tell them apart by user name."""

    def __init__(self, plane: MediaPlane, settings: WorkerSettings) -> None:
        super().__init__(plane, settings, PortPool(settings.plain_ports))
        self._bound = Bound(settings.rtc_first_port, ())
        self._endpoint = Endpoint(settings.rtc_first_port, settings.listen_infos, ())

    def bind(self) -> int:
        self._bound = self._bind(self._settings.rtc_first_port, bind_udp, listen_tcp)
        return self._bound.granted_bytes

    def open(self) -> None:
        self._endpoint = self._lend(self._bound, self._infos)

    def take(self, on_refused: OnRefused) -> Endpoint:
        return self._endpoint

    def give_back(self, endpoint: Endpoint) -> None:
        """Do nothing about the shared port, which others still use."""
        if endpoint.port != self._endpoint.port:
            super().give_back(endpoint)

    def announce(self, listen_infos: tuple[ListenInfo, ...]) -> None:
        super().announce(listen_infos)
        self._endpoint = replace(self._endpoint, listen_infos=listen_infos)


class PortPerTransport(Ports):
    """The ports of the worker's range, each for one transport at a time."""

    def __init__(self, plane: MediaPlane, settings: WorkerSettings) -> None:
        super().__init__(plane, settings, PortPool(settings.plain_ports))

    def bind(self) -> int:
        """Try a port, and close it again: listen addresses that are wrong show before any client comes."""
        for port in self._pool.free_ports():
            with contextlib.suppress(PortError):
                bound = self._bind(port, bind_udp, listen_tcp)
                granted_bytes = bound.granted_bytes
                bound.close()
                return granted_bytes
        raise PortError(f"none of the ports {self._pool} can be opened; choose others with --rtc-base-port")

    def open(self) -> None:
        """Do nothing: each transport opens its own port."""

    def take(self, on_refused: OnRefused) -> Endpoint:
        # A range of PORTS_PER_WORKER on as many addresses as listen_ip may have is fewer than MAX_SOCKETS.
        try:
            bound = self._pool.open_one(lambda port: self._bind(port, open_udp, open_listener))
        except NoPort as error:
            raise self._full(str(error)) from None
        return self._lend(bound, self._infos, on_refused)
