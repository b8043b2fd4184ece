"""The loop's TCP, step by step and in fake time, with real connections to it on loopback."""

from __future__ import annotations

import select
from typing import TypeVar

from mediad._fastpath.door.events import PathLost, StunReceived
from mediad.protocols.ice_paths import Path
from mediad.sockets import listen_tcp
from tests.support import engine as e
from tests.support.framed_socket import FramedSocket
from tests.windows.tcp import TcpWindow

Told = TypeVar("Told")
SECOND_US = 1_000_000
START_US = SECOND_US
QUIET_S = 0.001


class TcpLoop:
    """One listener and two transports, SENDING and RECEIVING of tests/support/engine.py."""

    def __init__(self, ip: str = "127.0.0.1", *, connections: int = 8, most_per_host: int = 8) -> None:
        self.window = TcpWindow(connections=connections, most_per_host=most_per_host)
        self.listener = listen_tcp(ip, 0)
        self.window.listen(self.listener.fileno())
        self.now_us = START_US
        self.clients: list[FramedSocket] = []
        self.paths: dict[int, Path] = {}
        """The selected path of each transport."""
        for handle in (e.SENDING, e.RECEIVING):
            self.window.open_transport(
                handle,
                username_fragment=b"u%d" % handle,
                ice_password=e.PASSWORD,
                rtcp_ssrc=1,
                secure=False,
                max_incoming_bitrate_bps=0,
                initial_outgoing_bitrate_bps=600_000,
            )

    def at(self, seconds: float) -> None:
        """Go to a time after the start."""
        self.now_us = START_US + int(seconds * SECOND_US)
        self.window.at(self.now_us)

    def connect(self, host: str = "", *, receive_buffer_bytes: int = 0) -> FramedSocket:
        """A client whose connection was accepted or refused."""
        name = self.listener.getsockname()[:2]
        return self.connect_to(name, host, receive_buffer_bytes=receive_buffer_bytes)

    def connect_to(self, address: tuple[str, int], host: str = "", **options: int) -> FramedSocket:
        client = FramedSocket(address, host, **options)
        self.clients.append(client)
        self.step()
        return client

    def step(self) -> None:
        """Let the loop do all that comes in, until nothing has come for a moment."""
        while select.select([self.window.epoll_fd], [], [], QUIET_S)[0]:
            self.window.step()

    def told(self, kind: type[Told]) -> list[Told]:
        self.step()
        return [event for event in self.window.events() if isinstance(event, kind)]

    def path_of(self, client: FramedSocket, handle: int = e.SENDING) -> Path:
        """The path of a client, as its first check tells it."""
        client.send(e.stun_request(b"u%d" % handle))
        (told,) = [one for one in self.told(StunReceived) if (one.host, one.port) == client.name]
        return Path(told.socket, told.host, told.port, told.local)

    def check(self, path: Path, handle: int = e.SENDING) -> None:
        """Say, as Python does, that an authentic check came from a path."""
        self.window.add_address(handle, path.socket, path.host, path.port, path.local)

    def guest(self, handle: int = e.SENDING, *, receive_buffer_bytes: int = 0) -> tuple[FramedSocket, Path]:
        """A client whose connection is a transport's path, and selected."""
        client = self.connect(receive_buffer_bytes=receive_buffer_bytes)
        path = self.path_of(client, handle)
        self.check(path, handle)
        self.paths[handle] = path
        self.window.select_address(handle, path.socket, path.host, path.port, path.local)
        return client, path

    def call(self, *, receive_buffer_bytes: int = 0) -> tuple[FramedSocket, FramedSocket]:
        """A sender and a receiver of one video track, both over TCP."""
        sender, _ = self.guest(e.SENDING)
        receiver, _ = self.guest(e.RECEIVING, receive_buffer_bytes=receive_buffer_bytes)
        stage = e.Stage(self.window)
        stage.produce()
        stage.consume()
        return sender, receiver

    def lost(self) -> list[Path]:
        return [Path(*event[1:]) for event in self.told(PathLost)]

    def ends(self) -> dict[str, int]:
        """Return why connections were refused or closed so far."""
        return {
            name.removeprefix("tcp_"): count
            for name, count in self.window.counted().items()
            if name.startswith(("tcp_closed", "tcp_refused"))
        }

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.listener.close()
