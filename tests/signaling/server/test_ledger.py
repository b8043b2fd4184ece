"""The memory of all connections together, and the connections that have to free some."""

from __future__ import annotations

from functools import partial

from mediad.signaling.server.ledger import Account, Ledger

KIB = 1024


def test_the_richest_are_let_go_and_no_more_of_them_than_needed() -> None:
    ledger = Ledger(1000 * KIB)
    gone: list[str] = []
    accounts: dict[str, Account] = {}

    def evict(name: str) -> None:
        gone.append(name)
        accounts[name].hold("in", 0)

    for name, size in (("a", 300), ("b", 100), ("c", 250), ("d", 200), ("e", 100)):
        accounts[name] = ledger.open(partial(evict, name))
        accounts[name].hold("in", size * KIB)
    assert gone == []
    accounts["b"].hold("out", 100 * KIB)
    assert gone == ["a"]
    assert ledger.held_bytes == 750 * KIB


def test_the_one_who_asks_may_be_the_one_to_go() -> None:
    ledger = Ledger(1000)
    gone: list[str] = []
    account = ledger.open(lambda: gone.append("greedy"))
    account.hold("in", 1001)
    assert gone == ["greedy"]
    assert ledger.held_bytes == 0
    account.hold("in", 5000)
    account.hold("in", 0)
    account.close()
    assert (ledger.held_bytes, gone) == (0, ["greedy"])


def test_parts_are_replaced_and_closing_returns_them() -> None:
    ledger = Ledger(1000)
    account = ledger.open(lambda: None)
    account.hold("in", 100)
    account.hold("out", 200)
    account.hold("in", 50)
    assert (account.held_bytes, ledger.held_bytes) == (250, 250)
    account.close()
    account.close()
    assert ledger.held_bytes == 0


def test_many_who_hold_little_make_room_too() -> None:
    ledger = Ledger(1000)
    gone: list[int] = []
    for index in range(1001):
        ledger.open(partial(gone.append, index)).hold("in", 1)
    assert ledger.held_bytes <= 1000
    assert 1 <= len(gone) <= 250
