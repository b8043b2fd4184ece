"""Shares of what a peer may send: one limit for the peer, divided among the transports on which it sends.

A worker limits transports, and a grant limits a peer. Equal shares are told anew whenever the peer begins or
ends to send on a transport: more transports never make it more in all.
"""

from __future__ import annotations

import asyncio

from mediad.errors import InvalidState
from mediad.pipe.limit_requests import LimitIncoming
from mediad.rooms.entities import Peer, Transport


async def settle(peer: Peer) -> None:
    """Tell the workers the limit of each transport of a peer that has another one now.

    Raises the worker's error; then the limits of before may be in force.
    """
    most = peer.grants.max_bitrate_bps
    sending = [transport for transport in peer.transports.values() if transport.producers]
    share = None if most is None else max(1, most // max(1, len(sending)))
    changed = [transport for transport in sending if transport.limit_bps != share]
    for transport in changed:
        transport.limit_bps = share
    if changed:
        await asyncio.gather(*map(_tell, changed))


async def _tell(transport: Transport) -> None:
    limit_bps = transport.limit_bps
    try:
        await transport.branch.ask(LimitIncoming(transport.id, limit_bps), about=transport)
    except InvalidState:
        if not transport.closed:
            raise
    except BaseException:
        if transport.limit_bps == limit_bps:
            transport.limit_bps = 0  # the limit that is in force is not known: it is told again next time
        raise
