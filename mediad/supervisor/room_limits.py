"""The limits of rooms, from the settings and the size of the node."""

from __future__ import annotations

import ipaddress

from mediad.budgets.budgets import Budgets
from mediad.config.settings import Settings
from mediad.rooms.limits import RoomLimits
from mediad.rooms.plain_targets import Targets
from mediad.rooms.spread import SpreadRules, read_spread
from mediad.supervisor.front.node_size import NodeSize


def room_limits(settings: Settings, host: str, budgets: Budgets, size: NodeSize) -> RoomLimits:
    """Return the limits; where the settings have none for rooms and peers, they are what the node can hold.

    `host` is where clients connect: systemd may have opened another than the settings say.
    """
    allowed = tuple(map(ipaddress.ip_network, settings.plain_targets(host)))
    return RoomLimits(
        rooms=settings.max_rooms or size.rooms,
        peers=settings.max_peers or size.peers,
        peers_per_room=settings.max_peers_per_room,
        rooms_per_address=settings.max_rooms_per_address,
        peers_per_address=settings.max_peers_per_address,
        budgets=budgets,
        transports_per_peer=settings.max_transports_per_peer,
        producers_per_peer=settings.max_producers_per_peer,
        consumer_replicas=settings.max_consumer_replicas,
        broadcaster_timeout_s=settings.broadcaster_timeout_s,
        plain_targets=Targets(allowed, frozenset({*settings.listen_ip, *settings.candidate_ips, host})),
        spread=SpreadRules(
            read_spread(str(settings.room_spread)),
            settings.spread_cpu_percent / 100,
            settings.spread_consumers,
        ),
        cuts_expired=settings.token_expiry == "enforce",
        throttle_secret=settings.network_throttle_secret,
    )
