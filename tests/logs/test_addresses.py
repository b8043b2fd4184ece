"""Addresses in text: found wherever they stand, and nothing else is."""

from __future__ import annotations

import pytest

from mediad.logs.addresses import Addresses


def rule(how: str, *own: str) -> Addresses:
    made = Addresses()
    made.how, made.own = how, frozenset(own)
    return made


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("client 203.0.113.77: refused", "client 203.0.113.0: refused"),
        ("from 203.0.113.77:51111 to", "from 203.0.113.0:51111 to"),
        ("at 203.0.113.77.", "at 203.0.113.0."),
        ("('203.0.113.77', 5)", "('203.0.113.0', 5)"),
        ("client 2001:db8:1:2:3:4:5:6 left", "client 2001:db8:1:: left"),
        ("[2001:db8:1:2::9]:443", "[2001:db8:1::]:443"),
        ("2001:db8:1:2::/64 has too many", "2001:db8:1::/64 has too many"),
        ("2001:db8:1:2::", "2001:db8:1::"),
        ("fe80::1234%eth0 came", "fe80:: came"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("udp 203.0.113.77 1.2.3.4", "udp 203.0.113.0 1.2.3.0"),
    ],
)
def test_addresses_are_cut_and_hidden(text: str, cut: str) -> None:
    assert rule("truncated").shown(text) == cut
    hidden = rule("none").shown(text)
    assert "(hidden)" in hidden
    assert not {"203", "77", "2001", "db8", "1234"} & set(hidden.replace(".", ":").split(":"))
    assert rule("full").shown(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-27T13:42:12.123Z",
        "at 13:42:12",
        "mediad 0.1.0",
        "999.1.2.3",
        "std::vector",
        "worker=0 room=r1",
        "0.0.0.0",
        "sha-256 AB:CD:EF:01:23:45:67:89:AB:CD",
        "3f2a:zz",
        "lib.so.1.2.3.4.5",
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert rule("none").shown(text) == text


def test_the_servers_own_stay() -> None:
    text = "media on 198.51.100.1, client 203.0.113.77"
    assert rule("none", "198.51.100.1").shown(text) == "media on 198.51.100.1, client (hidden)"
