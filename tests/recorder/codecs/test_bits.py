"""Bits are read as they stand, and never beyond the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.codecs.bits import BitReader, OutOfBits


def test_fields_follow_each_other() -> None:
    bits = BitReader(b"\xa5\x0f")
    assert [bits.take(1), bits.take(3), bits.flag()] == [1, 2, False]
    bits.skip(3)
    assert bits.take(8) == 15
    with pytest.raises(OutOfBits):
        bits.take(1)
    with pytest.raises(OutOfBits):
        bits.skip(1)


@given(st.integers(0, (1 << 32) - 2))
def test_exp_golomb_codes(value: int) -> None:
    text = f"{value + 1:b}"
    text = "0" * (len(text) - 1) + text
    data = int(text.ljust(72, "0"), 2).to_bytes(9, "big")
    assert BitReader(data).golomb() == value
    signed = (value + 1) // 2 if value % 2 else -(value // 2)
    assert BitReader(data).signed_golomb() == signed


def test_a_code_without_an_end() -> None:
    with pytest.raises(OutOfBits):
        BitReader(bytes(40)).golomb()
