"""Chromium over IPv6 alone, with a choice of addresses, and with a port for each transport."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser import Tab
from tests.support.daemon import Daemon
from tests.support.mediactl import run_mediactl
from tests.support.two_families import OUTSIDE, V4, V6, Computer

pytestmark = pytest.mark.network


@pytest.fixture
def computer() -> Iterator[Computer]:
    try:
        computer = Computer().__enter__()
    except OSError as error:
        pytest.skip(f"no computer with two addresses can be made here: {error}")
    yield computer
    computer.__exit__()


def call(computer: Computer, daemon: Daemon) -> tuple[Tab, Tab]:
    """Ana and Ben, who see and hear each other."""
    tabs = computer.tabs(daemon.url)
    ana, ben = tabs.open("addresses", "ana"), tabs.open("addresses", "ben")
    ana.until_flowing("ben")
    ben.until_flowing("ana")
    return ana, ben


def tuples(daemon: Daemon) -> list[dict[str, Any]]:
    """The selected tuples of all transports of the call."""
    found = []
    for name in ("ana", "ben"):
        said = run_mediactl(daemon.admin_socket, "peer", "show", "addresses", name, "--json")
        assert said.code == 0, said.err
        found += [transport["iceSelectedTuple"] for transport in json.loads(said.out)["transports"]]
    return found


def candidates(tab: Tab) -> list[tuple[str, int]]:
    """Addresses and ports of the UDP candidates that the page was told, best first."""
    script = """async () => {
        const asked = { forceTcp: false, producing: false, consuming: true };
        const made = await mediad.request('createWebRtcTransport', asked);
        return made.iceCandidates
            .filter(c => c.protocol === 'udp')
            .sort((a, b) => b.priority - a.priority)
            .map(c => [c.address, c.port]);
    }"""
    return [(address, port) for address, port in tab.get(f"({script})()")]


def test_a_call_over_ipv6_alone(computer: Computer) -> None:
    with computer.daemon(host=V6, open=True, listen_ip=V6) as daemon:
        ana, _ = call(computer, daemon)
        selected = tuples(daemon)
        assert len(selected) == 4
        assert {(one["localAddress"], one["localPort"]) for one in selected} == {(V6, daemon.rtc_base_port)}
        assert {one["remoteIp"] for one in selected} == {V6}
        assert [address for address, _ in candidates(ana)] == [V6]


def test_a_call_with_a_choice_of_addresses_and_a_port_for_each_transport(computer: Computer) -> None:
    """The best candidate leads nowhere: the browser finds one that does, of either family."""
    settings = {
        "listen_ip": f"{V4},{V6}",
        "announced_ip": f"{OUTSIDE},{V4}",
        "port_mode": "per-transport",
    }
    with computer.daemon(host=V4, open=True, **settings) as daemon:
        ana, ben = call(computer, daemon)
        selected = tuples(daemon)
        ports = {one["localPort"] for one in selected}
        assert len(ports) == 4
        assert ports <= set(range(daemon.rtc_base_port, daemon.rtc_base_port + 1000))
        assert {one["remoteIp"] for one in selected} <= {V4, V6}
        told = candidates(ana)
        assert [address for address, _ in told] == [OUTSIDE, V4, V6]
        assert {port for _, port in told}.isdisjoint(ports)
        assert ports_in_use(daemon) == 5
        ana.close()
        ben.until("Ana gone", lambda: not ben.consumers("ana"))
        ben.until("her ports are free", lambda: ports_in_use(daemon) == 2)


def ports_in_use(daemon: Daemon) -> int:
    """The media ports that transports of the worker have."""
    said = run_mediactl(daemon.admin_socket, "stats", "--json")
    assert said.code == 0, said.err
    return int(json.loads(said.out)["reports"]["0"]["ports"]["used"])
