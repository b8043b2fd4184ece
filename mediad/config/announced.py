"""The addresses browsers are told to send media to: found from `announced_ip` and `listen_ip`, or refused.

Considered for addresses on both sides of a NAT, and set aside: pairs in `listen_ip` ("10.0.0.5=203.0.113.7"),
because a reload applies `announced_ip` and not `listen_ip`; two lists paired by position, because entries
without a counterpart need a filler. So `announced_ip` is a list, and a pair is written where the family of an
address does not tell which socket it leads to.

A name is looked up here, when settings are read, because a browser takes the name in a candidate as it likes:
many look up the IPv6 address alone. So browsers only ever see an address, and one that the media socket's
family can receive on.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from mediad.config.listen import (
    ListenInfo,
    can_receive,
    is_address,
    is_loopback,
    is_unspecified,
    own_address,
    v6_only,
    version,
)
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


def announced(
    settings: Settings, origin: str, *, present: Sequence[str] = (), look_up: Lookup = look_up
) -> tuple[ListenInfo, ...]:
    """Each address of `listen_ip` with those of `announced_ip` that lead to it, or itself where none does.

    Empty when `announced_ip` is unset.

    `origin` says where `announced_ip` came from. Of several addresses of a name those of `present` stay, if
    they are still among them. Raises ConfigError for a name without a usable address, for an address that
    media cannot arrive from, for one that may lead to several addresses of `listen_ip`, and for an address of
    `listen_ip` that has to be announced and is not.
    """
    told = settings.announced_ip
    if told is None:
        return ()
    leads: dict[str, list[str]] = {ip: [] for ip in settings.listen_ip}
    for text in told:
        for ip, address in _Announced(text, origin, settings.listen_ip).leads(present, look_up):
            if address not in leads[ip]:
                leads[ip].append(address)
    for ip, addresses in leads.items():
        if not addresses and is_unspecified(ip):
            raise ConfigError(
                f"announced_ip: got {', '.join(told)} ({origin}), which leads nobody to listen_ip {ip}; "
                f"expected an IPv{version(ip)} address of this machine too, or listen_ip without {ip}"
            )
    return tuple(ListenInfo(ip, tuple(leads[ip])) if leads[ip] else own_address(ip) for ip in leads)


class _Announced:
    """One entry of `announced_ip`, and the search for the addresses of `listen_ip` that it leads to."""

    def __init__(self, text: str, origin: str, listen_ip: tuple[str, ...]) -> None:
        listen, self._pair, self._host = text.rpartition("=")
        self._text, self._origin = text, origin
        self._v6_alone = v6_only(listen_ip)
        if self._pair and listen not in listen_ip:
            raise self._refusal(f"but {listen} is not in listen_ip, which is {', '.join(listen_ip)}")
        self._listen_ip = (listen,) if self._pair else listen_ip

    def leads(self, present: Sequence[str], look_up: Lookup) -> list[tuple[str, str]]:
        """Return the listen addresses that it leads to, each with its own address for that."""
        found = self._addresses(look_up)
        usable = {ip: [text for text in found if self._receives(ip, text)] for ip in self._listen_ip}
        usable = {ip: texts for ip, texts in usable.items() if texts}
        if not usable:
            raise self._useless(found)
        if self._host in usable:
            usable = {self._host: [self._host]}
        for ip in usable:
            if alike := [other for other in usable if other != ip and version(other) == version(ip)]:
                raise self._refusal(
                    f"which may lead to {ip} or to {', '.join(alike)}; expected which one: {ip}={self._host}"
                )
        return [(ip, text) for ip, texts in usable.items() for text in _best(ip, texts, present)]

    def _addresses(self, look_up: Lookup) -> Sequence[str]:
        if is_address(self._host):
            return (self._host,)
        try:
            return look_up(self._host)
        except OSError as error:
            why = f"which has no address here: {error.strerror or error}"
            raise self._refusal(f"{why}; write the address itself, or put the name's DNS right") from None

    def _receives(self, ip: str, text: str) -> bool:
        return can_receive(ip, text, v6_alone=self._v6_alone)

    def _useless(self, found: Sequence[str]) -> ConfigError:
        """Return why no socket receives what is sent to any of these addresses."""
        ips = self._listen_ip
        near = [ip for ip in ips for text in found if version(ip) == version(text)]
        if near and is_loopback(near[0]):
            (chosen, *_) = [text for text in found if version(text) == version(near[0])]
            where = chosen if chosen == self._host else f"{self._host} ({chosen})"
            return self._refusal(
                f"but listen_ip is {near[0]}, where only this machine's own packets arrive: media sent to "
                f"{where} would be lost; set listen_ip to {'::' if ':' in chosen else '0.0.0.0'}, or to the "
                "address of this machine's network card"
            )
        kind, other = ("IPv4", "::") if version(ips[0]) == 4 else ("IPv6", "0.0.0.0")
        addresses = "" if tuple(found) == (self._host,) else f"whose addresses are {', '.join(found)}; "
        are = f"{', '.join(ips)} {'is' if len(ips) == 1 else 'are'}"
        return self._refusal(
            f"{addresses}expected an {kind} address, as listen_ip {are}; or add {other} to listen_ip"
        )

    def _refusal(self, why: str) -> ConfigError:
        return ConfigError(f"announced_ip: got {self._text!r} ({self._origin}), {why}")


def _best(ip: str, texts: Sequence[str], present: Sequence[str]) -> list[str]:
    """Return one address of each family, IPv4 first: a present one, else the resolver's first.

    Those that other machines reach are better, unless only this machine is served: Debian gives a machine's
    own name the address 127.0.1.1.
    """
    reached = [text for text in texts if is_loopback(text) is is_loopback(ip)] or texts
    families = ([text for text in reached if version(text) == family] for family in (4, 6))
    return [next((text for text in family if text in present), family[0]) for family in families if family]


def cautions(settings: Settings) -> list[str]:
    """Warnings about settings that are allowed and surely not meant: each a line that says what to do."""
    names = [text.rpartition("=")[2] for text in settings.announced_ip or ()]
    said = {name for name in names if not is_address(name)}
    lines = []
    for told in settings.candidate_ips:
        shown = f"{', '.join(sorted(said))} ({told})" if said and told not in names else told
        if (finding := judge(told, settings)) is not None:
            advised = advice(settings)
            lines.append(f"browsers are told to send media to {shown}, {finding[0]}; {advised}")
    return lines


def advice(settings: Settings) -> str:
    """The remedy for an announced address that is of no use."""
    announce = "set announced_ip to the address clients reach this machine at"
    only_here = all(map(is_loopback, settings.listen_ip))
    return f"set listen_ip to 0.0.0.0, and {announce[4:]}" if only_here else announce


def judge(text: str, settings: Settings) -> tuple[str, bool] | None:
    """The fault of telling browsers this address, and True when none can use it; None without a fault.

    An address that only some clients reach is no fault beside another that all do.
    """
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
    if any(ipaddress.ip_address(other).is_global for other in settings.candidate_ips if other != text):
        return None
    if address in _SHARED:
        return "which only customers of the same provider reach (100.64.0.0/10)", False
    if address.is_private:
        return "a private address: only clients in the same network reach it", False
    return None
