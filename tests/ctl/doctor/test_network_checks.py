"""Seeded faults of addresses, ports and the ways between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mediad.config.listen import ListenInfo
from mediad.ctl.doctor.checks import examine
from mediad.ctl.doctor.facts import MediaPath, OwnPorts, TakenPort
from tests.support.doctor_facts import ADDRESS, DAEMON, announced, machine, network, settings, stopped
from tests.support.findings import fault, faults, in_order, only_fault


@pytest.mark.parametrize(
    ("address", "level", "words"),
    [
        ("10.1.2.3", "warning", "private"),
        ("192.168.0.9", "warning", "private"),
        ("100.64.1.1", "warning", "provider"),
        ("127.0.0.1", "error", "only this machine reaches it"),
        ("169.254.7.7", "error", "link-local"),
        ("203.0.113.7", "error", "example"),
        ("0.0.0.0", "error", "no address of a machine"),
        ("239.1.1.1", "error", "no address of a machine"),
    ],
)
def test_announced_addresses_of_the_wrong_kind(address: str, level: str, words: str) -> None:
    only_fault(announced(address), level, "announced-address", address, words)


@pytest.mark.parametrize(
    ("address", "level", "words"),
    [
        ("fd00::1", "warning", "private"),
        ("::1", "error", "only this machine reaches it"),
        ("fe80::1%eth0", "error", "link-local"),
        ("2001:db8::7", "error", "example"),
        ("2606:4700::1111", "warning", "clients without IPv6"),
    ],
)
def test_announced_addresses_of_ipv6(address: str, level: str, words: str) -> None:
    fault(announced(address), level, "announced-address", words)


def test_a_name_with_both_families_is_right() -> None:
    assert faults(network(announced=(ADDRESS, "2606:4700::1111"))) == []
    assert faults(announced(ADDRESS)) == []


def test_a_machine_that_serves_itself() -> None:
    alone = announced("127.0.0.1", host="localhost", listen_ip=("127.0.0.1",), tls_certificate=None)
    assert faults(alone) == []


def test_a_name_is_shown_with_its_address_and_warned_of() -> None:
    facts = settings(announced_ip=("sfu.example",))
    facts = replace(facts, network=network(named={"sfu.example": (ADDRESS,)}).network)
    assert in_order(facts, "announced-address")[0].endswith(f"sfu.example ({ADDRESS})")
    only_fault(facts, "warning", "announced-address", "announced_ip is a name, sfu.example")


def test_a_name_whose_address_has_changed_since() -> None:
    facts = settings(announced_ip=("sfu.example",))
    facts = replace(facts, network=network(named={"sfu.example": ("9.9.9.9",)}).network)
    only_fault(facts, "error", "announced-address", ADDRESS, "sfu.example is 9.9.9.9 by now")


def test_media_for_this_machine_alone_below_a_page_for_everybody() -> None:
    facts = announced("127.0.0.1", announced_ip=None, listen_ip=("127.0.0.1",))
    (found,) = [finding for finding in examine(facts) if finding.check == "announced-address"]
    assert found.advice.startswith("set listen_ip to 0.0.0.0, and announced_ip to the address")


V6 = "2606:4700::1111"


@pytest.mark.parametrize(
    ("route", "known", "level", "words"),
    [
        (False, {V6}, "error", "no route to the IPv6 internet"),
        (True, set(), "warning", "not of this machine"),
    ],
)
def test_an_ipv6_address_that_clients_cannot_reach(
    route: bool, known: set[str], level: str, words: str
) -> None:
    facts = network(announced=(ADDRESS, V6), ipv6_route=route)
    facts = replace(facts, machine=replace(facts.machine, addresses=facts.machine.addresses | known))
    only_fault(facts, level, "ipv6", V6, words)


def test_an_ipv6_address_that_is_right() -> None:
    facts = network(announced=(ADDRESS, V6), ipv6_route=True)
    facts = replace(facts, machine=replace(facts.machine, addresses=facts.machine.addresses | {V6}))
    assert faults(facts) == []
    assert len(in_order(facts, "ipv6")) == 1


def test_inside_and_outside_of_a_nat_is_no_fault() -> None:
    told = (ListenInfo("0.0.0.0", (ADDRESS, "10.0.0.5")),)
    facts = settings(announced_ip=(ADDRESS, "10.0.0.5"), announced=told)
    assert faults(replace(facts, network=network(announced=(ADDRESS, "10.0.0.5")).network)) == []


@pytest.mark.parametrize(("key", "value"), [("listen_ip", (ADDRESS, "8.8.8.8")), ("host", "8.8.8.8")])
def test_an_address_of_another_machine(key: str, value: object) -> None:
    only_fault(settings(**{key: value}), "error", "listen-address", key, "8.8.8.8")


def test_a_host_name_is_left_to_the_opening() -> None:
    facts = settings(host="sfu.example")
    assert faults(facts) == []
    assert len(in_order(facts, "listen-address")) == 1


def test_the_internet_sees_another_address() -> None:
    only_fault(network(public_address="9.9.9.9"), "warning", "public-address", "9.9.9.9", ADDRESS)


def test_a_stun_server_that_does_not_answer() -> None:
    silent = network(public_address=None, public_problem="the STUN server x did not answer: timed out")
    only_fault(silent, "warning", "public-address", "did not answer")


def test_media_that_does_not_arrive() -> None:
    here = MediaPath(worker_id=1, ip=ADDRESS, port=11000, arrived=False)
    only_fault(network(media_paths=(here,)), "error", "media-path", f"{ADDRESS} UDP port 11000", "worker 1")
    behind_nat = replace(here, ip="9.9.9.9")
    only_fault(network(media_paths=(behind_nat,)), "warning", "media-path", "9.9.9.9 UDP port 11000")


def test_answers_that_come_from_elsewhere_or_not_at_all() -> None:
    path = MediaPath(worker_id=1, ip=ADDRESS, port=11000, arrived=True, was_asked=True)
    only_fault(network(media_paths=(path,)), "error", "media-path", f"{ADDRESS} UDP port 11000", "no answer")
    elsewhere = replace(path, answered_from="10.0.0.5")
    only_fault(network(media_paths=(elsewhere,)), "error", "media-path", "comes from 10.0.0.5", "drop")
    assert in_order(network(media_paths=(replace(path, answered_from=ADDRESS),)), "media-path")


def test_a_front_that_does_not_answer() -> None:
    only_fault(network(front_problem="timed out"), "error", "front", "https://sfu.example:3000/", "timed out")


def test_taken_and_forbidden_ports() -> None:
    taken = (
        TakenPort(protocol="UDP", ip="0.0.0.0", port=10000, problem="is taken", owner="coturn (pid 9)"),
        TakenPort(protocol="TCP", ip="0.0.0.0", port=80, problem="may not be opened by this user"),
    )
    facts = stopped(taken=taken)
    fault(facts, "error", "ports", "UDP port 10000", "is taken by coturn (pid 9)")
    fault(facts, "error", "ports", "TCP port 80", "may not be opened")
    assert in_order(stopped(), "ports") == ["all ports it needs are free"]


def test_media_ports_any_program_is_given() -> None:
    facts = settings(rtc_base_port=40000)
    only_fault(facts, "warning", "port-range", "40000, 41000", "32768-60999")
    reserved = replace(facts, machine=machine(reserved_ports=frozenset({40000, 41000})).machine)
    assert faults(reserved) == []


def test_no_https() -> None:
    only_fault(replace(settings(tls_certificate=None), certificate=None), "warning", "https", "camera")


def test_media_ports_of_other_programs() -> None:
    own = tuple(OwnPorts(worker_id=n, total=1000, taken=3 * n) for n in range(2))
    fault(stopped(own_ports=own), "warning", "ports", "3 of the 1000 media ports of worker 1")
    assert in_order(stopped(own_ports=own[:1]), "ports") != []


def test_a_range_of_ports_among_those_any_program_is_given() -> None:
    facts = settings(port_mode="per-transport", rtc_base_port=32000, workers=1)
    only_fault(facts, "warning", "port-range", "32000-32999")
    assert faults(settings(rtc_base_port=32000, workers=1)) == []


def test_everyone_is_let_in() -> None:
    assert in_order(settings(), "open") == ["nobody enters a room without a token"]
    older = replace(settings(jwt_public_keys=("/a.pem",)), daemon=replace(DAEMON, tokens_needed=None))
    assert in_order(older, "open") == ["nobody enters a room without a token"]
    facts = replace(settings(), daemon=replace(DAEMON, tokens_needed=False))
    only_fault(facts, "warning", "open", "whoever reaches the front may enter every room")
    (found,) = [finding for finding in examine(facts) if finding.check == "open"]
    assert found.advice.startswith("set jwt_secrets, jwt_public_keys or jwt_jwks, unless open = true")
    here = announced("127.0.0.1", host="localhost", listen_ip=("127.0.0.1",))
    here = replace(here, daemon=replace(DAEMON, tokens_needed=False))
    assert in_order(here, "open") == ["no token is needed, on this machine only"]
