"""Connections to URLs: the name is looked up once, and only an address that this host may be led to is used.

Who answers for a name in DNS would otherwise decide which machine behind the firewall is asked, and could
answer differently the second time. Redirects are for the caller not to follow.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Sequence

from mediad.targets import LOOPBACK, Address, Network, objection


async def connect(
    host: str, port: int, tls: ssl.SSLContext | None, allowed: Sequence[Network], setting: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a TCP connection to `host`, whose certificate is checked if there is `tls`.

    Addresses of the public internet may be connected to, those in `allowed`, which is the value of `setting`,
    and those of loopback where `host` says so itself. Raises OSError when none could be, with the reason.
    """
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    permitted = (*allowed, *LOOPBACK) if _says_loopback(host) else tuple(allowed)
    problem = OSError(None, f"{host} has no address")
    for *_, sockaddr in infos:
        ip = str(sockaddr[0])
        objected = objection(_address(ip), permitted)
        if objected is not None:
            problem = OSError(None, f"{_named(host, ip)}{objected}, and outside of {setting}")
            continue
        try:
            return await asyncio.open_connection(ip, port, ssl=tls, server_hostname=host if tls else None)
        except OSError as error:
            problem = error
    raise problem


def _says_loopback(host: str) -> bool:
    """True when whoever wrote the host meant this machine, whatever DNS says."""
    try:
        return any(_address(host) in network for network in LOOPBACK)
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _address(text: str) -> Address:
    """Return the address, without its zone: a table has none."""
    return ipaddress.ip_address(text.partition("%")[0])


def _named(host: str, ip: str) -> str:
    return "" if host == ip else f"{host} leads to "
