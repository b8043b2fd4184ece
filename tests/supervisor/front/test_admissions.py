"""Numbers of connections that are accepted, in all and of one client, and the descriptors left."""

from __future__ import annotations

import pytest

from mediad.supervisor.front.admissions import Admissions, connection_limit


def test_an_address_has_its_share_and_no_more() -> None:
    admissions = Admissions(limit=100, per_address=2)
    for address in ("2001:db8::1", "2001:db8::2"):
        assert admissions.refusal(address) is None
        admissions.enter(address)
    assert admissions.refusal("2001:db8::3") == (
        "2001:db8::/64 has 2 connections already (max_connections_per_address)"
    )
    assert admissions.refusal("2001:db8:0:1::3") is None
    admissions.leave("2001:db8::1")
    assert admissions.refusal("2001:db8::3") is None


def test_all_together_have_a_limit_and_zero_is_none_for_one() -> None:
    admissions = Admissions(limit=3, per_address=0)
    for _ in range(3):
        admissions.enter("192.0.2.7")
    assert "3 connections are all" in (admissions.refusal("192.0.2.8") or "")
    admissions.leave("192.0.2.7")
    assert admissions.refusal("192.0.2.8") is None


def test_local_sockets_have_no_address_to_share() -> None:
    admissions = Admissions(limit=10, per_address=1)
    for _ in range(3):
        assert admissions.refusal("") is None
        admissions.enter("")


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("descriptors", [256, 1024, 20_000, 2**20])
def test_descriptors_are_left(descriptors: int, workers: int) -> None:
    limit = connection_limit(descriptors, workers)
    assert limit >= 32
    assert descriptors - limit >= min(128 + 16 * workers, descriptors * 7 // 8)
