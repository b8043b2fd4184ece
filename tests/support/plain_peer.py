"""The client's end of a plain transport: RTP from a UDP socket, in the clear or as SRTP."""

from __future__ import annotations

import asyncio
import base64
import socket
from typing import Any

from pylibsrtp import Session

from mediad.protocols.srtp_keys import profile_named
from mediad.worker.media.srtp_sessions import inbound_session, outbound_session

Reply = dict[str, Any]


class PlainPeer:
    """A client of a plain transport. `packets` are the RTP packets that arrived, `reports` those of RTCP.

    With RTCP of its own it has a second socket, else both come to the first.
    """

    def __init__(self, created: Reply, *, host: str = "127.0.0.1", target: str | None = None) -> None:
        """Make a client at `host` of the transport that was `created`, which is reached at `target`."""
        self.packets: list[bytes] = []
        self.reports: list[bytes] = []
        self.garbled = 0
        """Packets that could not be decrypted."""
        self._send: Session | None = None
        self._receive: Session | None = None
        self._target = target
        self._rtp = self._open(host)
        self._rtcp = self._open(host) if "rtcpTuple" in created else self._rtp
        self._rtp_server = self._address(created["tuple"])
        self._rtcp_server = self._address(created.get("rtcpTuple") or created["tuple"])

    def _address(self, ends: Reply) -> tuple[str, int]:
        return (self._target or ends["localAddress"], ends["localPort"])

    def _open(self, host: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((host, 0))
        sock.setblocking(False)
        asyncio.get_running_loop().add_reader(sock.fileno(), self._read, sock)
        return sock

    @property
    def port(self) -> int:
        return int(self._rtp.getsockname()[1])

    @property
    def rtcp_port(self) -> int:
        return int(self._rtcp.getsockname()[1])

    def encrypt(self, theirs: Reply, suite: str, key: bytes) -> Reply:
        """Use SRTP from now on: receive with their parameters, send with this key; return its parameters."""
        profile = profile_named(suite)
        self._send = outbound_session(profile, key)
        self._receive = inbound_session(
            profile_named(theirs["cryptoSuite"]), base64.b64decode(theirs["keyBase64"])
        )
        return {"cryptoSuite": suite, "keyBase64": base64.b64encode(key).decode()}

    def send_rtp(self, packet: bytes) -> None:
        self.send_raw(packet if self._send is None else self._send.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        data = packet if self._send is None else self._send.protect_rtcp(packet)
        self._rtcp.sendto(data, self._rtcp_server)

    def send_raw(self, data: bytes) -> None:
        """Send a datagram as it is to the port of RTP."""
        self._rtp.sendto(data, self._rtp_server)

    def close(self) -> None:
        for sock in {self._rtp, self._rtcp}:
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()

    def _read(self, sock: socket.socket) -> None:
        while True:
            try:
                data = sock.recv(65536)
            except (BlockingIOError, ConnectionError):
                return
            is_rtcp = 192 <= data[1] <= 223
            try:
                if is_rtcp:
                    self.reports.append(data if self._receive is None else self._receive.unprotect_rtcp(data))
                else:
                    self.packets.append(data if self._receive is None else self._receive.unprotect(data))
            except Exception:
                self.garbled += 1
