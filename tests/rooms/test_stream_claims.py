from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput
from mediad.rooms.stream_claims import StreamClaims


def test_an_ssrc_has_one_owner() -> None:
    claims = StreamClaims()
    claims.claim("p1", "0", [1, 2], [])
    with pytest.raises(InvalidInput, match=r"ssrc already exists in RTP listener \[ssrc:2\]"):
        claims.claim("p2", "1", [2], [])


def test_an_ssrc_is_not_named_twice_by_one_producer() -> None:
    with pytest.raises(InvalidInput, match="ssrc already exists"):
        StreamClaims().claim("p1", "0", [7, 7], [])


def test_a_mid_has_one_owner() -> None:
    claims = StreamClaims()
    claims.claim("p1", "0", [], [])
    with pytest.raises(InvalidInput, match=r"MID already exists in RTP listener \[mid:0\]"):
        claims.claim("p2", "0", [], [])


def test_mids_tell_equal_rids_apart() -> None:
    claims = StreamClaims()
    claims.claim("p1", "0", [], ["r0"])
    claims.claim("p2", "1", [], ["r0"])
    with pytest.raises(InvalidInput, match="RID already exists in RTP listener and there is no MID"):
        claims.claim("p3", None, [], ["r0"])


def test_a_refused_claim_claims_nothing() -> None:
    claims = StreamClaims()
    claims.claim("p1", "0", [1], [])
    with pytest.raises(InvalidInput):
        claims.claim("p2", "0", [2], ["r0"])
    claims.claim("p3", None, [2], ["r0"])


def test_released_claims_are_free_again() -> None:
    claims = StreamClaims()
    claims.claim("p1", "0", [1, 2], ["r0"])
    claims.release("p1")
    claims.claim("p2", "0", [1, 2], ["r0"])


def test_releasing_takes_nothing_from_others() -> None:
    claims = StreamClaims()
    claims.claim("p1", "0", [1], ["r0"])
    claims.claim("p2", "1", [2], ["r0"])
    claims.release("p2")
    with pytest.raises(InvalidInput):
        claims.claim("p3", None, [1], [])
    with pytest.raises(InvalidInput):
        claims.claim("p3", None, [], ["r0"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["0", "1", None]),
            st.lists(st.integers(1, 6), max_size=3),
            st.lists(st.sampled_from(["r0", "r1"]), max_size=2),
        ),
        max_size=12,
    )
)
def test_no_two_living_producers_ever_share_an_ssrc_or_mid(
    wishes: list[tuple[str | None, list[int], list[str]]],
) -> None:
    claims = StreamClaims()
    living: dict[str, tuple[str | None, list[int]]] = {}
    for index, (mid, ssrcs, rids) in enumerate(wishes):
        if index % 4 == 3 and living:
            gone = next(iter(living))
            claims.release(gone)
            del living[gone]
        clash = (
            any(mid is not None and mid == other for other, _ in living.values())
            or any(set(ssrcs) & set(other) for _, other in living.values())
            or len(set(ssrcs)) < len(ssrcs)
        )
        try:
            claims.claim(f"p{index}", mid, ssrcs, rids)
        except InvalidInput:
            assert clash or (mid is None and rids)
        else:
            assert not clash
            living[f"p{index}"] = (mid, ssrcs)
