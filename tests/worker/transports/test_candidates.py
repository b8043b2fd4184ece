from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.config.listen import ListenInfo
from mediad.protocols.ice_paths import Path
from mediad.worker.transports.candidates import Endpoint, priority, tuple_stats
from tests.support.pipe_wire import wire
from tests.support.worker_objects import CERTIFICATE, ENDPOINT, bench


def test_parameters_for_a_client() -> None:
    made = bench()
    parameters = wire(made.transport().parameters())
    ice = parameters.pop("iceParameters")
    assert ice.pop("iceLite") is True
    assert set(ice) == {"usernameFragment", "password"}
    (opened,) = made.loop.named("open_transport")
    assert opened.parameters["username_fragment"] == ice["usernameFragment"].encode()
    assert parameters == {
        "iceCandidates": [
            {
                "foundation": "udpcandidate",
                "priority": 1076302079,
                "ip": "203.0.113.7",
                "address": "203.0.113.7",
                "protocol": "udp",
                "port": 10000,
                "type": "host",
            }
        ],
        "dtlsParameters": {
            "role": "auto",
            "fingerprints": [
                {"algorithm": fingerprint.algorithm, "value": fingerprint.value}
                for fingerprint in CERTIFICATE.fingerprints
            ],
        },
    }
    assert parameters["dtlsParameters"]["fingerprints"][-1]["algorithm"] == "sha-256"


def test_tcp_is_offered_behind_udp() -> None:
    endpoint = replace(ENDPOINT, listeners=(1,))
    udp, tcp = map(wire, endpoint.candidates())
    assert udp["protocol"] == "udp"
    assert tcp == {
        "foundation": "tcpcandidate",
        "priority": 1076276479,
        "ip": "203.0.113.7",
        "address": "203.0.113.7",
        "protocol": "tcp",
        "port": 10000,
        "type": "host",
        "tcpType": "passive",
    }
    assert list(map(wire, endpoint.candidates(force_tcp=True))) == [tcp]


def test_all_of_tcp_comes_behind_all_of_udp() -> None:
    candidates = replace(BOTH_SIDES, listeners=(2, 3)).candidates()
    priorities = [candidate.priority for candidate in candidates]
    assert [candidate.protocol for candidate in candidates] == [*3 * ["udp"], *3 * ["tcp"]]
    assert priorities == sorted(priorities, reverse=True)
    assert len({candidate.foundation for candidate in candidates}) == 4


def test_a_connection_has_the_address_of_its_listener() -> None:
    endpoint = replace(BOTH_SIDES, listeners=(2, 3))
    ends = endpoint.tuple_with(Path(77 << 16 | 3, "2001:db8::9", 5004))
    assert (ends.local_address, ends.protocol) == ("2001:db8::5", "tcp")


def test_both_ends_of_a_path() -> None:
    local = {"localIp": "203.0.113.7", "localAddress": "203.0.113.7", "localPort": 10000}
    assert tuple_stats(ENDPOINT.tuple_with(Path(0, "198.51.100.7", 5004))) == {
        **local,
        "remoteIp": "198.51.100.7",
        "remotePort": 5004,
        "protocol": "udp",
    }
    assert tuple_stats(ENDPOINT.tuple_with(None)) == {**local, "protocol": "udp"}


BOTH_SIDES = Endpoint(
    10000,
    (
        ListenInfo("10.0.0.5", ("203.0.113.7", "10.0.0.5")),
        ListenInfo("2001:db8::5", ("2001:db8::5",)),
    ),
    (7, 9),
)


def test_the_order_of_addresses_is_that_of_priorities() -> None:
    """The steps are those of mediasoup: 100 of the local preference, and 1000 of the priority."""
    told = [(one.address, one.priority, one.foundation) for one in BOTH_SIDES.candidates()]
    first = (64 << 24) + (10_000 << 8) + 255
    assert told == [
        ("203.0.113.7", first, "udpcandidate"),
        ("10.0.0.5", first - 1000, "udpcandidate"),
        ("2001:db8::5", first - (100 << 8), "udpcandidate1"),
    ]


@pytest.mark.parametrize(
    ("path", "local"),
    [
        (Path(7, "198.51.100.7", 5004), "203.0.113.7"),
        (Path(7, "10.0.0.9", 5004, local="10.0.0.5"), "10.0.0.5"),
        (Path(9, "2001:db8::7", 5004), "2001:db8::5"),
    ],
)
def test_the_local_end_is_the_one_of_the_socket(path: Path, local: str) -> None:
    assert BOTH_SIDES.tuple_with(path).local_address == local


def test_one_socket_for_both_families_has_two_local_ends() -> None:
    endpoint = Endpoint(10000, (ListenInfo("::", ("203.0.113.7", "2001:db8::5")),), (0,))
    for remote, local in (("198.51.100.7", "203.0.113.7"), ("2001:db8::7", "2001:db8::5")):
        assert endpoint.tuple_with(Path(0, remote, 5004)).local_address == local


@given(st.lists(st.integers(1, 16), min_size=1, max_size=8))
def test_no_two_candidates_have_the_same_priority(counts: list[int]) -> None:
    """RFC 8445 section 5.1.2."""
    priorities = [priority(place, further) for place, count in enumerate(counts) for further in range(count)]
    assert len(set(priorities)) == len(priorities)
    assert all(0 < one < 1 << 31 for one in priorities)
