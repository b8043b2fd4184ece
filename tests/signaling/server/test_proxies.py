"""Clients behind proxies: whose word is believed, and what a PROXY header says."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.signaling.server.proxies import (
    PROXY_PROTOCOL,
    V2_HEAD_BYTES,
    V2_SIGNATURE,
    Malformed,
    Proxies,
    read_v1,
    read_v2,
    v2_rest_bytes,
)

PROXY = "10.0.0.5"
OURS = Proxies(["10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], PROXY),
        (["203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the first one is the client's own word
        (["203.0.113.7, 10.9.9.9"], "203.0.113.7"),  # two proxies of ours in a row
        (["198.51.100.1", "203.0.113.7", "fd00::1"], "203.0.113.7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["2001:DB8::1"], "2001:db8::1"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["10.1.1.1"], "10.1.1.1"),  # a client within the trusted network
        (["unknown"], PROXY),
        (["203.0.113.7, nonsense"], PROXY),
        (["fe80::1%eth0"], PROXY),
        ([" , ,"], PROXY),
        (["203.0.113.7,"], "203.0.113.7"),
    ],
)
def test_the_client_is_the_rightmost_that_is_no_proxy_of_ours(forwarded: list[str], client: str) -> None:
    assert OURS.client_of(PROXY, forwarded) == client


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.9", "11.0.0.1", "::1"])
def test_nobody_else_is_believed(address: str) -> None:
    assert OURS.client_of(address, ["203.0.113.7"]) == address
    assert Proxies().client_of(address, ["203.0.113.7"]) == address


def test_a_proxy_that_speaks_the_proxy_protocol_is_not_believed_headers() -> None:
    """The client may have written them."""
    proxies = Proxies(["10.0.0.0/8"], PROXY_PROTOCOL)
    assert proxies.client_of(PROXY, ["203.0.113.7"]) == PROXY
    assert proxies.begins_with_header(PROXY)
    assert not proxies.begins_with_header("127.0.0.1")
    assert not OURS.begins_with_header(PROXY)


def test_mapped_addresses_are_those_they_map() -> None:
    assert OURS.trusts("::ffff:10.0.0.5")


@given(st.lists(st.text()))
def test_whatever_is_forwarded_an_address_comes_of_it(forwarded: list[str]) -> None:
    assert OURS.client_of(PROXY, forwarded)


@pytest.mark.parametrize(
    ("line", "client"),
    [
        (b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n", "203.0.113.7"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", "2001:db8::1"),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    ],
)
def test_version_1(line: bytes, client: str | None) -> None:
    assert read_v1(line) == client


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"PROXY\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 4711\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 4711 443\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 99999\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 -1 443\r\n",
        b"PROXY UDP4 203.0.113.7 192.0.2.1 4711 443\r\n",
        b"PROXY TCP4 \xff 192.0.2.1 4711 443\r\n",
        b"GET / HTTP/1.1\r\n",
        b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
    ],
)
def test_version_1_that_is_malformed(line: bytes) -> None:
    with pytest.raises(Malformed):
        read_v1(line)


def v2(command: int, family: int, rest: bytes, size_bytes: int | None = None) -> tuple[bytes, bytes]:
    size_bytes = len(rest) if size_bytes is None else size_bytes
    return V2_SIGNATURE + bytes([0x20 | command, family]) + size_bytes.to_bytes(2, "big"), rest


V4 = bytes([203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 1, 187])
V6 = bytes.fromhex("20010db8000000000000000000000001" * 2) + bytes(4)


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (v2(1, 0x11, V4), "203.0.113.7"),
        (v2(1, 0x11, V4 + b"\x03\0\4crc!"), "203.0.113.7"),  # more that the proxy tells
        (v2(1, 0x21, V6), "2001:db8::1"),
        (v2(0, 0x00, b""), None),  # a health check of the proxy
        (v2(0, 0x11, V4), None),
        (v2(1, 0x31, bytes(216)), None),
    ],
)
def test_version_2(header: tuple[bytes, bytes], client: str | None) -> None:
    head, rest = header
    assert len(head) == V2_HEAD_BYTES
    assert v2_rest_bytes(head) == len(rest)
    assert read_v2(head, rest) == client


@pytest.mark.parametrize(
    "header",
    [
        v2(1, 0x11, V4[:-1]),
        v2(1, 0x12, V4),  # UDP
        v2(2, 0x11, V4),
        v2(1, 0x11, V4, 60_000),
        (b"GET / HTTP/1.1\r\n", b""),
        (V2_SIGNATURE + b"\x11\x11\0\x0c", V4),
        (b"", b""),
    ],
)
def test_version_2_that_is_malformed(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(Malformed):
        read_v2(*header)


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_whatever_comes_is_an_address_or_malformed(first: bytes, rest: bytes) -> None:
    with contextlib.suppress(Malformed):
        read_v1(first)
    with contextlib.suppress(Malformed):
        read_v2(V2_SIGNATURE + first[:4], rest)
