"""Revocations: by name, until their end, bounded, and kept as bytes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediad.errors import Full, InvalidInput
from mediad.tokens.refusal import Cause, TokenRefused
from mediad.tokens.revocations import Revocations, Revoked, jti_name, token_name


def refused(revocations: Revocations, token: str = "h.p.s", now_s: float = 0, **claims: object) -> bool:
    try:
        revocations.require_valid(token, claims, now_s)
    except TokenRefused as error:
        return error.cause is Cause.REVOKED
    return False


def test_by_jti_and_by_the_token_itself() -> None:
    revocations = Revocations()
    revocations.revoke(jti_name("one"), None, 0)
    revocations.revoke(token_name("h.p.s"), 50, 0)
    assert refused(revocations, "other.p.s", jti="one")
    assert not refused(revocations, "other.p.s", jti="two")
    assert not refused(revocations, "other.p.s", jti=7)
    assert refused(revocations, "h.p.s")
    assert refused(revocations, "h.p.s-written-otherwise")
    assert not refused(revocations, "h.p.s", now_s=50)
    assert revocations.list(0) == [Revoked("jti:one"), Revoked(token_name("h.p.s"), 50)]
    assert revocations.list(50) == [Revoked("jti:one")]


def test_restoring() -> None:
    revocations = Revocations()
    revocations.revoke(jti_name("one"), None, 0)
    assert (revocations.restore("jti:one"), revocations.restore("jti:one")) == (True, False)
    assert not refused(revocations, jti="one")


def test_none_is_forgotten_to_make_room_for_another() -> None:
    revocations = Revocations(capacity=2)
    revocations.revoke("jti:a", 10, 0)
    revocations.revoke("jti:b", None, 0)
    with pytest.raises(Full, match="2 tokens are revoked already"):
        revocations.revoke("jti:c", None, 0)
    revocations.revoke("jti:b", 20, 0)
    revocations.revoke("jti:c", None, 10)
    assert [one.name for one in revocations.list(10)] == ["jti:b", "jti:c"]


def test_wrong_revocations() -> None:
    with pytest.raises(InvalidInput, match="over already"):
        Revocations().revoke("jti:a", 5, 5)
    for jti in ("", "j" * 257):
        with pytest.raises(InvalidInput, match="256"):
            jti_name(jti)


def test_they_are_kept_as_bytes() -> None:
    revocations, later = Revocations(), Revocations()
    revocations.revoke("jti:a", 10, 0)
    revocations.revoke("jti:b", None, 0)
    assert revocations.changed
    data = revocations.dump(0)
    assert not revocations.changed
    later.load(data, 10)
    assert later.list(10) == [Revoked("jti:b")]
    with pytest.raises(InvalidInput, match="more than 1"):
        Revocations(capacity=1).load(data, 0)


@given(st.binary(max_size=60))
@example(b'[{"name":"\xff"}]')
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    revocations = Revocations()
    try:
        revocations.load(data, 0)
    except InvalidInput:
        assert len(revocations) == 0
