"""Targets of plain transports: the addresses to which a client may have this host send media.

A client that names a target decides where this host sends packets, also into networks that the client itself
cannot reach. So only addresses of the public internet are allowed, and what the operator has allowed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from mediad.addresses import plain_address
from mediad.errors import Forbidden, InvalidInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SETTING = "plain_target_allow"

_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254")))
"""The addresses at which clouds tell a host its secrets."""

_SPECIAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("an unspecified address", ("0.0.0.0/8", "::/128")),
    ("a loopback address", ("127.0.0.0/8", "::1/128")),
    ("a private address", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("a link-local address", ("169.254.0.0/16", "fe80::/10")),
    ("an address behind a carrier's NAT", ("100.64.0.0/10",)),
    ("a multicast address", ("224.0.0.0/4", "ff00::/8")),
    ("the broadcast address", ("255.255.255.255/32",)),
    (
        "a reserved address",
        (
            *("192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20", "64:ff9b:1::/48"),
        ),
    ),
)
"""The networks that are no part of the public internet (RFC 6890 and IANA's registries after it)."""

_NETWORKS = [(what, ipaddress.ip_network(text)) for what, texts in _SPECIAL for text in texts]
_PUBLIC_V6 = (ipaddress.IPv6Network("2000::/3"), ipaddress.IPv6Network("64:ff9b::/96"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class Targets:
    """The rule of one node."""

    allowed: tuple[Network, ...] = ()
    """The networks that the operator has allowed beside the public internet."""
    own: frozenset[str] = frozenset()
    """The addresses of this node: media sent there could go around in circles."""

    def require(self, ip: str) -> str:
        """Return the address in its usual spelling.

        Raises InvalidInput for what is no address, Forbidden for one that is not allowed.
        """
        try:
            address = ipaddress.ip_address(plain_address(ip))
        except ValueError:
            raise InvalidInput(f"ip must be an IPv4 or IPv6 address, not {ip[:100]!r}") from None
        if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
            raise InvalidInput(f"ip must be an address without a zone, not {ip[:100]!r}")
        for meant in _meanings(address):
            what = self._objection(meant)
            if what is not None:
                shown = str(address) if meant == address else f"{address}, which leads to {meant}"
                raise Forbidden(f"media is not sent to {shown}: it is {what}, and outside of {SETTING}")
        return str(address)

    def _objection(self, address: Address) -> str | None:
        """Return what is special about an address that is not allowed; None when it may be sent to."""
        if any(address.version == network.version and address in network for network in self.allowed):
            return None
        if address in _METADATA:
            return "a cloud's metadata service"
        if str(address) in self.own:
            return "an address of this server"
        for what, network in _NETWORKS:
            if address.version == network.version and address in network:
                return what
        if address.version == 6 and not any(address in network for network in _PUBLIC_V6):
            return "a reserved address"
        return None


def _meanings(address: Address) -> Iterator[Address]:
    """Yield the address, and the IPv4 address that a gateway would take out of it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour is not None:  # RFC 3056
            yield address.sixtofour
        elif address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):  # RFC 6052, RFC 4291
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    yield address
