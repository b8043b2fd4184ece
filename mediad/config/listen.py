"""The addresses media is received on, each with those that browsers are told to send it to."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListenInfo:
    """An address that media is received on, and those that browsers are told in its place, best first.

    Behind a NAT these may be the one outside and `ip` itself, for clients on the same side of the NAT.
    """

    ip: str
    announced: tuple[str, ...]


def own_address(ip: str) -> ListenInfo:
    """The listen address that browsers are told as it is, without the zone, which only this machine knows."""
    return ListenInfo(ip, (ip.partition("%")[0],))


def v6_only(listen_ips: Sequence[str]) -> bool:
    """True when IPv6 sockets beside these listen addresses take IPv6 alone (RFC 3493 section 5.3).

    One socket for each listen address: "0.0.0.0" and "::" can only have the same port when the second leaves
    IPv4 to the first. "::" without an IPv4 address beside it takes both families.

    Considered and set aside: one socket on "::" for both. It would spare a descriptor; but both families
    would share one receive buffer, the kernel would map each IPv4 address to IPv6 and back, and listen
    addresses that are not "::" would need a second way.
    """
    return any(version(ip) == 4 for ip in listen_ips)


def can_receive(listen_ip: str, text: str, *, v6_alone: bool) -> bool:
    """True when the socket on `listen_ip` receives what is sent to `text`, as far as the addresses tell."""
    if is_loopback(listen_ip) and not is_loopback(text):
        return False
    return version(listen_ip) == version(text) or (listen_ip == "::" and not v6_alone)


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_unspecified(ip: str) -> bool:
    return ip in ("0.0.0.0", "::")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def version(ip: str) -> int:
    return ipaddress.ip_address(ip).version
