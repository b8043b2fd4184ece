"""The UDP ports of a worker: one that all WebRTC transports share."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from mediad.config.listen import ListenInfo, v6_only
from mediad.config.settings import WorkerSettings
from mediad.sockets import bind_udp
from mediad.worker.media.plane import MediaPlane
from mediad.worker.transports.candidates import Endpoint


class Ports(Protocol):
    """The ports that transports get when they are made."""

    def take(self) -> Endpoint:
        """Return the endpoint of a new transport. Raises Full when no port is free."""
        ...

    def give_back(self, endpoint: Endpoint) -> None:
        """Take the endpoint of a transport back that is closed."""
        ...

    def announce(self, listen_infos: tuple[ListenInfo, ...]) -> None:
        """Tell clients of transports made from now on these addresses."""
        ...


class SharedPort:
    """The one port, on each listen address, that all WebRTC transports of the worker share."""

    def __init__(self, plane: MediaPlane, settings: WorkerSettings) -> None:
        self._plane = plane
        self._settings = settings
        self._bound: list[socket.socket] = []
        self._endpoint = Endpoint(settings.rtc_first_port, settings.listen_infos, ())

    def bind(self) -> int:
        """Bind the port, and return the bytes of receive buffer that the kernel granted.

        Raises PortError or ConfigError when the port cannot be bound; then no socket is left open.
        """
        settings = self._settings
        self._bound = bind_everywhere(
            [info.ip for info in settings.listen_infos], settings.rtc_first_port, settings.udp_buffer_bytes
        )
        # the kernel includes its own overhead and reports twice the size it was asked for; socket(7)
        return self._bound[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2

    def open(self) -> None:
        """Hand the bound sockets to the media thread, which closes them."""
        sockets = tuple(map(self._plane.add_socket, self._bound))
        self._endpoint = replace(self._endpoint, sockets=sockets)

    def take(self) -> Endpoint:
        return self._endpoint

    def give_back(self, endpoint: Endpoint) -> None:
        """Do nothing: the others still use the port."""

    def announce(self, listen_infos: tuple[ListenInfo, ...]) -> None:
        self._endpoint = replace(self._endpoint, listen_infos=listen_infos)


def bind_everywhere(listen_ips: Sequence[str], port: int, buffer_bytes: int) -> list[socket.socket]:
    """Bind a UDP socket on `port` of each address, all of them or none. Raises as `bind_udp` does."""
    with contextlib.ExitStack() as undo:
        v6_alone = v6_only(listen_ips)
        bound = [undo.enter_context(bind_udp(ip, port, buffer_bytes, v6_only=v6_alone)) for ip in listen_ips]
        undo.pop_all()
    return bound
