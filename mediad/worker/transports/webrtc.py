"""WebRtcTransport: one client's path into the router; ICE, DTLS and the media path's handle held together.

Everything that comes in is fed to a core; then its events become commands and its datagrams leave, in this
order: keys and addresses are in place before the answer that lets the client use them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mediad.clock import Clock
from mediad.errors import InvalidInput, InvalidState
from mediad.protocols import ice
from mediad.protocols.certificate import Certificate, Fingerprint
from mediad.protocols.dtls import endpoint as dtls
from mediad.protocols.ice import IceParameters
from mediad.protocols.ice_paths import Path
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.media.plane import MAX_ADDRESSES, MAX_USERNAMES, Kind, MediaPlane
from mediad.worker.media.statistics import transport as transport_stats
from mediad.worker.policy.bandwidth import REVIEW_US, Bandwidth
from mediad.worker.policy.downlink_news import Downlink, DownlinkNews
from mediad.worker.policy.uplink_cap import uplink_cap_bps
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.producer import Producer
from mediad.worker.transports.first_checks import FIRST_CHECK_S, FirstChecks
from mediad.worker.transports.review_plan import ReviewPlan

logger = logging.getLogger(__name__)

Emit = Callable[[str, dict[str, Any]], None]

_TYPE_PREFERENCE, _LOCAL_PREFERENCE = 64, 10_000
_UDP_PRIORITY = (_TYPE_PREFERENCE << 24) + (_LOCAL_PREFERENCE << 8) + 255  # RFC 8445 §5.1.2.1, component 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the worker's shared UDP port is, as clients are told."""

    host: str
    port: int

    def candidates(self) -> list[dict[str, Any]]:
        """`ip` for older clients, `address` for newer ones."""
        return [
            {
                "foundation": "udpcandidate",
                "priority": _UDP_PRIORITY,
                "ip": self.host,
                "address": self.host,
                "protocol": "udp",
                "port": self.port,
                "type": "host",
            }
        ]


def ice_parameters(parameters: IceParameters) -> dict[str, Any]:
    return {
        "usernameFragment": parameters.username_fragment,
        "password": parameters.password,
        "iceLite": True,
    }


class WebRtcTransport:
    """Opens itself on the media path; `emit` hears of ICE and DTLS states.

    While nobody uses it and no check has come, its place on the media path is given back after a while: it
    is parked. What the client holds of it, the ICE credentials above all, stays valid, and whoever needs it
    opens it again.
    """

    def __init__(
        self,
        plane: MediaPlane,
        transport_id: str,
        certificate: Certificate,
        endpoint: Endpoint,
        *,
        consent_timeout_us: int,
        max_incoming_bitrate_bps: int,
        initial_outgoing_bitrate_bps: int,
        emit: Emit,
        first_checks: FirstChecks,
        clock: Clock,
    ) -> None:
        self.id = transport_id
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.bandwidth = Bandwidth(lambda patient: self._claims.ask(patient=patient))
        self._claims = ReviewPlan(self.bandwidth.review, clock)
        self._plane = plane
        self._certificate = certificate
        self._endpoint = endpoint
        self._emit = emit
        self._ice = ice.IceLiteAgent(
            consent_timeout_us=consent_timeout_us, max_paths=MAX_ADDRESSES, max_credentials=MAX_USERNAMES
        )
        self._dtls = dtls.DtlsEndpoint(certificate)
        self._role: Literal["client", "server"] | None = None
        self._keys: tuple[SrtpProfile, bytes] | None = None
        self._asked: set[Path] = set()  # of which the media thread shall say whether they live
        self._consumers_wait = False
        self._timer: asyncio.TimerHandle | None = None
        self._review: asyncio.TimerHandle | None = None
        self._desired_bps = 0
        self._downlink_news = DownlinkNews()
        self._uplink_cap_bps = 0  # 0 = none
        self._max_incoming_bitrate_bps = max_incoming_bitrate_bps
        self._initial_outgoing_bitrate_bps = initial_outgoing_bitrate_bps
        self.available_bps = 0  # towards the client, as last estimated; 0 = nothing known
        self._first_checks = first_checks
        self._handle: int | None = self._open()
        first_checks.expect(self)

    def _open(self) -> int:
        first, *others = self._ice.usernames
        handle = self._plane.open_transport(
            self,
            username_fragment=first,
            rtcp_ssrc=secrets.randbits(32),
            max_incoming_bitrate_bps=self._max_incoming_bitrate_bps,
            initial_outgoing_bitrate_bps=self._initial_outgoing_bitrate_bps,
        )
        for username_fragment in others:
            self._plane.add_username(handle, username_fragment)
        return handle

    @property
    def handle(self) -> int:
        """Where it is on the media path; whoever asks is about to use it."""
        return self._use()

    def _use(self) -> int:
        """Open it again if it is parked. From the moment it is in use, checks have to come soon."""
        if self._handle is None:
            self._handle = self._open()
        if self._ice.state == "new" and not self._in_use:
            self._first_checks.expect(self)
        return self._handle

    @property
    def _in_use(self) -> bool:
        """The client relies on it. A consumer does not tell that before it flows: it may have been offered to
        a client that refuses, or never answers."""
        if self._role is not None or self.producers:
            return True
        return any(not consumer.paused for consumer in self.consumers.values())

    @property
    def parked(self) -> bool:
        """It has no place on the media path, and gets one again when it is needed."""
        return self._handle is None

    def first_check_missed(self) -> None:
        """Parked, or, when the client has been trying, told as lost: what is in use cannot wait."""
        if self._handle is None or self._ice.state != "new":
            return
        if self._in_use:
            reason = f"no valid check within {FIRST_CHECK_S} s"
            data = {"transportId": self.id, "iceState": "disconnected", "reason": reason}
            self._emit("transport.iceState", data)
        elif self.consumers:
            self._first_checks.expect(self)
        else:
            self._plane.close_transport(self._handle)
            self._handle = None

    def parameters(self) -> dict[str, Any]:
        """What a client needs to connect."""
        return {
            "iceParameters": ice_parameters(self._ice.parameters),
            "iceCandidates": self._endpoint.candidates(),
            "dtlsParameters": {
                "role": "auto",
                "fingerprints": [
                    {"algorithm": f.algorithm, "value": f.value} for f in self._certificate.fingerprints
                ],
            },
        }

    def connect(self, role: str, fingerprints: list[Fingerprint]) -> str:
        """Learn who the client is. Returns our DTLS role; the handshake may be over already."""
        if self._role is not None:
            raise InvalidState("connect() already called")
        if not fingerprints:
            raise InvalidInput("dtlsParameters.fingerprints is empty")
        self._use()
        self._dtls.set_remote_fingerprints(fingerprints)
        # The client told us its own role. "auto" leaves the choice to us; mediasoup then calls, and so do we.
        self._role = "server" if role == "client" else "client"
        self._start_dtls()
        self._pump()
        return self._role

    def restart_ice(self) -> dict[str, Any]:
        """New credentials; the old ones hold until the first request with the new."""
        parameters = self._ice.restart()
        self._pump()  # first what is given up: there is no room for more than ICE keeps
        if self._handle is not None:
            self._plane.add_username(self._handle, parameters.username_fragment)
            if self._ice.state == "new":
                self._first_checks.expect(self)
        return ice_parameters(parameters)

    async def stats(self) -> list[dict[str, Any]]:
        handle = self._handle
        records = [] if handle is None else await self._plane.stats(Kind.KIND_TRANSPORT, handle)
        entry: dict[str, Any] = {"type": "webrtc-transport", "transportId": self.id}
        for record in records:
            entry |= transport_stats(record)
        entry |= {"iceRole": "controlled", "iceState": self._ice.state, "dtlsState": self._dtls.state}
        if self._ice.selected is not None:
            entry["iceSelectedTuple"] = self._tuple(self._ice.selected)
        if self._max_incoming_bitrate_bps:
            entry["maxIncomingBitrate"] = self._max_incoming_bitrate_bps
        return [entry]

    def add_consumer(self, consumer: Consumer) -> None:
        self.consumers[consumer.id] = consumer
        if self._keys is not None:
            consumer.set_keys(*self._keys)

    def close(self) -> None:
        """Say goodbye (close_notify makes a browser notice at once) and let everything go."""
        for consumer in list(self.consumers.values()):
            consumer.close()
        for producer in list(self.producers.values()):
            producer.close()
        selected = self._ice.selected
        self._dtls.close(now_us())
        if selected is not None:
            for data in self._dtls.datagrams_to_send():
                self._plane.send(selected, data)
        self._ice.close()
        self._claims.cancel()
        for timer in (self._timer, self._review):
            if timer is not None:
                timer.cancel()
        self._first_checks.met(self)
        if self._handle is not None:
            self._plane.close_transport(self._handle)

    @property
    def ice_state(self) -> str:
        return self._ice.state

    @property
    def dtls_state(self) -> str:
        return self._dtls.state

    def dropped(self) -> Mapping[str, int]:
        """Datagrams ICE and DTLS refused, by reason."""
        reasons = {f"ice_{reason}": count for reason, count in self._ice.dropped.items()}
        return reasons | {f"dtls_{reason}": count for reason, count in self._dtls.dropped.items()}

    # --- from the media path ------------------------------------------------------------------------------

    def stun_received(self, path: Path, data: bytes, selected_heard_us: int = 0) -> None:
        self._ice.receive_datagram(data, path, now_us(), selected_heard_us=selected_heard_us)
        self._pump()

    def path_proven(self, path: Path) -> None:
        """The first authentic media came from it."""
        self._ice.path_proven(path, now_us())
        self._pump()

    def path_reported(self, path: Path, heard_us: int, dropped_us: int) -> None:
        """What the media thread knows of a path whose consent seems to end."""
        self._ice.path_reported(path, heard_us, dropped_us)
        self._asked.discard(path)
        if not self._asked:
            self._ice.handle_timer(now_us())
            self._pump()

    def refused(self, what: str) -> None:
        """The media thread could not do something it was told: what this transport promised does not hold."""
        logger.error("transport %s ends: %s", self.id, what)
        self._dtls.fail(what)
        self._pump()

    def dtls_received(self, path: Path, data: bytes) -> None:
        # A ClientHello may overtake the connect request: until told otherwise we are the server.
        if self._dtls.role == "auto":
            self._dtls.start(self._role or "server", now_us())
        self._ice.bytes_received(path, len(data))
        was_connected = self._dtls.state == "connected"
        self._dtls.receive_datagram(data, now_us())
        if self._dtls.state == "connected" and not was_connected:
            # It ended the handshake, which takes what we sent: somebody is there. Media says so of later
            # paths.
            self._ice.path_proven(path, now_us())
            self._plane.prove_address(self.handle, path)
        self._pump()

    def bandwidth_estimated(self, available_bps: int, delivered_bps: int, queue_us: int) -> None:
        """What the link to the client carries, of what it delivers now."""
        self.available_bps = available_bps
        self.bandwidth.estimate_changed(available_bps, now_us(), queue_us=queue_us)
        self._tell_desired()
        self._plan_review()

    def _plan_review(self) -> None:
        """What streams cost changes by itself: divide anew now and then, while there is a limit."""
        if self._review is not None:
            self._review.cancel()
            self._review = None
        if self.bandwidth.is_limited:
            self._review = asyncio.get_running_loop().call_later(REVIEW_US / 1e6, self._on_review)

    def _on_review(self) -> None:
        self._review = None
        self.bandwidth.review(now_us())
        self._tell_desired()
        self._plan_review()

    def _tell_desired(self) -> None:
        best_bps, desired_bps = self.bandwidth.demand_bps()
        if desired_bps != self._desired_bps:
            self._desired_bps = desired_bps
            self._plane.set_desired_bitrate(self.handle, desired_bps)
        downlink = Downlink(best_bps, desired_bps, self.available_bps)
        if self._downlink_news.is_news(downlink, now_us()):
            data = {
                "desiredBitrate": downlink.desired_bps,
                "effectiveDesiredBitrate": downlink.effective_desired_bps,
                "availableBitrate": downlink.available_bps,
            }
            self._emit("transport.bandwidth", {"transportId": self.id, **data})

    def review_uplink(self) -> None:
        """What the client sends that nobody receives, or how it behaves, has changed."""
        cap_bps = uplink_cap_bps(self.producers.values())
        if (cap_bps == 0) != (self._uplink_cap_bps == 0) or abs(
            cap_bps - self._uplink_cap_bps
        ) * 20 > cap_bps:
            self._uplink_cap_bps = cap_bps
            self._plane.cap_uplink(self.handle, cap_bps)

    # --- feed, drain, re-arm ------------------------------------------------------------------------------

    def _pump(self) -> None:
        while (event := self._ice.next_event()) is not None:
            self._on_ice(event)
        for data, path in self._ice.datagrams_to_send():
            self._plane.send(path, data)
        while (dtls_event := self._dtls.next_event()) is not None:
            self._on_dtls(dtls_event)
        datagrams = self._dtls.datagrams_to_send()
        if (selected := self._ice.selected) is not None:
            for data in datagrams:
                if self._ice.may_send(selected, len(data)):
                    self._plane.send(selected, data)
        self._start_consumers()
        self._arm()

    def _on_ice(self, event: ice.IceEvent) -> None:
        match event:
            case ice.PathAdded(path) | ice.PathChecked(path):
                self._plane.add_address(self.handle, path)
            case ice.PathRemoved(path):
                self._plane.remove_address(self.handle, path)
            case ice.PathSelected(path, True):
                self._plane.select_address(self.handle, path)
            case ice.PathSelected(path, False):
                self._plane.select_unproven(self.handle, path)
            case ice.UsernameRetired(username_fragment) if self._handle is not None:
                self._plane.remove_username(self.handle, username_fragment)
            case ice.StateChanged(state):
                if state in ("connected", "completed"):
                    self._first_checks.met(self)
                    self._start_dtls()
                self._emit("transport.iceState", {"transportId": self.id, "iceState": state})

    def _on_dtls(self, event: dtls.DtlsEvent) -> None:
        match event:
            case dtls.KeysReady(profile, local_key, remote_key):
                self._keys = (profile, local_key)
                self._plane.set_keys(self.handle, profile, local_key, remote_key)
                self._consumers_wait = True
            case dtls.StateChanged(state):
                data = {"transportId": self.id, "dtlsState": state}
                if state == "failed" and self._dtls.failure:
                    data["reason"] = self._dtls.failure
                self._emit("transport.dtlsState", data)

    def _start_consumers(self) -> None:
        """New keys let media out, so they come after the flight that ends the handshake.

        The peer drops what overtakes that flight, and a first key frame lost this way costs it a second.
        """
        if self._consumers_wait and self._keys is not None:
            self._consumers_wait = False
            for consumer in self.consumers.values():
                consumer.set_keys(*self._keys)

    def _start_dtls(self) -> None:
        """Begin as soon as there is a path; a client that turns out to be the server makes us begin again."""
        if self._ice.selected is None or self._dtls.state not in ("new", "connecting"):
            return
        role = self._role or "server"
        if self._dtls.role != role:
            self._dtls.start(role, now_us())

    def _arm(self) -> None:
        consent_us = None if self._asked else self._ice.get_timer()
        due = [moment for moment in (consent_us, self._dtls.get_timer()) if moment is not None]
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due:
            delay_s = max(0, min(due) - now_us()) / 1e6
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = now_us()
        if not self._asked:
            # Checks may have been dropped, or media may come without them: the media thread knows.
            self._asked.update(self._ice.paths_due(now))
            for path in self._asked:
                self._plane.ask_address(self.handle, path)
        if (due := self._dtls.get_timer()) is not None and due <= now:
            self._dtls.handle_timer(now)
        self._pump()

    def _tuple(self, path: Path) -> dict[str, Any]:
        return {
            "localIp": self._endpoint.host,
            "localAddress": self._endpoint.host,
            "localPort": self._endpoint.port,
            "remoteIp": path.host,
            "remotePort": path.port,
            "protocol": "udp",
        }


def now_us() -> int:
    """The clock the media thread uses too."""
    return time.monotonic_ns() // 1000
