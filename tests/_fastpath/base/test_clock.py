"""The NTP conversions against exact fractions."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.windows import values as window

NTP_OF_1970 = 2208988800
UNTIL_2036_US = (2**32 - NTP_OF_1970 - 1) * 1_000_000  # where NTP's era ends


def test_known_instants() -> None:
    assert window.ntp_from_us(0) == NTP_OF_1970 << 32
    assert window.ntp_from_us(1_500_000) == (NTP_OF_1970 + 1) << 32 | 1 << 31
    assert window.compact_ntp(0x1234_5678_9ABC_DEF0) == 0x5678_9ABC


@given(st.integers(0, UNTIL_2036_US))
def test_ntp_is_the_exact_fraction_rounded_down(wall_us: int) -> None:
    ntp = window.ntp_from_us(wall_us)
    assert ntp == int((Fraction(wall_us, 1_000_000) + NTP_OF_1970) * 2**32)
    assert wall_us - 1 <= window.us_from_ntp(ntp) <= wall_us


@given(st.integers(0, 2**32 - 1))
def test_compact_ntp_is_a_duration_in_65536ths(compact: int) -> None:
    assert window.us_from_compact(compact) == compact * 1_000_000 // 65536


@given(st.integers(0, 2**45))
def test_abs_send_time_is_6_18_fixed_point(now_us: int) -> None:
    assert window.abs_send_time(now_us) == int(Fraction(now_us, 1_000_000) * 2**18) % 2**24
