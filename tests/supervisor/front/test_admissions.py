"""Numbers of connections that are accepted, in all and of one client, and the descriptors left."""

from __future__ import annotations

import pytest

from mediad.budgets.budgets import Budgets
from mediad.budgets.refusal import Refusal
from mediad.signaling.server.proxies import Proxies
from mediad.supervisor.front.admissions import Admissions, Place, connection_limit


def admitted(admissions: Admissions, address: str, now_s: float = 0.0) -> Place:
    place = admissions.admit(address, now_s)
    assert isinstance(place, Place)
    return place


def refused(admissions: Admissions, address: str, now_s: float = 0.0) -> Refusal:
    refusal = admissions.admit(address, now_s)
    assert isinstance(refusal, Refusal)
    return refusal


def test_an_address_has_its_share_and_no_more() -> None:
    admissions = Admissions(limit=100, per_address=2)
    first, _ = [admitted(admissions, address) for address in ("2001:db8::1", "2001:db8::2")]
    refusal = refused(admissions, "2001:db8::3")
    assert (refusal.limit, refusal.status) == ("address_connections", 429)
    assert (refusal.holder, refusal.current, refusal.maximum) == ("2001:db8::/64", 2, 2)
    admitted(admissions, "2001:db8:0:1::3")
    first.leave()
    admitted(admissions, "2001:db8::3")
    assert admissions.count == 3


def test_all_together_have_a_limit_and_zero_is_none_for_one() -> None:
    admissions = Admissions(limit=3, per_address=0)
    places = [admitted(admissions, "192.0.2.7") for _ in range(3)]
    refusal = refused(admissions, "192.0.2.8")
    assert (refusal.limit, refusal.status, refusal.headers) == ("connections", 503, {"Retry-After": "10"})
    for _ in range(2):
        places[0].leave()
    admitted(admissions, "192.0.2.8")
    assert admissions.count == 3
    assert admissions.budgets.refused == {"connections": 1}


def test_an_address_may_connect_only_so_often_however_few_stay() -> None:
    admissions = Admissions(limit=100, per_address=10, budgets=Budgets({"connects": 0.05}))
    for _ in range(2):
        admitted(admissions, "192.0.2.7").leave()
    assert refused(admissions, "192.0.2.7").limit == "connects"
    assert admissions.count == 0
    admitted(admissions, "192.0.2.8")


def test_local_sockets_have_no_address_to_share() -> None:
    admissions = Admissions(limit=10, per_address=1, budgets=Budgets({"connects": 0.05}))
    for _ in range(3):
        admitted(admissions, "")


def test_connections_of_a_proxy_are_those_of_the_clients_behind_it() -> None:
    admissions = Admissions(limit=10, per_address=1, proxies=Proxies(["10.0.0.0/8"]))
    places = [admitted(admissions, "10.0.0.5") for _ in range(3)]
    assert places[0].belong_to("192.0.2.7", 0.0) is None
    assert places[1].belong_to("192.0.2.8", 0.0) is None
    refusal = places[2].belong_to("192.0.2.8", 0.0)
    assert refusal is not None
    assert refusal.limit == "address_connections"
    for place in places:
        place.leave()
    assert (admissions.count, admissions.of_address.count) == (0, 0)


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("descriptors", [256, 1024, 20_000, 2**20])
def test_descriptors_are_left(descriptors: int, workers: int) -> None:
    limit = connection_limit(descriptors, workers)
    assert limit >= 32
    assert descriptors - limit >= min(128 + 16 * workers, descriptors * 7 // 8)
