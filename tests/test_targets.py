"""The table of addresses that others may lead this host to. `rooms/test_plain_targets.py` has it by row."""

from __future__ import annotations

import ipaddress

import pytest

from mediad.targets import LOOPBACK, objection


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("127.0.0.1", "127.0.0.1: it is a loopback address"),
        ("::1", "::1: it is a loopback address"),
        ("10.1.2.3", "10.1.2.3: it is a private address"),
        ("169.254.169.254", "169.254.169.254: it is a cloud's metadata service"),
        ("::ffff:10.0.0.1", "::ffff:a00:1, which leads to 10.0.0.1: it is a private address"),
        ("64:ff9b::7f00:1", "64:ff9b::7f00:1, which leads to 127.0.0.1: it is a loopback address"),
    ],
)
def test_what_is_no_part_of_the_public_internet(text: str, why: str) -> None:
    assert objection(ipaddress.ip_address(text)) == why


@pytest.mark.parametrize("text", ["8.8.8.8", "::ffff:8.8.8.8", "2606:4700:4700::1111"])
def test_the_public_internet(text: str) -> None:
    assert objection(ipaddress.ip_address(text)) is None


def test_what_is_allowed_and_what_is_our_own() -> None:
    loopback, public = ipaddress.ip_address("127.0.0.9"), ipaddress.ip_address("8.8.8.8")
    assert objection(loopback, LOOPBACK) is None
    assert objection(ipaddress.ip_address("10.0.0.1"), LOOPBACK) is not None
    assert objection(public, own={"8.8.8.8"}) == "8.8.8.8: it is an address of this server"
