"""Addresses: the commands about where a transport's packets come from and go to, a part of MediaPlane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from mediad._fastpath.door.media_loop import MAX_NETWORKS, MediaLoop
from mediad.errors import InvalidInput
from mediad.protocols.ice import IceParameters
from mediad.protocols.ice_paths import Path
from mediad.worker.media.backlog import Backlog


class Addresses:
    """Commands about addresses: of paths that ICE has found, and of transports with own sockets."""

    def __init__(self, loop: MediaLoop, backlog: Backlog) -> None:
        self._loop = loop
        self._backlog = backlog

    def _command(self, method: Callable[..., None], *args: Any, **parameters: Any) -> None:
        self._backlog.do(partial(method, *args, **parameters))

    # --- with ICE -------------------------------------------------------------------------------------------

    def add_username(self, handle: int, credentials: IceParameters) -> None:
        """Pass up checks that name this fragment and are signed with its password."""
        fragment, password = credentials.username_fragment.encode(), credentials.password.encode()
        self._command(self._loop.add_username, handle, fragment, password)

    def remove_username(self, handle: int, username_fragment: str) -> None:
        self._command(self._loop.remove_username, handle, username_fragment.encode())

    def add_address(self, handle: int, path: Path) -> None:
        self._command(self._loop.add_address, handle, path.socket, path.host, path.port, path.local)

    def remove_address(self, handle: int, path: Path) -> None:
        self._command(self._loop.remove_address, handle, path.socket, path.host, path.port, path.local)

    def select_address(self, handle: int, path: Path) -> None:
        self._command(self._loop.select_address, handle, path.socket, path.host, path.port, path.local)

    def select_unproven(self, handle: int, path: Path) -> None:
        """Send to an address at most three times the bytes that came from it.

        The limit ends with authentic media from there, or with `prove_address`.
        """
        self._command(self._loop.select_unproven, handle, path.socket, path.host, path.port, path.local)

    def prove_address(self, handle: int, path: Path) -> None:
        """Send to an address without a limit: a handshake ended, so the client does receive there."""
        self._command(self._loop.prove_address, handle, path.socket, path.host, path.port, path.local)

    def ask_address(self, handle: int, path: Path) -> None:
        """Ask when packets of a path last came or were dropped; the answer is a call of `path_reported`."""
        self._command(self._loop.ask_address, handle, path.socket, path.host, path.port, path.local)

    # --- with sockets of its own ----------------------------------------------------------------------------

    def own_socket(self, handle: int, socket_number: int, *, rtcp: bool = False, learn: bool = False) -> None:
        """Give a UDP socket to a transport without ICE, until either is closed; all that comes is its own.

        `rtcp`: for RTCP alone, which then is neither read from nor sent to the other socket. `learn`: until
        an address is named, the first packet to be believed names it: authentic SRTP or SRTCP, or, in the
        clear, RTP, RTCP or the first packet of an SCTP association from a network of `allow_sources`.
        """
        self._command(self._loop.own_socket, handle, socket_number, rtcp=rtcp, learn=learn)

    def set_remote(self, handle: int, path: Path, *, rtcp: bool = False) -> None:
        """Name the one address that packets of a transport's own socket come from and go to.

        Nothing limits what is sent there: whoever names it answers for it.
        """
        self._command(self._loop.set_remote, handle, path.socket, path.host, path.port, path.local, rtcp=rtcp)

    def allow_sources(self, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        """Set the networks that a clear transport's address may be learned from, from now on.

        Raises InvalidInput for more than the media thread can hold; without any, nothing is learned.
        """
        if len(networks) > MAX_NETWORKS:
            raise InvalidInput(f"{len(networks)} networks to learn addresses from, at most {MAX_NETWORKS}")
        for row, network in enumerate(networks):
            self._command(
                self._loop.allow_source, row, len(networks), str(network.network_address), network.prefixlen
            )
        if not networks:
            self._command(self._loop.allow_source, 0, 0, "::", 0)
