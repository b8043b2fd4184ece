"""The holder of an address, as far as one can tell: shares and limits are counted by it."""

from __future__ import annotations

import ipaddress

_NETWORK_BITS = 64
"""The smallest network of an IPv6 subscriber (RFC 6177); counted by address, one client could be many."""


def holder_of(host: str | None) -> str:
    """The holder's name: an IPv4 address, an IPv6 network of 64 bits, or the text as it is."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return (host or "unknown")[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    network = ipaddress.IPv6Network((address, _NETWORK_BITS), strict=False)
    return str(network)
