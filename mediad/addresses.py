"""Whose an address is, as far as one can tell: what shares and limits are counted by."""

from __future__ import annotations

import ipaddress

_NETWORK_BITS = 64
"""What one IPv6 subscriber has at least (RFC 6177): counting by address, everybody could be many."""


def holder_of(host: str | None) -> str:
    """An IPv4 address, an IPv6 network of 64 bits, or what else a client is known by."""
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
