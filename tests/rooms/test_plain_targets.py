"""The rule for the addresses that media may be sent to, as a table."""

from __future__ import annotations

import ipaddress

import pytest

from mediad.errors import Forbidden, InvalidInput
from mediad.rooms.plain_targets import SETTING, Targets

NOWHERE = Targets()


@pytest.mark.parametrize(
    ("ip", "spelled"),
    [
        ("198.41.0.4", "198.41.0.4"),
        ("8.8.8.8", "8.8.8.8"),
        ("100.63.255.255", "100.63.255.255"),
        ("100.128.0.0", "100.128.0.0"),
        ("172.15.0.1", "172.15.0.1"),
        ("172.32.0.1", "172.32.0.1"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("2606:4700:4700::1111", "2606:4700:4700::1111"),
        ("2606:4700:4700:0:0:0:0:1111", "2606:4700:4700::1111"),
        ("2002:808:808::1", "2002:808:808::1"),
        ("64:ff9b::8.8.8.8", "64:ff9b::808:808"),
    ],
)
def test_the_public_internet_is_allowed_in_its_usual_spelling(ip: str, spelled: str) -> None:
    assert NOWHERE.require(ip) == spelled


@pytest.mark.parametrize(
    ("ip", "what"),
    [
        ("0.0.0.0", "an unspecified address"),
        ("0.1.2.3", "an unspecified address"),
        ("::", "an unspecified address"),
        ("127.0.0.1", "a loopback address"),
        ("127.255.0.9", "a loopback address"),
        ("::1", "a loopback address"),
        ("10.0.0.1", "a private address"),
        ("172.16.0.1", "a private address"),
        ("172.31.255.255", "a private address"),
        ("192.168.1.1", "a private address"),
        ("fd12:3456::1", "a private address"),
        ("fc00::1", "a private address"),
        ("fec0::1", "a private address"),
        ("169.254.1.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("169.254.169.254", "a cloud's metadata service"),
        ("fd00:ec2::254", "a cloud's metadata service"),
        ("100.64.0.1", "an address behind a carrier's NAT"),
        ("100.127.255.255", "an address behind a carrier's NAT"),
        ("224.0.0.1", "a multicast address"),
        ("239.255.255.250", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("255.255.255.255", "the broadcast address"),
        ("240.0.0.1", "a reserved address"),
        ("192.0.0.8", "a reserved address"),
        ("192.0.2.1", "a reserved address"),
        ("198.18.0.1", "a reserved address"),
        ("203.0.113.7", "a reserved address"),
        ("2001:db8::1", "a reserved address"),
        ("2001::1", "a reserved address"),
        ("100::1", "a reserved address"),
        ("4000::1", "a reserved address"),
        ("64:ff9b:1::1", "a reserved address"),
        # an IPv4 address inside of an IPv6 address
        ("::ffff:127.0.0.1", "a loopback address"),
        ("::ffff:a9fe:a9fe", "a cloud's metadata service"),
        ("::10.0.0.1", "a private address"),
        ("2002:7f00:1::1", "a loopback address"),
        ("2002:a9fe:a9fe::", "a cloud's metadata service"),
        ("64:ff9b::192.168.0.1", "a private address"),
        ("64:ff9b::a9fe:a9fe", "a cloud's metadata service"),
    ],
)
def test_everything_else_is_refused_with_the_reason_and_the_setting(ip: str, what: str) -> None:
    with pytest.raises(Forbidden) as refused:
        NOWHERE.require(ip)
    assert f"it is {what}, and outside of {SETTING}" in str(refused.value)


@pytest.mark.parametrize(
    "ip",
    [
        *("localhost", "example.com", "metadata.google.internal", "", " 8.8.8.8", "8.8.8.8:53"),
        *("127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "8.8.8.8/32", "[2606:4700::1111]"),
        *("fe80::1%eth0", "2606:4700::1%1", "1.2.3.4\n", "٨.8.8.8", "x" * 10_000),
    ],
)
def test_what_is_no_address_is_refused(ip: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        NOWHERE.require(ip)
    assert "ip must be an" in str(refused.value)
    assert len(str(refused.value)) < 200


def test_what_the_operator_allows_is_allowed_and_nothing_beside_it() -> None:
    networks = ("10.1.0.0/16", "fd00::/64", "169.254.169.254/32")
    targets = Targets(tuple(map(ipaddress.ip_network, networks)))
    for ip in ("10.1.255.255", "fd00::9", "169.254.169.254", "64:ff9b::10.1.0.1", "::ffff:10.1.0.1"):
        targets.require(ip)
    for ip in ("10.2.0.1", "fd00:0:0:1::9", "169.254.169.253", "127.0.0.1", "64:ff9b::10.2.0.1"):
        with pytest.raises(Forbidden):
            targets.require(ip)


def test_media_does_not_go_around_in_circles() -> None:
    targets = Targets(own=frozenset({"8.8.8.8"}))
    with pytest.raises(Forbidden, match="an address of this server, and outside of plain_target_allow"):
        targets.require("8.8.8.8")
    assert Targets((ipaddress.ip_network("8.8.8.8"),), targets.own).require("8.8.8.8")
