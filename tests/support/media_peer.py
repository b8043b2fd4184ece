"""The client's end of one transport: ICE checks, a DTLS client and SRTP, without a browser around it."""

from __future__ import annotations

import asyncio
import datetime
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pylibsrtp import Session

from mediad.protocols.certificate import Certificate, Fingerprint
from mediad.protocols.dtls.endpoint import ApplicationData, DtlsEndpoint, KeysReady
from mediad.worker.media.srtp_sessions import inbound_session, outbound_session
from tests.support.framed_socket import framed
from tests.support.loops import until
from tests.support.stun import binding_request

CERTIFICATE = Certificate.generate(datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC))
CHECKS, CHECK_INTERVAL_S = 40, 0.5
Reply = dict[str, Any]


class DtlsClient:
    """A browser's DTLS: give it what arrives, send what it returns. `keys` once the handshake is done."""

    def __init__(self, created: Reply, *, role: str = "client") -> None:
        self.endpoint = DtlsEndpoint(CERTIFICATE)
        self.endpoint.set_remote_fingerprints(
            [Fingerprint(**fingerprint) for fingerprint in created["dtlsParameters"]["fingerprints"]]
        )
        self.keys: KeysReady | None = None
        self.on_data: Callable[[bytes], object] = lambda data: None
        """Called with the content of each record of application data."""
        self._role: Any = role

    @property
    def parameters(self) -> Reply:
        """Return the parameters that the client sends in `connect`."""
        last = CERTIFICATE.fingerprints[-1]
        return {
            "role": self._role,
            "fingerprints": [{"algorithm": last.algorithm, "value": last.value}],
        }

    def start(self) -> list[bytes]:
        self.endpoint.start(self._role, 0)
        return self._output()

    def again(self) -> list[bytes]:
        """Return what is sent again when no answer has come."""
        if (due_us := self.endpoint.get_timer()) is not None:
            self.endpoint.handle_timer(due_us)
        return self._output()

    def receive(self, data: bytes) -> list[bytes]:
        self.endpoint.receive_datagram(data, 0)
        return self._output()

    def seal(self, data: bytes) -> list[bytes]:
        self.endpoint.send_application_data(data)
        return self._output()

    def close(self) -> list[bytes]:
        self.endpoint.close(0)
        return self._output()

    def _output(self) -> list[bytes]:
        while (event := self.endpoint.next_event()) is not None:
            if isinstance(event, KeysReady):
                self.keys = event
            elif isinstance(event, ApplicationData):
                self.on_data(event.data)
        return self.endpoint.datagrams_to_send()


def check_for(created: Reply, *, nominate: bool = True) -> bytes:
    """An ICE check for a transport, from what it said when it was created."""
    ice = created["iceParameters"]
    return binding_request(f"{ice['usernameFragment']}:theirs", ice["password"], nominate=nominate)


class MediaPeer:
    """A DtlsClient on a socket. `packets` are the RTP packets that arrived and could be decrypted."""

    def __init__(self, created: Reply, candidate: int = 0, *, host: str = "127.0.0.1") -> None:
        """Make a client on this machine's loopback that uses one of the transport's candidates.

        `host`: its own address, for IPv4. Strangers have budgets by address.
        """
        server = created["iceCandidates"][candidate]
        self.dtls = DtlsClient(created)
        self.stun: list[bytes] = []
        self.packets: list[bytes] = []
        self.reports: list[bytes] = []
        self.ended = False
        """True when the server has closed the connection, over TCP."""
        self._created = created
        self._server = (server["address"], server["port"])
        self._sessions: tuple[Session, Session] | None = None
        self._frames = b"" if server["protocol"] == "tcp" else None  # what has come of the stream, over TCP
        v6 = ":" in server["address"]
        kind = socket.SOCK_DGRAM if self._frames is None else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
        self._socket.bind(("::1" if v6 else host, 0))
        if self._frames is not None:
            self._socket.connect(self._server)
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def fileno(self) -> int:
        """The descriptor of its socket, for who reads it instead, after `stop_reading`."""
        return self._socket.fileno()

    async def connect(self) -> None:
        """ICE, then DTLS; the transport must have been told of `dtls.parameters` or be told meanwhile."""
        await self.check()
        self._send(self.dtls.start())
        for _ in range(CHECKS):
            with suppress(TimeoutError):
                await until(lambda: self.dtls.endpoint.state != "connecting", CHECK_INTERVAL_S)
                break
            self._send(self.dtls.again())
        assert self.dtls.endpoint.state == "connected", self.dtls.endpoint.failure

    async def check(self) -> None:
        """Send a check, and send it again as ICE does, until it is answered."""
        before = len(self.stun)
        for _ in range(CHECKS):
            self._send([check_for(self._created)])
            with suppress(TimeoutError):
                await until(lambda: len(self.stun) > before, CHECK_INTERVAL_S)
                return
        raise TimeoutError("no answer to a check")

    def send_rtp(self, packet: bytes) -> None:
        """Encrypted with what the handshake gave."""
        self._send([self._ready()[0].protect(packet)])

    def send_report(self) -> None:
        """Send an empty receiver report (RFC 3550 section 6.4.2), encrypted."""
        self._send([self._ready()[0].protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, 0x1234))])

    def stop_reading(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())

    def send_data(self, data: bytes) -> None:
        """Send application data in DTLS."""
        self._send(self.dtls.seal(data))

    def close(self, *, goodbye: bool = False) -> None:
        if goodbye:
            self._send(self.dtls.close())
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _send(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            if self._frames is None:
                self._socket.sendto(datagram, self._server)
            else:
                self._socket.sendall(framed(datagram))

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(65536)
            except BlockingIOError:
                return
            if self._frames is None:
                self._take(data)
            elif data:
                self._frames += data
                self._take_frames()
            else:
                self.ended = True
                asyncio.get_running_loop().remove_reader(self._socket.fileno())
                return

    def _take_frames(self) -> None:
        while self._frames and len(self._frames) >= 2:
            end = 2 + int.from_bytes(self._frames[:2], "big")
            if len(self._frames) < end:
                return
            packet, self._frames = self._frames[2:end], self._frames[end:]
            self._take(packet)

    def _take(self, data: bytes) -> None:
        if data[0] < 4:
            self.stun.append(data)
        elif data[0] < 64:
            self._send(self.dtls.receive(data))
        elif 192 <= data[1] <= 223:
            self.reports.append(self._ready()[1].unprotect_rtcp(data))
        else:
            self.packets.append(self._ready()[1].unprotect(data))

    def _ready(self) -> tuple[Session, Session]:
        if self._sessions is None:
            keys = self.dtls.keys
            assert keys is not None, "there was no handshake yet"
            self._sessions = (
                outbound_session(keys.profile, keys.local_key),
                inbound_session(keys.profile, keys.remote_key),
            )
        return self._sessions
