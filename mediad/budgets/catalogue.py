"""The catalogue of limits: what each counts, of whom, how much is allowed, and the setting that changes it.

The defaults of one address let an office of 500 behind one NAT connect, join and make its transports at once,
as after a restart, and again some seconds later.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit. Its name is a label of metrics, and a word that clients are told."""

    name: str
    counts: str
    """The things that are counted, and of whom."""
    setting: str | None
    """The setting that changes it; None for one that nothing changes."""
    hint: str
    """Advice for a client that meets it."""
    status: int = 429
    """The HTTP status of a refusal; the close code of a WebSocket is 4000 more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Limit):
    """A limit of how often something is done: so often a second in the long run, and a burst at once."""

    per_s: float
    burst_s: float
    """The burst, in seconds of the rate."""

    @property
    def burst(self) -> float:
        return self.per_s * self.burst_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap(Limit):
    """A limit of how much there is at a time."""


_SLOWER = "try again later, and less often"
_HOLDER = "of one address (IPv6: /64), or one token"

RATES = {
    limit.name: limit
    for limit in (
        Rate(
            name="connects",
            counts=f"connections to the front {_HOLDER}",
            setting="max_connects_per_s",
            hint=_SLOWER,
            per_s=100,
            burst_s=40,
        ),
        Rate(
            name="joins",
            counts=f"seats taken in rooms {_HOLDER}",
            setting="max_joins_per_s",
            hint=_SLOWER,
            per_s=50,
            burst_s=40,
        ),
        Rate(
            name="refused_tokens",
            counts="tokens refused of one address (IPv6: /64)",
            setting="max_refused_tokens_per_s",
            hint="get a valid token, and try again later",
            per_s=10,
            burst_s=100,
        ),
        Rate(
            name="messages",
            counts=f"signaling messages {_HOLDER}",
            setting="max_messages_per_s",
            hint="send fewer messages",
            per_s=2000,
            burst_s=20,
        ),
        Rate(
            name="transports",
            counts=f"transports made {_HOLDER}",
            setting="max_transports_per_s",
            hint=_SLOWER,
            per_s=100,
            burst_s=40,
        ),
        Rate(
            name="http_requests",
            counts=f"HTTP requests {_HOLDER}",
            setting="max_http_requests_per_s",
            hint=_SLOWER,
            per_s=2000,
            burst_s=20,
        ),
    )
}
"""The limits of rates, by name."""

CAPS = {
    limit.name: limit
    for limit in (
        Cap(
            name="connections",
            counts="connections to the front",
            setting=None,  # LimitNOFILE= in the unit, ulimit -n
            hint="try again later, or another server",
            status=503,
        ),
        Cap(
            name="address_connections",
            counts="connections to the front of one address (IPv6: /64)",
            setting="max_connections_per_address",
            hint="close some",
        ),
        Cap(
            name="connection_input",
            counts="milliseconds of work that the input of one connection causes, beyond 20 in each second",
            setting=None,
            hint="send less, and more slowly",
        ),
        Cap(
            name="front_memory",
            counts="KiB of messages that all connections hold; those that hold most are closed",
            setting=None,
            hint="read what is sent, and connect again",
            status=503,
        ),
        Cap(
            name="rooms",
            counts="rooms of this node",
            setting="max_rooms",
            hint="try again later, or another server",
            status=503,
        ),
        Cap(
            name="address_rooms",
            counts=f"open rooms that were opened by clients {_HOLDER}",
            setting="max_rooms_per_address",
            hint="leave some",
        ),
        Cap(
            name="peers",
            counts="peers in all rooms of this node",
            setting="max_peers",
            hint="try again later, or another server",
            status=503,
        ),
        Cap(
            name="room_peers",
            counts="peers in one room",
            setting="max_peers_per_room",
            hint="the room is full",
            status=503,
        ),
        Cap(
            name="address_peers",
            counts=f"peers {_HOLDER}",
            setting="max_peers_per_address",
            hint="leave some rooms",
        ),
        Cap(
            name="peer_transports",
            counts="WebRTC transports of one peer",
            setting="max_transports_per_peer",
            hint="close some",
        ),
        Cap(
            name="peer_producers",
            counts="tracks that one peer sends",
            setting="max_producers_per_peer",
            hint="close some",
        ),
        Cap(
            name="peer_data_producers",
            counts="data channels that one peer sends on",
            setting=None,
            hint="close some",
        ),
        Cap(
            name="worker_shares",
            counts="places in the fullest table of a worker, shared out among addresses and rooms",
            setting="workers",
            hint="close some, or try again later",
            status=503,
        ),
    )
}
"""The limits of what there is at a time, by name."""

LIMITS: dict[str, Limit] = {**RATES, **CAPS}
"""The limits whose refusals the supervisor counts, by name."""

WORKER_CAPS = {
    limit.name: limit
    for limit in (
        Cap(
            name="media_tcp",
            counts="TCP connections of one address (IPv6: /64) to a worker",
            setting="rtc_tcp_connections_per_address",
            hint="use UDP",
        ),
        Cap(
            name="dtls_handshakes",
            counts="DTLS handshakes under way in a worker, and the time that those of one address take",
            setting=None,
            hint="try again later",
        ),
    )
}
"""The limits that workers hold by themselves; clients are told nothing, for there is no word for it."""
