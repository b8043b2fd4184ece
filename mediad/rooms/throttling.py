"""Throttling of a seat: a network that the server emulates for one client, for tests of apps.

Only who knows the secret of the settings may ask for it, and without a configured secret nobody may: it costs
the worker memory, and a client that forgot it looks like one with a bad link.
"""

from __future__ import annotations

import asyncio
import hmac

import msgspec

from mediad.errors import Forbidden, InvalidInput, InvalidState
from mediad.pipe.throttle_requests import UNLIMITED_KBPS, NetworkThrottle, ThrottleTransport
from mediad.rooms.entities import Peer, Transport
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room


class WrongSecret(Forbidden):
    """A secret that was tried in vain: it counts against the client."""


class Throttling:
    """The requests of one peer about the network that it wants emulated."""

    def __init__(self, room: Room, peer: Peer) -> None:
        self._room = room
        self._peer = peer

    async def apply(
        self,
        secret: str,
        *,
        uplink_kbps: float | None = None,
        downlink_kbps: float | None = None,
        rtt_ms: float | None = None,
        packet_loss_percent: float | None = None,
    ) -> Reply[None]:
        """Put all transports of the peer, those it makes later too, behind an emulated network.

        None and 0 stand for a network without this limit. Raises Forbidden for a wrong secret, InvalidInput
        for values out of bounds.
        """
        self._require(secret)
        values = {
            "uplinkKbps": uplink_kbps,
            "downlinkKbps": downlink_kbps,
            "rttMs": rtt_ms,
            "packetLossPercent": packet_loss_percent,
        }
        given = {name: value for name, value in values.items() if value}
        try:
            self._peer.throttle = msgspec.convert(given, NetworkThrottle)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"network throttle: {error}") from None
        self._peer.log.info("its network is throttled: %s", describe(self._peer.throttle))
        return await self._tell()

    async def stop(self, secret: str) -> Reply[None]:
        """End the emulated network. Raises Forbidden for a wrong secret."""
        self._require(secret)
        if self._peer.throttle is not None:
            self._peer.throttle = None
            self._peer.log.info("its network is not throttled any more")
        return await self._tell()

    def _require(self, secret: str) -> None:
        self._peer.require_open()
        expected = self._room.limits.throttle_secret
        if expected is None:
            raise Forbidden("network throttling is off: network_throttle_secret is not set")
        if not hmac.compare_digest(secret.encode(errors="replace"), expected.encode()):
            self._peer.log.info("network throttling was refused: wrong secret")
            raise WrongSecret("network throttling needs the server's secret, and this is not it")

    async def _tell(self) -> Reply[None]:
        await asyncio.gather(*(_throttle(transport) for transport in self._peer.transports.values()))
        return Reply(None)


async def _throttle(transport: Transport) -> None:
    request = ThrottleTransport(transport.id, transport.peer.throttle)
    try:
        await transport.branch.ask(request, about=transport)
    except InvalidState:
        if not transport.closed:
            raise


async def throttle_new(transport: Transport) -> None:
    """Put a transport that is in no books yet where the others of its peer are."""
    applied: NetworkThrottle | None = None
    while applied is not transport.peer.throttle:
        applied = transport.peer.throttle
        await transport.branch.ask(ThrottleTransport(transport.id, applied))


def describe(throttle: NetworkThrottle) -> str:
    """Return an emulated network in words."""
    up, down = _rate(throttle.uplink_kbps), _rate(throttle.downlink_kbps)
    return f"{up} up, {down} down, {throttle.rtt_ms:g} ms more, {throttle.packet_loss_percent:g} % lost"


def _rate(kbps: float) -> str:
    return f"{kbps:g} kbit/s" if kbps < UNLIMITED_KBPS else "no limit"
