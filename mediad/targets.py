"""The addresses that others may lead this host to: those of the public internet, and what an operator allows.

Whoever names a target decides where this host connects or sends, also into networks that they cannot reach
themselves: services that trust loopback, a cloud's metadata, machines behind the firewall. So whatever a
client, a name in DNS or a URL leads to is looked up here first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence, Set

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOPBACK: tuple[Network, ...] = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))

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


def objection(address: Address, allowed: Sequence[Network] = (), own: Set[str] = frozenset()) -> str | None:
    """Return why this host should not be led to an address: `10.0.0.1: it is a private address`.

    None for one of the public internet that is not `own`, and for what is `allowed`. An address that a
    gateway would translate to another counts as that one, too.
    """
    for meant in _meanings(address):
        what = _speciality(meant, allowed, own)
        if what is not None:
            shown = str(address) if meant == address else f"{address}, which leads to {meant}"
            return f"{shown}: it is {what}"
    return None


def _speciality(address: Address, allowed: Sequence[Network], own: Set[str]) -> str | None:
    """Return what is special about an address that is not allowed; None when there is nothing."""
    if any(address.version == network.version and address in network for network in allowed):
        return None
    if address in _METADATA:
        return "a cloud's metadata service"
    if str(address) in own:
        return "an address of this server"
    for what, network in _NETWORKS:
        if address.version == network.version and address in network:
            return what
    if address.version == 6 and not any(address in network for network in _PUBLIC_V6):
        return "a reserved address"
    return None


def _meanings(address: Address) -> Iterator[Address]:
    """Yield the address, and the IPv4 address that a gateway or this host would take out of it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:  # RFC 4291 section 2.5.5.2
            yield address.ipv4_mapped
            return
        if address.sixtofour is not None:  # RFC 3056
            yield address.sixtofour
        elif address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):  # RFC 6052, RFC 4291
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    yield address
