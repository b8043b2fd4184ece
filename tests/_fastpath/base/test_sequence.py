"""RFC 1982 comparison and unwrapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows import values as window


@pytest.mark.parametrize(
    ("a", "b", "newer"),
    [
        (1, 0, True),
        (0, 1, False),
        (0, 0, False),
        (0, 0xFFFF, True),
        (0xFFFF, 0, False),
        (0x7FFF, 0, True),
        (0x8000, 0, False),  # half the circle away: neither is newer
        (0, 0x8000, False),
    ],
)
def test_newer16(a: int, b: int, newer: bool) -> None:
    assert window.newer16(a, b) is newer
    assert window.newer32(a << 16, b << 16) is newer


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31 - 1))
def test_newer32_over_the_wrap(value: int, step: int) -> None:
    later = (value + step) & 0xFFFFFFFF
    assert window.newer32(later, value)
    assert not window.newer32(value, later)


@given(st.integers(2**17, 2**40), st.integers(-(2**15), 2**15 - 1))
def test_unwrap16_finds_the_nearest(reference: int, distance: int) -> None:
    assert window.unwrap16(reference, (reference + distance) & 0xFFFF) == reference + distance


@given(st.integers(2**33, 2**60), st.integers(-(2**31), 2**31 - 1))
def test_unwrap32_finds_the_nearest(reference: int, distance: int) -> None:
    assert window.unwrap32(reference, (reference + distance) & 0xFFFFFFFF) == reference + distance
