"""Ports that a firewall must open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mediad.config.listen import ListenInfo
from mediad.config.settings import Settings
from mediad.ctl.ports import FIREWALLS, commands, openings

PUBLIC = Settings(
    host="0.0.0.0", port=443, listen_ip=("::",), announced=(ListenInfo("::", ("8.8.4.4",)),), workers=2
)


def test_the_front_and_each_workers_port() -> None:
    found = openings(PUBLIC)
    assert [(opening.protocol, opening.ports, opening.ip) for opening in found] == [
        ("tcp", "443", "0.0.0.0"),
        ("udp", "10000", "::"),
        ("tcp", "10000", "::"),
        ("udp", "10001-10999", "::"),
        ("udp", "11000", "::"),
        ("tcp", "11000", "::"),
        ("udp", "11001-11999", "::"),
    ]
    assert found[4].wire()["purpose"] == "media of worker 1"
    assert found[6].purpose.startswith("plain transports of worker 1, if ")
    last = replace(PUBLIC, workers=1, rtc_base_port=65535)
    assert [opening.ports for opening in openings(last)] == ["443", "65535", "65535"]
    without = openings(replace(PUBLIC, rtc_tcp_connections_per_address=0))
    assert [opening.protocol for opening in without] == ["tcp", *4 * ["udp"]]
    assert "proxy" in found[0].purpose


@pytest.mark.parametrize(
    ("firewall", "line"),
    [
        ("ufw", "ufw allow 10000/tcp"),
        ("ufw", "ufw allow 10000/udp"),
        ("firewalld", "firewall-cmd --permanent --add-port=10000/udp"),
        ("nft", "nft add rule inet filter input udp dport 10000 accept"),
    ],
)
def test_commands(firewall: str, line: str) -> None:
    lines = list(commands(openings(PUBLIC), firewall))
    assert line in lines
    assert len(lines) == (8 if firewall == "firewalld" else 7)
    assert firewall in FIREWALLS


def test_a_port_for_each_transport_on_two_addresses() -> None:
    settings = replace(PUBLIC, workers=1, listen_ip=("0.0.0.0", "::"), port_mode="per-transport")
    found = openings(settings)[1:]
    assert [(opening.protocol, opening.ports, opening.ip) for opening in found] == [
        (protocol, "10000-10999", ip) for protocol in ("udp", "tcp") for ip in ("0.0.0.0", "::")
    ]
    for firewall, line in (("ufw", "ufw allow 10000:10999/udp"), ("nft", "udp dport 10000-10999 accept")):
        lines = list(commands(found, firewall))
        assert len(lines) == 2
        assert lines[0].endswith(line)


def test_what_is_for_this_machine_only_stays_shut() -> None:
    lines = list(commands(openings(Settings(workers=1, host="localhost")), "ufw"))
    assert lines == [
        "# tcp 3000 is for this machine only (localhost)",
        "# udp 10000 is for this machine only (127.0.0.1)",
        "# tcp 10000 is for this machine only (127.0.0.1)",
        "# udp 10001-10999 is for this machine only (127.0.0.1)",
    ]
    assert not openings(Settings(host="sfu.example"))[0].is_local
