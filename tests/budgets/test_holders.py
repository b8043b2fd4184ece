"""Holders: an address, its site, and a token."""

from __future__ import annotations

from mediad.budgets.holders import holders_at


def test_an_ipv4_address_is_one_holder_however_it_is_written() -> None:
    assert holders_at("192.0.2.7") == holders_at("::ffff:192.0.2.7") == (("192.0.2.7", 1.0),)


def test_ipv6_is_charged_by_network_and_by_a_part_to_its_site() -> None:
    assert holders_at("2001:db8:1:2::9") == (("2001:db8:1:2::/64", 1.0), ("2001:db8:1::/48", 1 / 16))
    assert holders_at("::1") == (("::/64", 1.0), ("::/48", 1 / 16))


def test_a_local_socket_is_a_holder_too() -> None:
    assert holders_at(None) == (("unknown", 1.0),)


def test_a_token_is_named_by_a_hash() -> None:
    (_, (name, part)) = holders_at("192.0.2.7", "secret.token")
    assert part == 1.0
    assert name.startswith("token ")
    assert "secret" not in name
    assert holders_at("192.0.2.8", "secret.token")[1] == (name, part)
