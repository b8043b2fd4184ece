"""The spelling of an address, and its holder as far as one can tell: shares and limits are counted by it."""

from __future__ import annotations

import ipaddress

_NETWORK_BITS = 64
"""The smallest network of an IPv6 subscriber (RFC 6177); counted by address, one client could be many."""


def plain_address(text: str) -> str:
    """The usual spelling of an address; IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2) is IPv4.

    Raises ValueError for a text that is no address.
    """
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def holder_of(host: str | None) -> str:
    """The holder's name: an IPv4 address, an IPv6 network of 64 bits, or the text as it is."""
    try:
        address = ipaddress.ip_address(plain_address((host or "").partition("%")[0]))
    except ValueError:
        return (host or "unknown")[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    network = ipaddress.IPv6Network((address, _NETWORK_BITS), strict=False)
    return str(network)
