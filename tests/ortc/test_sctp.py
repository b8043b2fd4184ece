from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import InvalidInput
from mediad.ortc.sctp import SctpStreamParameters


@pytest.mark.parametrize(
    ("data", "ordered"),
    [
        ({}, True),
        ({"ordered": False}, False),
        ({"ordered": True}, True),
        ({"maxRetransmits": 1}, False),
        ({"maxPacketLifeTime": 0}, False),
        ({"ordered": False, "maxRetransmits": 0}, False),
        ({"ordered": None, "maxPacketLifeTime": 2000, "maxRetransmits": None}, False),
        ({"label": "chat", "protocol": ""}, True),
    ],
)
def test_a_limit_without_order_makes_a_stream_unordered(data: dict[str, Any], ordered: bool) -> None:
    assert SctpStreamParameters.from_wire({"streamId": 7, **data}).ordered is ordered


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"maxPacketLifeTime": 1, "maxRetransmits": 1}, "not both"),
        ({"ordered": True, "maxRetransmits": 1}, "ordered: true has no limits"),
        ({"ordered": True, "maxPacketLifeTime": 0}, "ordered: true has no limits"),
        ({"ordered": "no"}, "expected a boolean"),
        ({"streamId": 65_535}, "expected an integer 0..65534"),
        ({"streamId": -1}, "expected an integer 0..65534"),
        ({"streamId": None}, "expected an integer 0..65534"),
        ({"maxRetransmits": 65_536}, "expected an integer 0..65535"),
        ({"maxPacketLifeTime": 0.5}, "expected an integer 0..65535"),
    ],
)
def test_what_contradicts_itself_or_is_out_of_bounds_is_refused(data: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        SctpStreamParameters.from_wire({"streamId": 0, **data})


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none())
keys = st.sampled_from(["streamId", "ordered", "maxPacketLifeTime", "maxRetransmits", "label"])


@given(anything | st.dictionaries(keys, anything | st.integers(0, 3)))
def test_what_is_accepted_comes_back_the_same(data: Any) -> None:
    with contextlib.suppress(InvalidInput):
        accepted = SctpStreamParameters.from_wire(data)
        assert SctpStreamParameters.from_wire(accepted.to_wire()) == accepted


def test_limits_that_are_not_set_are_left_out() -> None:
    assert SctpStreamParameters(3).to_wire() == {"streamId": 3, "ordered": True}
    limited = SctpStreamParameters(3, ordered=False, max_retransmits=0)
    assert limited.to_wire() == {"streamId": 3, "ordered": False, "maxRetransmits": 0}
