"""HMAC-SHA1 against hashlib's."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows import wire as window


@given(secret=st.binary(max_size=64), first=st.binary(max_size=63), rest=st.binary(max_size=300))
def test_it_signs_as_hashlib_does(secret: bytes, first: bytes, rest: bytes) -> None:
    assert window.hmac(secret, first, rest) == hmac.digest(secret, first + rest, "sha1")


@pytest.mark.parametrize("length", range(200))
def test_every_length_is_padded_right(length: int) -> None:
    rest = bytes(range(length))
    assert window.hmac(b"k" * 32, b"h" * 20, rest) == hmac.digest(b"k" * 32, b"h" * 20 + rest, "sha1")
