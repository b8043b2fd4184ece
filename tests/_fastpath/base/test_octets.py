"""Big-endian loads and stores against int.to_bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows import values as window

WIDTHS = (16, 24, 32, 64)


@pytest.mark.parametrize("width", WIDTHS)
@given(value=st.integers(0, 2**64 - 1))
def test_loads_and_stores_are_big_endian(width: int, value: int) -> None:
    value &= (1 << width) - 1
    data = value.to_bytes(width // 8, "big")
    assert window.load(width, data) == value
    assert window.store(width, value) == data


@pytest.mark.parametrize("width", WIDTHS)
def test_the_top_bit_is_no_sign(width: int) -> None:
    assert window.load(width, b"\xff" * (width // 8)) == (1 << width) - 1
