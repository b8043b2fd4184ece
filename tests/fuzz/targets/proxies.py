"""Addresses that proxies tell: values of `X-Forwarded-For`, and headers of the PROXY protocol.

A first byte of 0 is the header, every other one the values, each on a line.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket

from mediad.addresses import holder_of
from mediad.signaling.server.proxies import (
    FORWARDED_FOR,
    V2_HEAD_BYTES,
    V2_SIGNATURE,
    Malformed,
    Proxies,
    read_v1,
    read_v2,
    v2_rest_bytes,
)
from tests.fuzz.target import Target

PROXY = "10.0.0.1"
PROXIES = Proxies(("10.0.0.0/8", "fd00::/8"), FORWARDED_FOR)
V4 = socket.inet_aton("192.0.2.9") + socket.inet_aton("10.0.0.1") + b"\x1f\x90\x01\xbb"
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::9") * 2 + b"\x1f\x90\x01\xbb"


def version_2(command: int, family: int, rest: bytes) -> bytes:
    return b"\0" + V2_SIGNATURE + bytes([0x20 | command, family]) + len(rest).to_bytes(2, "big") + rest


SEEDS = [
    *(
        version_2(1, family, rest)
        for family, rest in ((0x11, V4), (0x21, V6), (0x31, bytes(216)), (0x12, V4))
    ),
    version_2(0, 0, b""),
    version_2(1, 0x11, V4 + b"\x04\x00\x01a"),
    b"\0PROXY TCP4 192.0.2.9 10.0.0.1 56324 443\r\n",
    b"\0PROXY TCP6 2001:db8::9 ::ffff:10.0.0.1 56324 443\r\n",
    b"\0PROXY UNKNOWN\r\n",
    b"a192.0.2.9, 10.0.0.2",
    b"a[2001:db8::9]:443,10.0.0.2:80\n::ffff:192.0.2.1",
    b"a, ,192.0.2.9%eth0,unknown",
]


def one_input(data: bytes) -> None:
    if data[:1] != b"\0":
        client = PROXIES.client_of(PROXY, data[1:].decode("latin-1").split("\n"))
        assert PROXIES.client_of("192.0.2.1", ["192.0.2.2"]) == "192.0.2.1", "a stranger was believed"
    else:
        client = _header(data[1:])
    ipaddress.ip_address(client)
    assert holder_of(client)


def _header(data: bytes) -> str:
    with contextlib.suppress(Malformed):
        if data.startswith(V2_SIGNATURE):
            head = data[:V2_HEAD_BYTES]
            return read_v2(head, data[V2_HEAD_BYTES:][: v2_rest_bytes(head)]) or PROXY
        return read_v1(data.partition(b"\n")[0] + b"\n") or PROXY
    return PROXY


TARGET = Target("proxies", SEEDS, lambda: one_input, ("signaling/server/proxies.py", "addresses.py"))
