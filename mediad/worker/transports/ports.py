"""The media ports of a worker: one that all WebRTC transports share, or one for each of them."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from mediad.config.listen import ListenInfo, v6_only
from mediad.config.settings import WorkerSettings
from mediad.errors import Full, PortError
from mediad.sockets import bind_udp, listen_tcp, open_listener, open_udp
from mediad.worker.media.open_sockets import OnRefused
from mediad.worker.media.plane import MediaPlane
from mediad.worker.transports.candidates import Endpoint

_TRIES = 100
"""The ports tried for one transport when other programs have them."""

Open = Callable[..., socket.socket]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bound:
    """The sockets of one port: of UDP on each listen address, and of TCP, if there is any."""

    datagrams: tuple[socket.socket, ...]
    listeners: tuple[socket.socket, ...]

    def close(self) -> None:
        for sock in (*self.datagrams, *self.listeners):
            sock.close()

    @property
    def granted_bytes(self) -> int:
        """The receive buffer that the kernel granted a UDP socket."""
        # It includes its own overhead and reports twice the size it was asked for; socket(7).
        return self.datagrams[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def ports_of(plane: MediaPlane, settings: WorkerSettings) -> Ports:
    """Return the ports of a worker, as `port_mode` wants them."""
    return (
        SharedPort(plane, settings) if settings.port_mode == "shared" else PortPerTransport(plane, settings)
    )


class Ports(ABC):
    """The ports that transports get when they are made, on each listen address."""

    def __init__(self, plane: MediaPlane, settings: WorkerSettings) -> None:
        self._plane = plane
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

    @abstractmethod
    def give_back(self, endpoint: Endpoint) -> None:
        """Take the endpoint of a transport back that is closed."""

    def use(self) -> dict[str, int]:
        """Return the number of ports that are in use and free; empty where transports share one."""
        return {}

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
        return Bound(tuple(datagrams), tuple(listeners))

    def _lend(self, bound: Bound, port: int, on_refused: OnRefused | None = None) -> Endpoint:
        """Hand sockets to the media thread, which closes them."""
        return Endpoint(
            port,
            self._infos,
            tuple(self._plane.add_socket(sock, on_refused) for sock in bound.datagrams),
            tuple(self._plane.add_listener(sock, on_refused) for sock in bound.listeners),
        )


class SharedPort(Ports):
    """The one port that all WebRTC transports of the worker share; checks tell them apart by user name."""

    def __init__(self, plane: MediaPlane, settings: WorkerSettings) -> None:
        super().__init__(plane, settings)
        self._bound = Bound((), ())
        self._endpoint = Endpoint(settings.rtc_first_port, settings.listen_infos, ())

    def bind(self) -> int:
        self._bound = self._bind(self._settings.rtc_first_port, bind_udp, listen_tcp)
        return self._bound.granted_bytes

    def open(self) -> None:
        self._endpoint = self._lend(self._bound, self._settings.rtc_first_port)

    def take(self, on_refused: OnRefused) -> Endpoint:
        return self._endpoint

    def give_back(self, endpoint: Endpoint) -> None:
        """Do nothing: the others still use the port."""

    def announce(self, listen_infos: tuple[ListenInfo, ...]) -> None:
        super().announce(listen_infos)
        self._endpoint = replace(self._endpoint, listen_infos=listen_infos)


class PortPerTransport(Ports):
    """The ports of the worker's range, each for one transport at a time.

    The one that was given back first is used first: what clients still send to it has ended by then. A port
    that another program has is passed over, and tried again in its turn.
    """

    def __init__(self, plane: MediaPlane, settings: WorkerSettings) -> None:
        super().__init__(plane, settings)
        self._free = deque(range(settings.rtc_first_port, settings.rtc_last_port + 1))
        self._total = len(self._free)
        self._range = f"{settings.rtc_first_port}-{settings.rtc_last_port}"

    def bind(self) -> int:
        """Try a port, and close it again: listen addresses that are wrong show before any client comes."""
        for port in list(self._free)[:_TRIES]:
            with contextlib.suppress(PortError):
                bound = self._bind(port, bind_udp, listen_tcp)
                granted_bytes = bound.granted_bytes
                bound.close()
                return granted_bytes
        raise PortError(f"none of the ports {self._range} can be opened; choose others with --rtc-base-port")

    def open(self) -> None:
        """Do nothing: each transport opens its own port."""

    def take(self, on_refused: OnRefused) -> Endpoint:
        if not self._free:
            raise self._full(f"all {self._total} of {self._range} are in use")
        for _ in range(min(_TRIES, len(self._free))):
            port = self._free.popleft()
            try:
                return self._open(port, on_refused)
            except OSError as error:
                self._free.append(port)
                if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EPERM):
                    raise self._full(f"none can be opened: {error.strerror}") from None
        raise self._full(f"other programs have those of {self._range} that are not in use")

    def give_back(self, endpoint: Endpoint) -> None:
        """Close the sockets; the port is free when the media thread has let go of all of them."""
        sockets = (*endpoint.sockets, *endpoint.listeners)
        waiting = set(sockets)

        def closed(number: int) -> None:
            waiting.discard(number)
            if not waiting:
                self._free.append(endpoint.port)

        for number in sockets:
            self._plane.close_socket(number, partial(closed, number))

    def use(self) -> dict[str, int]:
        free = len(self._free)
        return {"used": self._total - free, "free": free}

    def _open(self, port: int, on_refused: OnRefused) -> Endpoint:
        # A range of PORTS_PER_WORKER on as many addresses as listen_ip may have is fewer than MAX_SOCKETS.
        return self._lend(self._bind(port, open_udp, open_listener), port, on_refused)

    def _full(self, why: str) -> Full:
        """Count a refusal, tell the operator, and return the words for the client."""
        self.refusals += 1
        logger.warning(
            "no media port for a new transport: %s; more workers have more ports, and with port_mode shared "
            "one is enough for all transports of a worker",
            why,
        )
        return Full(f"this worker has no media port for another transport: {why}; try again later")
