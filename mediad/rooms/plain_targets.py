"""Targets of plain transports: the addresses to which a client may have this host send media.

A client that names a target decides where this host sends packets, also into networks that the client itself
cannot reach. So only addresses of the public internet are allowed, and what the operator has allowed.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from mediad.addresses import plain_address
from mediad.errors import Forbidden, InvalidInput
from mediad.targets import Network, objection

SETTING = "plain_target_allow"


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
        problem = objection(address, self.allowed, self.own)
        if problem is not None:
            raise Forbidden(f"media is not sent to {problem}, and outside of {SETTING}")
        return str(address)
