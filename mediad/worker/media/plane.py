"""MediaPlane: the only door to the native media path.

Owns the media thread, the handles, and everything lent to that thread until it says it is done: pylibsrtp
sessions and socket descriptors. Objects register under their handle and are called back with what the thread
reports about them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from pylibsrtp import Policy, Session

from mediad._fastpath.loop import (
    MAX_ADDRESSES,
    MAX_ENCODINGS,
    MAX_USERNAMES,
    Codec,
    EventKind,
    ExtensionKind,
    Kind,
    MediaLoop,
    session_pointer,
)
from mediad.capacity import CONSUMERS, PRODUCERS, TRANSPORTS
from mediad.config.settings import TransportOptions
from mediad.errors import InvalidInput, MediadError
from mediad.protocols.ice_paths import Path
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.media.backlog import RETRY_S, Backlog
from mediad.worker.media.handles import INDEX_BITS, Slots

__all__ = ["MAX_ADDRESSES", "MAX_ENCODINGS", "MAX_USERNAMES", "Codec", "ExtensionKind", "Kind", "MediaPlane"]

_REPLAY_WINDOW = 1024  # packets; RTX and reordering under bursts outrun libsrtp's default of 128
_JOIN_S = 2.0
_ANYBODY = 1 << INDEX_BITS
"""A handle to ask about when only the answering matters."""

_PROFILES = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}

logger = logging.getLogger(__name__)


class TransportObserver(Protocol):
    def stun_received(self, path: Path, data: bytes, selected_heard_us: int = 0) -> None: ...
    def path_proven(self, path: Path) -> None: ...
    def path_reported(self, path: Path, heard_us: int, dropped_us: int) -> None: ...
    def refused(self, what: str) -> None: ...
    def dtls_received(self, path: Path, data: bytes) -> None: ...
    def bandwidth_estimated(self, available_bps: int, delivered_bps: int, queue_us: int) -> None: ...


class ProducerObserver(Protocol):
    def stream_changed(self, encoding: int, ssrc: int, score: int, active: bool) -> None: ...
    def level_measured(self, dbov: int) -> None: ...
    def bitrates_measured(self, encoding: int, bitrates: list[int]) -> None: ...


class ConsumerObserver(Protocol):
    def score_changed(self, score: int) -> None: ...
    def layers_changed(self, encoding: int, temporal_layer: int, spatial_layer: int) -> None: ...


Observer = TypeVar("Observer")


def inbound_session(profile: SrtpProfile, key: bytes) -> Session:
    """Unprotects whatever SSRC the peer sends."""
    return _session(profile, key, Policy.SSRC_ANY_INBOUND)


def outbound_session(profile: SrtpProfile, key: bytes) -> Session:
    """Protects one SSRC. libsrtp searches a list of SSRCs: one session each keeps it at one entry."""
    return _session(profile, key, Policy.SSRC_ANY_OUTBOUND)


def _session(profile: SrtpProfile, key: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=_PROFILES[profile.name])
    policy.window_size = _REPLAY_WINDOW
    policy.allow_repeat_tx = True  # an Opus packet NACKed without RTX goes out again, bit for bit
    return Session(policy)


class MediaPlane:
    """Commands to the media thread, and its news back to the objects they are about."""

    def __init__(self) -> None:
        self._loop = MediaLoop(transports=TRANSPORTS, producers=PRODUCERS, consumers=CONSUMERS)
        self._slots = {
            Kind.KIND_TRANSPORT: Slots(TRANSPORTS, "transports"),
            Kind.KIND_PRODUCER: Slots(PRODUCERS, "producers"),
            Kind.KIND_CONSUMER: Slots(CONSUMERS, "consumers"),
        }
        self._transports: dict[int, TransportObserver] = {}
        self._producers: dict[int, ProducerObserver] = {}
        self._consumers: dict[int, ConsumerObserver] = {}
        self._homes: dict[tuple[Kind, int], int] = {}  # transports of producers and consumers
        self._lent: dict[tuple[Kind, int], list[Session]] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._stats: dict[int, asyncio.Future[list[dict[str, Any]]]] = {}
        self._next_request = 0
        self._backlog = Backlog()
        self._thread = threading.Thread(target=self._loop.run, name="media", daemon=True)
        self._handlers: dict[EventKind, Callable[..., None]] = {
            EventKind.EVENT_STUN: self._on_stun,
            EventKind.EVENT_DTLS: self._on_dtls,
            EventKind.EVENT_CLOSED: self._on_closed,
            EventKind.EVENT_STREAM: self._on_stream,
            EventKind.EVENT_CONSUMER_SCORE: self._on_consumer_score,
            EventKind.EVENT_LAYERS: self._on_layers,
            EventKind.EVENT_LEVEL: self._on_level,
            EventKind.EVENT_STATS: self._on_stats,
            EventKind.EVENT_ESTIMATE: self._on_estimate,
            EventKind.EVENT_BITRATES: self._on_bitrates,
            EventKind.EVENT_PATH: self._on_path,
            EventKind.EVENT_REFUSED: self._on_refused,
        }

    # --- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the media thread and listen to it on the running event loop."""
        asyncio.get_running_loop().add_reader(self._loop.event_fd, self._pump)
        self._thread.start()

    def stop(self) -> None:
        """End the media thread, if it was started. Raises MediadError when it does not end: it is stuck."""
        if self._thread.ident is not None:
            asyncio.get_running_loop().remove_reader(self._loop.event_fd)
            self._command(self._loop.stop)
            self._join()
        for answer in self._stats.values():
            answer.cancel()
        self._stats.clear()
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()
        self._lent.clear()

    def _join(self) -> None:
        """Nothing else runs meanwhile, so what the thread may be waiting for is done here."""
        deadline_s = time.monotonic() + _JOIN_S
        while self._thread.is_alive():
            if time.monotonic() > deadline_s:
                raise MediadError("the media thread does not stop")
            self._backlog.push()
            self._loop.drain()
            self._thread.join(RETRY_S)

    def add_socket(self, sock: socket.socket) -> int:
        """Read from this bound UDP socket from now on, and close it in the end. Returns its number."""
        index = len(self._sockets)
        self._sockets[index] = sock
        self._command(self._loop.open_socket, index, sock.fileno())
        return index

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
        """How full the pool of packets is."""
        return self._loop.packet_slots()

    def counts(self) -> dict[str, int]:
        """How many objects of each kind live."""
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
        username_fragment: str,
        rtcp_ssrc: int,
        secure: bool = True,
    ) -> int:
        """Open a transport and return its handle; `secure`: its packets are SRTP, and wait for `set_keys`."""
        return self._open(
            Kind.KIND_TRANSPORT,
            self._transports,
            observer,
            self._loop.open_transport,
            username_fragment=username_fragment.encode(),
            rtcp_ssrc=rtcp_ssrc,
            secure=secure,
            max_incoming_bitrate_bps=options.max_incoming_bitrate_bps,
            initial_outgoing_bitrate_bps=options.initial_outgoing_bitrate_bps,
        )

    def close_transport(self, handle: int) -> None:
        """Its producers and consumers are closed already."""
        if self._transports.pop(handle, None) is not None:
            self._command(self._loop.close_transport, handle)

    def add_username(self, handle: int, username_fragment: str) -> None:
        self._command(self._loop.add_username, handle, username_fragment.encode())

    def remove_username(self, handle: int, username_fragment: str) -> None:
        self._command(self._loop.remove_username, handle, username_fragment.encode())

    def add_address(self, handle: int, path: Path) -> None:
        self._command(self._loop.add_address, handle, path.socket, path.host, path.port, path.local)

    def remove_address(self, handle: int, path: Path) -> None:
        self._command(self._loop.remove_address, handle, path.socket, path.host, path.port, path.local)

    def select_address(self, handle: int, path: Path) -> None:
        self._command(self._loop.select_address, handle, path.socket, path.host, path.port, path.local)

    def select_unproven(self, handle: int, path: Path) -> None:
        """Send there, but at most three times what came from it, until authentic media or `prove_address`."""
        self._command(self._loop.select_unproven, handle, path.socket, path.host, path.port, path.local)

    def prove_address(self, handle: int, path: Path) -> None:
        """Somebody receives there: a handshake ended."""
        self._command(self._loop.prove_address, handle, path.socket, path.host, path.port, path.local)

    def ask_address(self, handle: int, path: Path) -> None:
        """The answer is a call of `path_reported`."""
        self._command(self._loop.ask_address, handle, path.socket, path.host, path.port, path.local)

    def set_keys(self, handle: int, profile: SrtpProfile, local_key: bytes, remote_key: bytes) -> None:
        receive, rtcp = inbound_session(profile, remote_key), outbound_session(profile, local_key)
        probation = outbound_session(profile, local_key)
        self._lend(Kind.KIND_TRANSPORT, handle, receive, rtcp, probation)
        self._command(
            self._loop.set_keys,
            handle,
            receive_session=session_pointer(receive),
            rtcp_session=session_pointer(rtcp),
        )
        self._command(self._loop.set_probe_session, handle, session_pointer(probation))

    def set_desired_bitrate(self, handle: int, bitrate_bps: int) -> None:
        """What all consumers would get at their best: how high probing for bandwidth is worth going."""
        self._command(self._loop.set_desired_bitrate, handle, bitrate_bps)

    def cap_uplink(self, handle: int, bitrate_bps: int) -> None:
        """The most the client may send, beside its configured limit; 0 lifts it. Told at once."""
        self._command(self._loop.cap_uplink, handle, bitrate_bps)

    def send(self, path: Path, data: bytes) -> None:
        """A STUN or DTLS datagram. Commands given before it are applied before its answer is looked at."""
        self._backlog.do(partial(self._loop.send_raw, path.socket, data, path.host, path.port, path.local))

    # --- producers and consumers --------------------------------------------------------------------------

    def open_producer(self, observer: ProducerObserver, transport: int, **parameters: Any) -> int:
        """`parameters` as MediaLoop.open_producer takes them (loop.pyi)."""
        return self._open(
            Kind.KIND_PRODUCER, self._producers, observer, self._loop.open_producer, transport, **parameters
        )

    def pause_producer(self, handle: int, paused: bool) -> None:
        self._command(self._loop.pause_producer, handle, paused)

    def close_producer(self, handle: int) -> None:
        """Its consumers are closed already."""
        if self._producers.pop(handle, None) is not None:
            self._homes.pop((Kind.KIND_PRODUCER, handle), None)
            self._command(self._loop.close_producer, handle)

    def open_consumer(
        self, observer: ConsumerObserver, transport: int, producer: int, **parameters: Any
    ) -> int:
        """`parameters` as MediaLoop.open_consumer takes them (loop.pyi)."""
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
        self._lend(Kind.KIND_CONSUMER, handle, *sessions)
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
        """The layers are those within the encoding; 255: all."""
        self._command(self._loop.set_target, handle, encoding, temporal_layer, spatial_layer)

    def request_key_frame(self, handle: int) -> None:
        self._command(self._loop.request_key_frame, handle)

    def close_consumer(self, handle: int) -> None:
        if self._consumers.pop(handle, None) is not None:
            self._homes.pop((Kind.KIND_CONSUMER, handle), None)
            self._command(self._loop.close_consumer, handle)

    async def stats(self, kind: Kind, handle: int) -> list[dict[str, Any]]:
        """The media thread's numbers for one object, in its own words (loop.pyi); [] when it is gone."""
        self._next_request += 1
        answer: asyncio.Future[list[dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._stats[self._next_request] = answer
        self._command(self._loop.request_stats, self._next_request, kind, handle)
        return await answer

    async def turn(self) -> None:
        """Return when the media thread has been around: it reads its commands and tells what came of them."""
        await self.stats(Kind.KIND_TRANSPORT, _ANYBODY)

    # --- commands down ------------------------------------------------------------------------------------

    def _open(
        self,
        kind: Kind,
        observers: dict[int, Observer],
        observer: Observer,
        command: Callable[..., None],
        *args: int,
        **parameters: Any,
    ) -> int:
        """A handle for a new object. Raises InvalidInput when the media path cannot hold what it is given."""
        handle = self._slots[kind].take()
        try:
            self._backlog.do(
                partial(command, handle, *args, **parameters), partial(self._never_opened, kind, handle)
            )
        except (ValueError, OverflowError) as error:
            self._slots[kind].give_back(handle)
            raise InvalidInput(str(error)) from None
        observers[handle] = observer
        if kind is not Kind.KIND_TRANSPORT:
            self._homes[kind, handle] = args[0]
        return handle

    def _never_opened(self, kind: Kind, handle: int, reason: str) -> None:
        """What waited to be opened was wrong: the thread will not say CLOSED of it."""
        self._tell_refused(kind, handle, f"open_{kind.name.removeprefix('KIND_').lower()}", reason)
        self._on_closed(kind, handle)

    def _lend(self, kind: Kind, handle: int, *sessions: Session) -> None:
        """Until the object's end, even if it gets others: a packet may be in the thread's hands."""
        self._lent.setdefault((kind, handle), []).extend(sessions)

    def _command(self, method: Callable[..., None], *args: Any, **parameters: Any) -> None:
        self._backlog.do(partial(method, *args, **parameters))

    def _tell_refused(self, kind: Kind, handle: int, command: str, reason: str) -> None:
        """To the transport it was for, which cannot keep what it promised. Of what is closed, to nobody."""
        if kind is Kind.KIND_SOCKET:
            logger.error(
                "the media thread could not %s: %s; this worker ends", command.replace("_", " "), reason
            )
            self._command(self._loop.stop)
            return
        home = handle if kind is Kind.KIND_TRANSPORT else self._homes.get((kind, handle), 0)
        if (observer := self._transports.get(home)) is not None:
            observer.refused(f"the media thread could not {command.replace('_', ' ')}: {reason}")

    # --- events up ----------------------------------------------------------------------------------------

    def _pump(self) -> None:
        for kind, *values in self._loop.drain():
            try:
                self._handlers[kind](*values)
            except Exception:  # one object's bug must not swallow the news of the others
                logger.exception("%s was not handled", kind.name)

    def _on_stun(
        self,
        socket_: int,
        host: str,
        port: int,
        data: bytes,
        handle: int,
        local: str,
        selected_heard_us: int,
    ) -> None:
        if observer := self._transports.get(handle):
            observer.stun_received(Path(socket_, host, port, local), data, selected_heard_us)

    def _on_dtls(
        self, socket_: int, host: str, port: int, data: bytes, handle: int, local: str, _heard_us: int
    ) -> None:
        if observer := self._transports.get(handle):
            observer.dtls_received(Path(socket_, host, port, local), data)

    def _on_estimate(self, handle: int, available_bps: int, delivered_bps: int, queue_us: int) -> None:
        if observer := self._transports.get(handle):
            observer.bandwidth_estimated(available_bps, delivered_bps, queue_us)

    def _on_path(
        self,
        handle: int,
        socket_: int,
        host: str,
        port: int,
        local: str,
        heard_us: int,
        dropped_us: int,
        asked: bool,
    ) -> None:
        if (observer := self._transports.get(handle)) is None:
            return
        path = Path(socket_, host, port, local)
        if asked:
            observer.path_reported(path, heard_us, dropped_us)
        else:
            observer.path_proven(path)

    def _on_refused(self, kind: Kind, handle: int, command: str, reason: str) -> None:
        self._tell_refused(Kind(kind), handle, command, reason)

    def _on_closed(self, kind: int, handle: int) -> None:
        if slots := self._slots.get(Kind(kind)):
            slots.give_back(handle)
            self._lent.pop((Kind(kind), handle), None)

    def _on_stream(self, handle: int, encoding: int, ssrc: int, score: int, active: bool) -> None:
        if observer := self._producers.get(handle):
            observer.stream_changed(encoding, ssrc, score, active)

    def _on_level(self, handle: int, dbov: int) -> None:
        if observer := self._producers.get(handle):
            observer.level_measured(dbov)

    def _on_consumer_score(self, handle: int, score: int) -> None:
        if observer := self._consumers.get(handle):
            observer.score_changed(score)

    def _on_layers(self, handle: int, encoding: int, temporal_layer: int, spatial_layer: int) -> None:
        if observer := self._consumers.get(handle):
            observer.layers_changed(encoding, temporal_layer, spatial_layer)

    def _on_bitrates(self, handle: int, encoding: int, bitrates: list[int]) -> None:
        if observer := self._producers.get(handle):
            observer.bitrates_measured(encoding, bitrates)

    def _on_stats(self, request_id: int, records: list[dict[str, Any]]) -> None:
        answer = self._stats.pop(request_id, None)
        if answer is not None and not answer.done():
            answer.set_result(records)
