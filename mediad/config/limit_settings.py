"""The settings of limits: how much strangers may do and have, and whose word about their addresses counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediad.budgets.catalogue import RATES
from mediad.config.key import key_field
from mediad.config.kinds import Choice, Networks, Number, Whole
from mediad.config.token_settings import TokenSettings


def _rate(name: str) -> Any:
    rate = RATES[name]
    doc = f"most {rate.counts}, a second in the long run; a burst may be as much as in {rate.burst_s:g} s"
    return key_field(rate.per_s, Number(0.001, 10**6), doc, live=True)


@dataclass(frozen=True, slots=True)
class LimitSettings(TokenSettings):
    """The limits of one daemon. The defaults suffice for an office of 500 behind one address."""

    trusted_proxies: tuple[str, ...] = key_field(
        (),
        Networks(),
        "networks of reverse proxies whose word about a client's address is believed; unset, nobody's is",
        live=True,
        example=["10.0.0.5/32"],
    )
    client_address_from: str = key_field(
        "x-forwarded-for",
        Choice("x-forwarded-for", "proxy-protocol"),
        "how trusted_proxies tell a client's address: by the header X-Forwarded-For, or by PROXY protocol "
        "(version 1 or 2), with which then each of their connections has to begin",
        live=True,
    )
    max_connections_per_address: int = key_field(
        4000,
        Whole(0, 10**6),
        "most connections to the front from one IPv4 address or IPv6 /64; 0 is no limit",
        live=True,
    )
    max_connects_per_s: float = _rate("connects")
    max_joins_per_s: float = _rate("joins")
    max_refused_tokens_per_s: float = _rate("refused_tokens")
    max_messages_per_s: float = _rate("messages")
    max_transports_per_s: float = _rate("transports")
    max_http_requests_per_s: float = _rate("http_requests")
    max_rooms: int = key_field(
        0, Whole(0, 10**6), "most rooms of this node; 0 is as many as it can hold", live=True
    )
    max_peers: int = key_field(
        0,
        Whole(0, 10**6),
        "most peers in all rooms together; 0 is as many as its descriptors, memory and workers can hold",
        live=True,
    )
    max_peers_per_room: int = key_field(
        1000, Whole(0, 10**6), "most peers in one room; 0 is no limit but max_peers", live=True
    )
    max_rooms_per_address: int = key_field(
        1000,
        Whole(1, 10**6),
        "most open rooms that were opened by clients of one address (IPv6: /64), or with one token",
        live=True,
    )
    max_peers_per_address: int = key_field(
        4000,
        Whole(1, 10**6),
        "most peers, in all rooms together, of one address (IPv6: /64), or with one token",
        live=True,
    )

    @property
    def rates_per_s(self) -> dict[str, float]:
        """The rates by the names of their limits."""
        return {name: getattr(self, str(rate.setting)) for name, rate in RATES.items()}
