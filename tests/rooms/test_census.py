"""The census: counts of rooms and peers by address, site and token, and what one more meets."""

from __future__ import annotations

import pytest

from mediad.budgets.budgets import Budgets
from mediad.budgets.holders import holders_at
from mediad.budgets.refusal import OverLimit
from mediad.rooms.census import Census
from mediad.rooms.limits import RoomLimits

HERE, THERE = holders_at("192.0.2.1"), holders_at("192.0.2.2")


def limit_of(error: pytest.ExceptionInfo[OverLimit]) -> str:
    return error.value.refusal.limit


def test_rooms_of_an_address_are_counted_until_they_close() -> None:
    census, limits = Census(), RoomLimits(rooms_per_address=2)
    for room in ("a", "b"):
        census.require_room(limits, 0, HERE)
        census.room_opened(room, HERE)
    with pytest.raises(OverLimit) as error:
        census.require_room(limits, 2, HERE)
    assert limit_of(error) == "address_rooms"
    assert error.value.refusal.holder == "192.0.2.1"
    census.require_room(limits, 2, THERE)
    census.room_closed("a")
    census.require_room(limits, 1, HERE)


def test_a_token_counts_from_wherever_it_comes() -> None:
    census, limits = Census(), RoomLimits(peers_per_address=2)
    for address in ("192.0.2.1", "192.0.2.2"):
        census.count_peer(holders_at(address, "shared"))
    with pytest.raises(OverLimit) as error:
        census.require_peer(limits, 2, 0, holders_at("192.0.2.3", "shared"))
    assert error.value.refusal.holder.startswith("token ")
    census.require_peer(limits, 2, 0, holders_at("192.0.2.3"))


def test_a_site_may_have_as_much_as_sixteen_of_its_networks() -> None:
    census, limits = Census(), RoomLimits(peers_per_address=1)
    for network in range(16):
        holders = holders_at(f"2001:db8:1:{network:x}::1")
        census.require_peer(limits, 0, 0, holders)
        census.count_peer(holders)
    with pytest.raises(OverLimit) as error:
        census.require_peer(limits, 0, 0, holders_at("2001:db8:1:ff::1"))
    assert (error.value.refusal.holder, error.value.refusal.maximum) == ("2001:db8:1::/48", 16)
    census.require_peer(limits, 0, 0, holders_at("2001:db8:2::1"))


def test_a_claim_is_given_back_once() -> None:
    census = Census()
    first, second = census.count_peer(HERE), census.count_peer(HERE)
    for _ in range(3):
        first.release()
    assert (census.peers, census.peers_of.of("192.0.2.1")) == (1, 1)
    second.release()
    assert (census.peers, census.peers_of.count) == (0, 0)


def test_joins_are_charged() -> None:
    census, limits = Census(), RoomLimits(budgets=Budgets({"joins": 0.025}))
    census.charge_join(limits, HERE)
    with pytest.raises(OverLimit) as error:
        census.charge_join(limits, HERE)
    assert limit_of(error) == "joins"
    census.charge_join(limits, THERE)
