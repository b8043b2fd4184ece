"""WebRtcTransport: ICE and DTLS between one client and the media path.

All input goes to a sans-I/O core; then the core's events become commands and its datagrams are sent, in this
order: keys and addresses are in place before the answer that lets the client use them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Literal

from mediad.clock import Timer
from mediad.config.settings import TransportOptions
from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.events import DtlsStateChanged, IceStateChanged, SctpStateChanged
from mediad.pipe.requests import IceParameters, TransportCreated
from mediad.protocols import ice
from mediad.protocols.certificate import Certificate, Fingerprint
from mediad.protocols.dtls import endpoint as dtls
from mediad.protocols.ice_paths import Path
from mediad.protocols.srtp_keys import SrtpProfile
from mediad.worker.context import RouterContext
from mediad.worker.data.channels import PARAMETERS, DataChannels
from mediad.worker.media.plane import MAX_ADDRESSES, MAX_USERNAMES
from mediad.worker.tracks.pipe_consumer import AnyConsumer
from mediad.worker.transports.candidates import Endpoint, dtls_parameters, ice_parameters, tuple_stats
from mediad.worker.transports.first_checks import FIRST_CHECK_S, FirstChecks
from mediad.worker.transports.transport import Transport


class WebRtcTransport(Transport):
    """A transport that opens itself on the media path and tells of its ICE and DTLS states.

    When nobody uses it and no check comes, its place on the media path is given back after a while: it is
    parked. All that the client knows of it, the ICE credentials above all, stays valid, and the next use
    opens it again.
    """

    TYPE = "webrtc-transport"

    def __init__(
        self,
        context: RouterContext,
        transport_id: str,
        options: TransportOptions,
        certificate: Certificate,
        endpoint: Endpoint,
        first_checks: FirstChecks,
        *,
        force_tcp: bool = False,
        sctp: bool = False,
    ) -> None:
        """Make a transport; `force_tcp`: its client is told of TCP alone, `sctp`: with data channels.

        Raises InvalidInput for `force_tcp` when its endpoint has no TCP.
        """
        if force_tcp and not endpoint.listeners:
            raise InvalidInput(
                "forceTcp: this server offers no TCP (rtc_tcp_connections_per_address is 0), leave it out"
            )
        super().__init__(context, transport_id, options, (endpoint,))
        self.data = (
            DataChannels(context.sctp, context.clock, self._tell_sctp, self._send_sctp) if sctp else None
        )
        self._certificate = certificate
        self.endpoint = endpoint
        """The port and the addresses that clients are told, and the sockets behind them."""
        self._force_tcp = force_tcp
        self._first_checks = first_checks
        self._ice = ice.IceLiteAgent(
            consent_timeout_us=options.ice_consent_timeout_s * 1_000_000,
            max_paths=MAX_ADDRESSES,
            max_credentials=MAX_USERNAMES,
        )
        self._handshakes = context.handshakes
        self._dtls = dtls.DtlsEndpoint(certificate, permits=self._handshakes)
        self._role: Literal["client", "server"] | None = None
        self._keys: tuple[SrtpProfile, bytes] | None = None
        self._dtls_path: Path | None = None  # that the datagram in DTLS came from
        self._asked: set[Path] = set()  # the media thread was asked when it last heard from these
        self._consumers_wait = False
        self._timer: Timer | None = None
        self.open()

    # --- the handle on the media path -----------------------------------------------------------------------

    def _open(self) -> int:
        first, *others = self._ice.credentials
        ssrc, data = secrets.randbits(32), self.data is not None
        handle = self._plane.open_transport(self, self._options, credentials=first, rtcp_ssrc=ssrc, data=data)
        for credentials in others:
            self._plane.add_username(handle, credentials)
        return handle

    def open(self) -> int:
        """Return the handle, opened again if it was parked; a check must come within FIRST_CHECK_S then."""
        handle = super().open()
        if self._ice.state == "new" and not self._in_use:
            self._first_checks.expect(self)
        return handle

    @property
    def _in_use(self) -> bool:
        """True when the client relies on it.

        A consumer that is paused does not show that: it may have been offered to a client that refuses, or
        never answers.
        """
        sends = any(not consumer.paused for consumer in self.consumers.values())
        return sends or self._role is not None or bool(self.producers)

    def first_check_missed(self) -> None:
        """Park when it is not in use; otherwise tell that the client, which has been trying, is lost."""
        if self._handle is None or self._ice.state != "new":
            return
        if self._in_use:
            reason = f"no valid check within {FIRST_CHECK_S} s"
            self._emit(IceStateChanged(self.id, "disconnected", reason))
        elif self.consumers:
            self._first_checks.expect(self)
        else:
            self._park()

    # --- what clients ask -----------------------------------------------------------------------------------

    def parameters(self) -> TransportCreated:
        """Return the parameters by which a client connects."""
        return TransportCreated(
            ice_parameters=ice_parameters(self._ice.parameters),
            ice_candidates=self.endpoint.candidates(force_tcp=self._force_tcp),
            dtls_parameters=dtls_parameters(self._certificate),
            sctp_parameters=None if self.data is None else PARAMETERS,
        )

    def connect(self, role: str, fingerprints: list[Fingerprint]) -> str:
        """Take the client's DTLS role and fingerprints, and return the role of this side.

        The handshake may have ended already. Raises InvalidState for a second call, InvalidInput without
        fingerprints.
        """
        if self._role is not None:
            raise InvalidState("connect() already called")
        if not fingerprints:
            raise InvalidInput("dtlsParameters.fingerprints is empty")
        self.open()
        self._dtls.set_remote_fingerprints(fingerprints)
        # `role` is the client's own. "auto" leaves the choice to this side, which begins, as mediasoup does.
        self._role = "server" if role == "client" else "client"
        self._start_dtls()
        self._pump()
        return self._role

    def restart_ice(self) -> IceParameters:
        """Make new credentials and return them; the old ones are valid until the first check with the new."""
        parameters = self._ice.restart()
        self._pump()  # old credentials are removed first: there is no room for more than ICE keeps
        if self._handle is not None:
            self._plane.add_username(self._handle, parameters)
            if self._ice.state == "new":
                self._first_checks.expect(self)
        return ice_parameters(parameters)

    # --- life -----------------------------------------------------------------------------------------------

    def add_consumer(self, consumer: AnyConsumer) -> None:
        """Add a consumer; its packets are sent at once when the handshake is over."""
        super().add_consumer(consumer)
        if self._keys is not None:
            consumer.set_keys(*self._keys)

    def _close_protocols(self) -> None:
        """Send close_notify, by which a browser notices the end at once, and stop every timer."""
        selected = self._ice.selected
        if self.data is not None:
            self.data.close()
        self._handshakes.forget(self)
        self._dtls.close(self._clock.now_us())
        if selected is not None:
            for data in self._dtls.datagrams_to_send():
                if self._ice.may_send(selected, len(data)):
                    self._plane.send(selected, data)
        self._ice.close()
        self._cancel_timer()
        self._first_checks.met(self)

    def _fail(self, reason: str) -> None:
        self._dtls.fail(reason)
        self._pump()

    # --- statistics -----------------------------------------------------------------------------------------

    def _own_stats(self) -> dict[str, Any]:
        own: dict[str, Any] = {
            "iceRole": "controlled",
            "iceState": self._ice.state,
            "dtlsState": self._dtls.state,
        }
        if self.data is not None:
            own["sctpState"] = self.data.state
        if self._ice.selected is not None:
            own["iceSelectedTuple"] = tuple_stats(self.endpoint.tuple_with(self._ice.selected))
        return own

    @property
    def ice_state(self) -> str:
        """The ICE state: new, connected, completed, connecting, disconnected or closed."""
        return self._ice.state

    @property
    def dtls_state(self) -> str:
        """The DTLS state: new, connecting, connected, failed or closed."""
        return self._dtls.state

    def dropped(self) -> Mapping[str, int]:
        """Return the number of datagrams that ICE and DTLS refused or a throttle lost, by reason."""
        reasons = {f"ice_{reason}": count for reason, count in self._ice.dropped.items()}
        reasons |= {f"dtls_{reason}": count for reason, count in self._dtls.dropped.items()}
        return {**super().dropped(), **reasons}

    # --- from the media path ------------------------------------------------------------------------------

    def stun_received(self, path: Path, data: bytes, selected_heard_us: int = 0) -> None:
        """Pass a STUN datagram to ICE, unless it came to a port of another transport, which may end first."""
        if not self.endpoint.receives(path):
            self._ice.dropped["foreign-port"] += 1
            return
        self._ice.receive_datagram(data, path, self._clock.now_us(), selected_heard_us=selected_heard_us)
        self._pump()

    def path_proven(self, path: Path) -> None:
        """Tell ICE that the first authentic media came from a path."""
        self._ice.path_proven(path, self._clock.now_us())
        self._pump()

    def path_reported(self, path: Path, heard_us: int, dropped_us: int) -> None:
        """Tell ICE when packets of a path last came or were dropped, since its consent seems to end."""
        self._ice.path_reported(path, heard_us, dropped_us)
        self._asked.discard(path)
        if not self._asked:
            self._ice.handle_timer(self._clock.now_us())
            self._pump()

    def path_lost(self, path: Path) -> None:
        """Tell ICE that a path has ended with its TCP connection: media moves to another one at once."""
        self._ice.remove_path(path)
        self._asked.discard(path)
        self._pump()

    def dtls_received(self, path: Path, data: bytes) -> None:
        """Pass a DTLS datagram to DTLS: until it is connected, in this client's turn."""
        if self._dtls.state == "connected" and not self._handshakes.waits(self):
            self.handshake_received(path, data)
        elif not self._handshakes.receive(self, path, data):
            self._dtls.dropped["behind"] += 1

    def handshake_received(self, path: Path, data: bytes) -> None:
        """Take a DTLS datagram in its turn."""
        # A ClientHello may come before the connect request: until that comes this side is the server.
        if self._dtls.role == "auto":
            self._dtls.start(self._role or "server", self._clock.now_us())
        self._ice.bytes_received(path, len(data))
        was_connected, was_proven = self._dtls.state == "connected", self._ice.is_proven(path)
        self._dtls.receive_datagram(data, self._clock.now_us())
        if self._dtls.state == "connected" and not was_connected:
            # It ended the handshake, for which the client must have received our flights: the path is proven.
            # Later paths are proven by media, or by data.
            self._prove(path)
        self._dtls_path = path
        only_data = was_connected and self._is_only_data()
        if not (only_data and was_proven):
            self._pump()

    def _is_only_data(self) -> bool:
        """Take the events of DTLS; return True for data and nothing else, so that no timer has changed."""
        only_data = False
        while (event := self._dtls.next_event()) is not None:
            self._on_dtls(event)
            only_data = isinstance(event, dtls.ApplicationData)
            if not only_data:
                break
        return only_data

    def _prove(self, path: Path) -> None:
        self._ice.path_proven(path, self._clock.now_us())
        self._plane.prove_address(self.open(), path)

    # --- feed, drain, re-arm ------------------------------------------------------------------------------

    def _pump(self) -> None:
        while (event := self._ice.next_event()) is not None:
            self._on_ice(event)
        for data, path in self._ice.datagrams_to_send():
            self._send(path, data)
        while (dtls_event := self._dtls.next_event()) is not None:
            self._on_dtls(dtls_event)
        self._send_dtls()
        self._start_consumers()
        self._arm()

    def _send_dtls(self) -> None:
        selected = self._ice.selected
        for data in self._dtls.datagrams_to_send():
            if selected is None:
                self._dtls.dropped["no-path"] += 1
            elif self._ice.may_send(selected, len(data)):
                self._send(selected, data)

    def _on_ice(self, event: ice.IceEvent) -> None:
        match event:
            case ice.PathAdded(path) | ice.PathChecked(path):
                self._plane.add_address(self.open(), path)
            case ice.PathRemoved(path):
                self._plane.remove_address(self.open(), path)
            case ice.PathSelected(path, proven):
                select = self._plane.select_address if proven else self._plane.select_unproven
                select(self.open(), path)
            case ice.UsernameRetired(username_fragment) if self._handle is not None:
                self._plane.remove_username(self.open(), username_fragment)
            case ice.StateChanged(state):
                if state in ("connected", "completed"):
                    self._first_checks.met(self)
                    self._start_dtls()
                self._emit(IceStateChanged(self.id, state))

    def _on_dtls(self, event: dtls.DtlsEvent) -> None:
        match event:
            case dtls.KeysReady(profile, local_key, remote_key):
                self._keys = (profile, local_key)
                self._plane.set_keys(self.open(), profile, local_key, remote_key)
                self._consumers_wait = True
            case dtls.StateChanged(state):
                failure = self._dtls.failure if state == "failed" else None
                self._emit(DtlsStateChanged(self.id, state, failure or None))
                if self.data is not None and state == "connected":
                    self.data.secured(self._dtls.max_message_bytes)
                elif self.data is not None and state in ("failed", "closed"):
                    self.data.disconnected(f"DTLS has {'failed' if state == 'failed' else 'closed'}")
            case dtls.ApplicationData(data):
                self._on_data(data)

    def _on_data(self, data: bytes) -> None:
        """Take authentic data, which proves the path that it came from as media does."""
        if self._dtls_path is not None and not self._ice.is_proven(self._dtls_path):
            self._prove(self._dtls_path)
        if self.data is None:
            self._dtls.dropped["no-data-channels"] += 1
        else:
            self.data.receive(data)

    def _tell_sctp(self, state: str, reason: str | None) -> None:
        self._emit(SctpStateChanged(self.id, state, reason))

    def _send_sctp(self, packets: list[bytes]) -> None:
        """Send SCTP packets in DTLS; they are small enough for one record each."""
        if self._dtls.state == "connected":
            for packet in packets:
                self._dtls.send_application_data(packet)
                self._send_dtls()  # one by one: a window is more than DTLS keeps

    def _start_consumers(self) -> None:
        """Give consumers new keys, which start media, after the flight that ends the handshake was sent.

        The peer drops media that arrives before that flight, and a lost first key frame costs it a second.
        """
        if self._consumers_wait and self._keys is not None:
            self._consumers_wait = False
            for consumer in self.consumers.values():
                consumer.set_keys(*self._keys)

    def _start_dtls(self) -> None:
        """Begin the handshake when there is a path, and anew when the client turns out to be the server."""
        if self._ice.selected is None or self._dtls.state not in ("new", "connecting"):
            return
        self._dtls.start(self._role or "server", self._clock.now_us())

    def _arm(self) -> None:
        self._cancel_timer()
        consent_us = None if self._asked else self._ice.get_timer()
        due = [moment for moment in (consent_us, self._dtls.get_timer()) if moment is not None]
        if due:
            self._timer = self._clock.call_at(min(due), self._on_timer)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        now_us = self._clock.now_us()
        if not self._asked:
            # Checks may have been dropped, or media may come without them: ask the media thread.
            self._asked.update(self._ice.paths_due(now_us))
            for path in self._asked:
                self._plane.ask_address(self.open(), path)
        if (due := self._dtls.get_timer()) is not None and due <= now_us:
            self._dtls.handle_timer(now_us)
        self._pump()
