"""The address browsers are told to send media to: found from `announced_ip` and `listen_ip`, or refused.

A name is looked up here, when settings are read, because a browser takes the name in a candidate as it likes:
many look up the IPv6 address alone. So browsers only ever see an address, and one that the media socket's
family can receive on.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from mediad.config.settings import Settings
from mediad.errors import ConfigError

Lookup = Callable[[str], Sequence[str]]
"""A function from a name to its addresses, best first. Raises OSError, with words, when it has none."""

_SHARED = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598, between a provider and its customers
_EXAMPLES = [
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]


def look_up(name: str) -> Sequence[str]:
    """The addresses of a name, from the system's resolver; it may take seconds."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except UnicodeError:
        raise OSError(f"{name!r} is no host name") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def announced_address(
    settings: Settings, origin: str, *, present: str | None = None, look_up: Lookup = look_up
) -> str | None:
    """The address `announced_ip` stands for; None when it is unset.

    `origin` says where the setting came from. Of several addresses of a name `present` stays, if it is still
    among them. Raises ConfigError for a name without a usable address, and for an address that media cannot
    arrive from at `listen_ip`.
    """
    told = settings.announced_ip
    if told is None:
        return None

    def refuse(why: str) -> ConfigError:
        return ConfigError(f"announced_ip: got {told!r} ({origin}), {why}")

    if _is_address(told):
        found: Sequence[str] = (told,)
    else:
        try:
            found = look_up(told)
        except OSError as error:
            why = f"which has no address here: {error.strerror or error}"
            raise refuse(f"{why}; write the address itself, or put the name's DNS right") from None
    listen_ip = settings.listen_ip
    usable = [text for text in found if _can_receive(listen_ip, text)]
    if not usable:
        kind = "IPv4" if _version(listen_ip) == 4 else "IPv6"
        addresses = "" if found == (told,) else f"whose addresses are {', '.join(found)}; "
        other = "::" if kind == "IPv4" else "0.0.0.0"
        raise refuse(
            f"{addresses}expected an {kind} address, as listen_ip {listen_ip} is; or set listen_ip to {other}"
        )
    chosen = present if present in usable else min(usable, key=lambda text: _rank(text, listen_ip))
    if is_loopback(listen_ip) and not is_loopback(chosen):
        where = chosen if chosen == told else f"{told} ({chosen})"
        raise refuse(
            f"but listen_ip is {listen_ip}, where only this machine's own packets arrive: media sent to "
            f"{where} would be lost; set listen_ip to {'::' if ':' in chosen else '0.0.0.0'}, or to the "
            "address of this machine's network card"
        )
    return chosen


def cautions(settings: Settings) -> list[str]:
    """Warnings about settings that are allowed and surely not meant: each a line that says what to do."""
    told = settings.candidate_ip
    said = settings.announced_ip if settings.announced_ip not in (None, told) else None
    shown = f"{said} ({told})" if said else told
    if not _is_address(told):
        return []
    finding = judge(told, settings)
    return (
        [f"browsers are told to send media to {shown}, {finding[0]}; {advice(settings)}"] if finding else []
    )


def advice(settings: Settings) -> str:
    """The remedy for an announced address that is of no use."""
    announce = "set announced_ip to the address clients reach this machine at"
    return f"set listen_ip to 0.0.0.0, and {announce[4:]}" if is_loopback(settings.listen_ip) else announce


def judge(text: str, settings: Settings) -> tuple[str, bool] | None:
    """The fault of telling browsers this address, and True when none can use it; None without a fault."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.is_loopback:
        if is_loopback(settings.host):
            return None  # no other machine is meant to connect
        return f"where only this machine reaches it, while the page is served at {settings.host}", True
    if address.is_unspecified or address.is_multicast:
        return "which is no address of a machine", True
    if address.is_link_local:
        return "which holds on one cable only (link-local)", True
    if any(address in network for network in _EXAMPLES):
        return "which is an example from a manual", True
    if address in _SHARED:
        return "which only customers of the same provider reach (100.64.0.0/10)", False
    if address.is_private:
        return "a private address: only clients in the same network reach it", False
    return None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _version(text: str) -> int:
    return ipaddress.ip_address(text.partition("%")[0]).version


def _can_receive(listen_ip: str, text: str) -> bool:
    """True when a socket on `listen_ip` receives what is sent to `text`.

    An IPv6 socket on "::" takes IPv4 too (RFC 3493 section 3.7).
    """
    return listen_ip == "::" or _version(listen_ip) == _version(text)


def _rank(text: str, listen_ip: str) -> tuple[bool, int]:
    """The rank of an address, the best lowest: one that other machines reach, then IPv4.

    Reach does not count when only this machine is served; every client has IPv4. Debian gives a machine's own
    name the address 127.0.1.1.
    """
    return is_loopback(text) is not is_loopback(listen_ip), _version(text)
