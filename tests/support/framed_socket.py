"""The client's end of a TCP connection of ICE: packets in frames of RFC 4571."""

from __future__ import annotations

import socket
import struct


def framed(packet: bytes) -> bytes:
    return struct.pack("!H", len(packet)) + packet


class FramedSocket:
    """A blocking connection to a passive candidate."""

    def __init__(self, address: tuple[str, int], host: str = "", *, receive_buffer_bytes: int = 0) -> None:
        """Connect, from `host` if one is given; a small receive buffer closes the window soon."""
        self.sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        if host:
            self.sock.bind((host, 0))
        self.sock.settimeout(10)
        self.sock.connect(address)
        self._buffer = b""

    def __enter__(self) -> FramedSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> tuple[str, int]:
        """The host and port of this end."""
        host, port, *_ = self.sock.getsockname()
        return host, port

    def send(self, packet: bytes) -> None:
        self.send_raw(framed(packet))

    def send_raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def recv(self) -> bytes:
        """Return the next packet. Raises EOFError at the end, TimeoutError when none comes."""
        head = self._take(2)
        return self._take(struct.unpack("!H", head)[0])

    def ended(self) -> bool:
        """True when the other side has closed the connection; what it sent before is passed over."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True

    def reset(self) -> None:
        """Close with a reset, as the system does for a process that dies."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self._buffer += data
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken
