"""Slots of TCP connections: numbers that never come again, shares of hosts, and the order of their age."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.windows.tcp import Connections


def test_a_slot_that_is_used_again_has_another_number() -> None:
    connections, seen = Connections(capacity=1), set[int]()
    for _ in range(1000):
        number = connections.enter("10.0.0.1")
        assert connections.knows(number)
        connections.leave(number)
        assert not connections.knows(number)
        seen.add(number)
    assert len(seen) == 1000
    assert 0 not in seen


def test_numbers_begin_anew_after_half_a_million() -> None:
    connections = Connections(capacity=1)
    numbers = []
    for _ in range(0x7FFFF + 2):
        numbers.append(connections.enter("10.0.0.1"))
        connections.leave(numbers[-1])
    assert 0 not in numbers
    assert numbers[0] == numbers[0x7FFFF]
    assert len(set(numbers)) == 0x7FFFF


def test_ipv4_counts_by_address_and_ipv6_by_network() -> None:
    connections = Connections(most_per_host=2)
    connections.enter("10.0.0.1")
    connections.enter("10.0.0.1")
    connections.enter("2001:db8:0:1::1")
    connections.enter("2001:db8:0:1:ffff::2")
    assert connections.is_full("10.0.0.1")
    assert not connections.is_full("10.0.0.2")
    assert connections.is_full("2001:db8:0:1::3")
    assert not connections.is_full("2001:db8:0:2::1")


def test_a_check_makes_the_youngest_guest() -> None:
    connections = Connections()
    first, second, third = (connections.enter("10.0.0.1", port, port) for port in (1, 2, 3))
    connections.checked(second, 10)
    connections.checked(third, 11)
    connections.checked(second, 12)
    assert connections.strangers == [first]
    assert connections.guests == [third, second]


class ConnectionsMachine(RuleBasedStateMachine):
    HOSTS = st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"])

    def __init__(self) -> None:
        super().__init__()
        self.connections = Connections(capacity=6, most_per_host=3)
        self.strangers: dict[int, str] = {}
        self.guests: dict[int, str] = {}

    @rule(host=HOSTS)
    def enter(self, host: str) -> None:
        if self.connections.free and not self.connections.is_full(host):
            self.strangers[self.connections.enter(host)] = host

    @rule(pick=st.integers(0, 5))
    def check(self, pick: int) -> None:
        everyone = [*self.strangers, *self.guests]
        if pick < len(everyone):
            number = everyone[pick]
            self.connections.checked(number, 1)
            host = self.strangers.pop(number, "") or self.guests.pop(number)
            self.guests[number] = host

    @rule(pick=st.integers(0, 5))
    def leave(self, pick: int) -> None:
        everyone = [*self.strangers, *self.guests]
        if pick < len(everyone):
            self.connections.leave(everyone[pick])
            self.strangers.pop(everyone[pick], None)
            self.guests.pop(everyone[pick], None)

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        assert self.connections.strangers == list(self.strangers)
        assert self.connections.guests == list(self.guests)
        assert self.connections.free == 6 - len(self.strangers) - len(self.guests)
        hosts = [*self.strangers.values(), *self.guests.values()]
        assert self.connections.is_full("10.0.0.1") == (hosts.count("10.0.0.1") == 3)
        of_network = sum(host.startswith("2001:") for host in hosts)
        assert self.connections.is_full("2001:db8::9") == (of_network == 3)


ConnectionsMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestConnections = ConnectionsMachine.TestCase
