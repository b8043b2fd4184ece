"""The turns of those who have associations, and the life of the stack."""

from __future__ import annotations

from collections.abc import Callable

from mediad.pipe.data_requests import SctpStreamParameters
from mediad.worker.data.channels import DataChannels
from mediad.worker.data.sctp import SLICE_US, Sctp
from tests.support.fake_clock import FakeClock

PACKET_BYTES = 1163


class User:
    """The owner of an association with `pieces` of work, each of which takes `cost_us`."""

    def __init__(self, clock: FakeClock, log: list[str], name: str, pieces: int, cost_us: int = 0) -> None:
        self.clock, self.log, self.name = clock, log, name
        self.pieces, self.cost_us = pieces, cost_us
        self.failures: list[str] = []

    def work(self) -> bool:
        if self.pieces < 0:
            raise ZeroDivisionError
        self.log.append(self.name)
        self.clock.stall_s(self.cost_us / 1e6)
        self.pieces -= 1
        return self.pieces > 0

    def fail(self, reason: str) -> None:
        self.failures.append(reason)
        if self.cost_us < 0:
            raise ZeroDivisionError


def test_each_gets_one_piece_in_turn() -> None:
    clock, log = FakeClock(), list[str]()
    sctp = Sctp(clock)
    for name in ("a", "b"):
        sctp.wake(User(clock, log, name, pieces=3))
    clock.pass_s(0)
    assert log == ["a", "b"] * 3
    assert clock.waiting == 0


def test_a_slice_ends_and_others_on_the_loop_come_in_between() -> None:
    clock, log = FakeClock(), list[str]()
    sctp = Sctp(clock)
    for name in ("a", "b", "c", "d"):
        sctp.wake(User(clock, log, name, pieces=1, cost_us=SLICE_US // 2))
    clock.call_at(clock.now_us(), lambda: log.append("another"))
    clock.pass_s(0.1)
    assert log == ["a", "b", "another", "c", "d"]


def test_one_bug_costs_one_client() -> None:
    clock, log = FakeClock(), list[str]()
    sctp = Sctp(clock)
    broken = User(clock, log, "broken", pieces=-1)
    for user in (broken, User(clock, log, "a", pieces=1)):
        sctp.wake(user)
    clock.pass_s(0)
    assert (log, broken.failures) == (["a"], ["a bug in mediad"])


def test_an_end_that_fails_costs_one_client_too() -> None:
    clock, log = FakeClock(), list[str]()
    sctp = Sctp(clock)
    for user in (User(clock, log, "broken", pieces=-1, cost_us=-1), User(clock, log, "a", pieces=2)):
        sctp.wake(user)
    clock.pass_s(0)
    assert log == ["a", "a"]


def test_an_association_whose_end_cannot_be_sent_is_forgotten() -> None:
    clock = FakeClock()
    sctp = Sctp(clock)
    ends: list[DataChannels] = []

    def to(other: int) -> Callable[[list[bytes]], None]:
        def send(packets: list[bytes]) -> None:
            if ends[1 - other].state == "connected":
                raise OSError
            for packet in packets:
                ends[other].receive(packet)

        return send

    ends += [DataChannels(sctp, clock, lambda state, reason: None, to(other)) for other in (1, 0)]
    for end in ends:
        end.secured(PACKET_BYTES)
        end.add_lane(SctpStreamParameters(0), lambda reason: None)
    clock.pass_s(300)
    assert sctp.report().associations == 0


def test_the_stack_is_there_as_long_as_somebody_needs_it() -> None:
    clock, log = FakeClock(), list[str]()
    sctp = Sctp(clock)
    for _ in range(2):
        first, second = (sctp.open(User(clock, log, name, 1), PACKET_BYTES) for name in ("a", "b"))
        first.connect(clock.now_us())
        sctp.wake(User(clock, log, "c", 1))
        clock.pass_s(0)
        assert "a" in log, "it has INIT to send"
        assert sctp.report().associations == 2
        assert clock.waiting == 1, "the stack wants to be called"
        for association in (first, second):
            association.close()
            sctp.forget(association)
        assert (sctp.report().associations, clock.waiting) == (0, 0)


def test_timers_of_the_stack_are_kept() -> None:
    clock, log = FakeClock(), list[str]()
    sctp = Sctp(clock)
    user = User(clock, log, "a", pieces=100)
    association = sctp.open(user, PACKET_BYTES)
    association.connect(clock.now_us())
    sctp.wake(user)
    clock.pass_s(0)
    assert len(association.datagrams_to_send()) == 1
    clock.pass_s(5)
    assert association.datagrams_to_send(), "INIT was repeated"
    association.close()
    sctp.forget(association)


def test_losses_are_counted_beyond_the_association() -> None:
    clock = FakeClock()
    sctp = Sctp(clock)
    association = sctp.open(User(clock, [], "a", 1), PACKET_BYTES)
    association.connect(clock.now_us())
    association.receive_datagram(b"short", clock.now_us())
    sctp.drop("not_sctp")
    for _ in range(2):
        assert sctp.losses() == {"data_not_sctp": 1, "data_packet_length": 1}
        if sctp.report().associations:
            association.close()
            sctp.forget(association)
