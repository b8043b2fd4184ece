"""The native loop on a real thread with real sockets, in the clear on loopback."""

from __future__ import annotations

import select
import socket
import threading
import time

from mediad._fastpath.door.media_loop import MediaLoop
from mediad.sockets import bind_udp
from tests.support import engine as e


class LoopHarness:
    """A running loop with one socket, and clients that talk to it."""

    def __init__(self, listen_ip: str = "127.0.0.1") -> None:
        self.loop = MediaLoop(packet_slots=4096, transports=64, producers=64, consumers=256)
        self.socket = bind_udp(listen_ip, 0, 1 << 18)
        self.loop.open_socket(0, self.socket.fileno())
        self.thread = threading.Thread(target=self.loop.run)
        self.thread.start()

    @property
    def address(self) -> tuple[str, int]:
        host, port, *_ = self.socket.getsockname()
        return host, port

    def open_transport(self, handle: int, username_fragment: bytes, *, secure: bool = False) -> None:
        """Open a transport without a limit, in the clear unless it is to be `secure`."""
        self.loop.open_transport(
            handle,
            username_fragment=username_fragment,
            ice_password=e.PASSWORD,
            rtcp_ssrc=1,
            secure=secure,
            max_incoming_bitrate_bps=0,
            initial_outgoing_bitrate_bps=600_000,
        )

    def client(self, handle: int) -> socket.socket:
        sock = bound()
        host, port = sock.getsockname()
        self.open_transport(handle, b"u%d" % handle)
        self.loop.add_address(handle, 0, host, port)
        self.loop.select_address(handle, 0, host, port)
        return sock

    def events_until(self, kind: type[e.Told], count: int = 1, timeout_s: float = 10) -> list[e.Told]:
        found: list[e.Told] = []
        end = time.monotonic() + timeout_s
        while len(found) < count and time.monotonic() < end:
            select.select([self.loop.event_fd], [], [], end - time.monotonic())
            found += [event for event in self.loop.drain() if isinstance(event, kind)]
        assert len(found) >= count, f"{kind.__name__} did not come"
        return found

    def counters(self) -> dict[str, int]:
        """Counters in which all that was sent to the loop before is complete.

        A receiver has its datagram before the loop counts it, and before the loop has tried those behind
        it. A datagram of no known protocol is counted as it comes in; once a second one is, the turn of the
        first is over.
        """
        for _ in range(2):
            seen = self.loop.counters()["drop_unknown_protocol"]
            with bound("::1" if ":" in self.address[0] else "127.0.0.1") as marker:
                marker.sendto(b"\xff" * 20, (marker.getsockname()[0], self.address[1]))
            end = time.monotonic() + 10
            while self.loop.counters()["drop_unknown_protocol"] == seen:
                assert time.monotonic() < end, "the loop does not read its socket"
                time.sleep(0.0005)
        return self.loop.counters()

    def close(self) -> None:
        self.loop.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.socket.close()


def bound(host: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    sock.settimeout(10)
    return sock


def connect(daemon: LoopHarness, viewers: int) -> tuple[socket.socket, list[socket.socket]]:
    sender = daemon.client(e.SENDING)
    stage = e.Stage(daemon.loop)
    stage.produce()
    receivers = []
    for index in range(viewers):
        transport = e.GENERATION | 10 + index
        receivers.append(daemon.client(transport))
        stage.consume(e.GENERATION | index, transport, ssrc=7000 + index, rtx_ssrc=0)
    return sender, receivers
