"""Addresses of clients in lines and events: whole, cut, or none at all, as the setting `log_addresses` says.

It works on what is about to leave, whoever wrote it, so that no line can be forgotten, a library's neither.
"""

from __future__ import annotations

import ipaddress
import re

HIDDEN = "(hidden)"
"""The text in place of an address."""

KEPT_BITS = {4: 24, 6: 48}
"""The bits of a cut address that stay, by version: those of the network, and none that tell a subscriber."""

_CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z.:])"
    r"(?:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4})|"
    r"[0-9]{1,3}(?:\.[0-9]{1,3}){3})"
    r"(?:%[0-9A-Za-z_.-]+)?(?![0-9A-Za-z])(?!\.[0-9])"
)


class Addresses:
    """The rule of one process."""

    def __init__(self) -> None:
        self.how = "full"
        """The setting `log_addresses`: "full", "truncated" or "none"."""
        self.own: frozenset[str] = frozenset()
        """The addresses of this server, which are no secret and stay."""

    def shown(self, text: str) -> str:
        """Return the text with each address in the form that may leave."""
        if self.how == "full":
            return text
        return _CANDIDATE.sub(self._one, text)

    def _one(self, found: re.Match[str]) -> str:
        text = found.group().partition("%")[0]
        try:
            address = ipaddress.ip_address(text)
        except ValueError:  # a time of day, a version
            return found.group()
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        if str(address) in self.own or address.is_unspecified:
            return found.group()
        if self.how == "none":
            return HIDDEN
        network = ipaddress.ip_network((address, KEPT_BITS[address.version]), strict=False)
        return str(network.network_address)


IN_FORCE = Addresses()
"""The rule of this process."""
