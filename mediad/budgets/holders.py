"""Holders: who is charged for what a client does. Its address, the network around it, and its token."""

from __future__ import annotations

import hashlib
import ipaddress

from mediad.addresses import holder_of

_SITE_BITS = 48
"""The network that one customer may have of a provider (RFC 6177): 65 536 of the networks of one holder."""

_SITE_PART = 1 / 16
"""The part of a cost that a site is charged: it may do as much as sixteen of its networks."""

Holders = tuple[tuple[str, float], ...]
"""The names of those who are charged, and the part of the cost that each of them is."""


def holders_at(address: str | None, token: str | None = None) -> Holders:
    """Return who is charged for a client at `address`; IPv6 by its network of 64 bits, and its site.

    A client with a `token`, or the id of one (`jti`), is charged by it too: it is named by a hash.
    """
    holder = holder_of(address)
    holders: Holders = ((holder, 1.0),)
    if holder.endswith("::/64"):
        site = ipaddress.IPv6Network((holder.partition("/")[0], _SITE_BITS), strict=False)
        holders = (*holders, (str(site), _SITE_PART))
    if token:
        digest = hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=8).hexdigest()
        holders = (*holders, (f"token {digest}", 1.0))
    return holders
