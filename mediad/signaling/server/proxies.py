"""Clients behind reverse proxies: whose word about a client's address is believed, and what it says.

Sans-I/O. Anybody can send `X-Forwarded-For` or a PROXY header; only those in trusted networks are believed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from mediad.addresses import plain_address

FORWARDED_FOR, PROXY_PROTOCOL = "x-forwarded-for", "proxy-protocol"
"""The ways in which proxies tell a client's address."""

V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V2_HEAD_BYTES = 16
V1_MOST_BYTES = 107
"""The longest header of version 1, with its line end."""
V2_MOST_BYTES = 4096
"""The longest rest of a header of version 2 that is read: addresses, and what else the proxy tells."""

_MOST_HOPS = 32

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Malformed(ValueError):
    """Error: this is no header of the PROXY protocol."""


class Proxies:
    """The proxies that are believed, and the way in which they tell the addresses of clients."""

    def __init__(self, networks: Iterable[str] = (), way: str = FORWARDED_FOR) -> None:
        self._networks: tuple[Network, ...] = ()
        self._way = way
        self.change(networks, way)

    def change(self, networks: Iterable[str], way: str) -> None:
        """Believe these from now on; connections that are open stay."""
        self._networks = tuple(map(ipaddress.ip_network, networks))
        self._way = way

    def trusts(self, address: str) -> bool:
        """True when a connection from `address` is of a proxy that is believed."""
        if not self._networks:
            return False
        try:
            found = ipaddress.ip_address(plain_address(address))
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def begins_with_header(self, address: str) -> bool:
        """True when a connection from `address` has to begin with a header of the PROXY protocol."""
        return self._way == PROXY_PROTOCOL and self.trusts(address)

    def client_of(self, address: str, forwarded: Iterable[str]) -> str:
        """Return the address of the client of a request that came from `address`.

        `forwarded` are the values of `X-Forwarded-For` in their order. Each proxy appends whom it got the
        request from, so the client is the rightmost that is no proxy of ours. A malformed one is as none.
        """
        if self._way != FORWARDED_FOR or not self.trusts(address):
            return address
        hops = ",".join(forwarded).split(",")[-_MOST_HOPS:]
        client = address
        for hop in reversed(hops):
            if not hop.strip():
                continue
            try:
                client = _hop(hop.strip())
            except ValueError:
                return address
            if not self.trusts(client):
                return client
        return client


def _hop(text: str) -> str:
    """Return the address of one hop, which some proxies give with its port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    if "%" in text:
        raise ValueError(text)
    return plain_address(text)


def read_v1(line: bytes) -> str | None:
    """Return the client's address in a header of version 1; None where the proxy does not know it.

    `line` is everything up to the line end. Raises Malformed.
    """
    words = line.removesuffix(b"\r\n").split(b" ")
    if words[0] != b"PROXY" or not line.endswith(b"\r\n") or len(line) > V1_MOST_BYTES:
        raise Malformed("no PROXY header of version 1")
    if words[1:2] == [b"UNKNOWN"]:
        return None
    family = {b"TCP4": 4, b"TCP6": 6}.get(words[1] if len(words) == 6 else b"")
    if family is None:
        raise Malformed("a PROXY header without addresses")
    try:
        sources = [ipaddress.ip_address(word.decode("ascii")) for word in words[2:4]]
        ports = [_port(word) for word in words[4:]]
    except ValueError:
        raise Malformed("a PROXY header with malformed addresses") from None
    if any(source.version != family for source in sources) or max(ports) > 65535:
        raise Malformed("a PROXY header with malformed addresses")
    return plain_address(str(sources[0]))


def v2_rest_bytes(head: bytes) -> int:
    """Return how many bytes follow the first 16 of a header of version 2. Raises Malformed."""
    if len(head) != V2_HEAD_BYTES or not head.startswith(V2_SIGNATURE) or head[12] >> 4 != 2:
        raise Malformed("no PROXY header of version 2")
    size_bytes = int.from_bytes(head[14:16], "big")
    if size_bytes > V2_MOST_BYTES:
        raise Malformed(f"a PROXY header of {size_bytes} bytes")
    return size_bytes


def read_v2(head: bytes, rest: bytes) -> str | None:
    """Return the client's address in a header of version 2; None where the proxy does not know it.

    Health checks of the proxy itself (LOCAL) have none. Raises Malformed.
    """
    if len(rest) != v2_rest_bytes(head) or head[12] & 0xF > 1:
        raise Malformed("no PROXY header of version 2")
    if head[12] & 0xF == 0:
        return None
    size_bytes = {0x11: 4, 0x21: 16}.get(head[13])
    if size_bytes is None:
        if head[13] in (0x00, 0x31, 0x32):  # unspecified, or a Unix socket
            return None
        raise Malformed("a PROXY header of no TCP connection")
    if len(rest) < 2 * size_bytes + 4:
        raise Malformed("a PROXY header without addresses")
    return plain_address(str(ipaddress.ip_address(rest[:size_bytes])))


def _port(word: bytes) -> int:
    if not word.isdigit() or len(word) > 5:
        raise ValueError(word)
    return int(word)
