"""Ports of a range, opened by a function that knows which of them other programs have."""

from __future__ import annotations

import errno
import random

import pytest

from mediad.worker.transports.port_pool import Bound, NoPort, PortPool


class Machine:
    """A machine on which other programs have some ports; `open` are the ones that are open now."""

    def __init__(self, *others: int) -> None:
        self.others = set(others)
        self.broken: OSError | None = None
        self.opened: list[int] = []

    def bind(self, port: int) -> Bound:
        if self.broken is not None:
            raise self.broken
        if port in self.others:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        self.opened.append(port)
        return Bound(port, ())


def test_the_one_that_was_given_back_first_is_used_first() -> None:
    pool, machine = PortPool(range(10, 13)), Machine()
    assert [pool.open_one(machine.bind).port for _ in range(3)] == [10, 11, 12]
    assert pool.use() == {"used": 3, "free": 0}
    pool.give_back(12)
    pool.give_back(10)
    assert [pool.open_one(machine.bind).port for _ in range(2)] == [12, 10]
    with pytest.raises(NoPort, match="all 3 of 10-12 are in use"):
        pool.open_one(machine.bind)


def test_two_are_an_even_one_and_the_next() -> None:
    pool, machine = PortPool(range(11, 20)), Machine(14)
    assert pool.open_one(machine.bind).port == 11
    pairs = [pool.open_two(machine.bind) for _ in range(3)]
    assert [(rtp.port, rtcp.port) for rtp, rtcp in pairs] == [(12, 13), (16, 17), (18, 19)]
    assert pool.use() == {"used": 7, "free": 2}


def test_any_two_when_there_are_no_neighbours() -> None:
    pool, machine = PortPool(range(10, 14)), Machine()
    for _ in range(4):
        pool.open_one(machine.bind)
    pool.give_back(13)
    pool.give_back(10)
    rtp, rtcp = pool.open_two(machine.bind)
    assert (rtp.port, rtcp.port) == (13, 10)


def test_a_half_of_two_is_not_kept() -> None:
    pool, machine = PortPool(range(10, 13)), Machine(11, 12)
    with pytest.raises(NoPort, match="other programs have those of 10-12 that are not in use"):
        pool.open_two(machine.bind)
    assert pool.use() == {"used": 0, "free": 3}
    pool = PortPool(range(10, 11))
    with pytest.raises(NoPort, match="2 are needed, and one of the 1 of 10-10 is free"):
        pool.open_two(machine.bind)


def test_without_descriptors_no_other_is_tried() -> None:
    pool, machine = PortPool(range(10, 20)), Machine()
    machine.broken = OSError(errno.EMFILE, "Too many open files")
    for opening in (pool.open_one, pool.open_two):
        with pytest.raises(NoPort, match="none can be opened: Too many open files"):
            opening(machine.bind)
    assert pool.use() == {"used": 0, "free": 10}


def test_a_range_without_ports() -> None:
    with pytest.raises(NoPort, match="rtc_max_port"):
        PortPool(range(10, 10)).open_one(Machine().bind)


def test_whatever_is_taken_and_given_back_none_is_lent_twice_or_lost() -> None:
    dice = random.Random(7)
    pool, machine = PortPool(range(100, 130)), Machine(*dice.sample(range(100, 130), 8))
    lent: list[int] = []
    for _ in range(2000):
        machine.others = (machine.others | {dice.randrange(100, 130)}) - set(lent)
        if len(machine.others) > 12:
            machine.others.pop()
        try:
            opened = pool.open_two(machine.bind) if dice.random() < 0.5 else (pool.open_one(machine.bind),)
            lent += [bound.port for bound in opened]
        except NoPort:
            pass
        if lent and dice.random() < 0.6:
            pool.give_back(lent.pop(dice.randrange(len(lent))))
        assert len(set(lent)) == len(lent) == pool.use()["used"]
        assert not machine.others & set(lent)
