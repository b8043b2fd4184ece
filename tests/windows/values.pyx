"""Test window into the functions and small values of base/: octets, sequence numbers, clocks, budgets and rates.

Arguments are trusted: a test that breaks a precondition gets what the C code does then.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base cimport clock, octets, sequence
from mediad._fastpath.base.budget cimport budget_take
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT
from mediad._fastpath.base.rate cimport RateMeter, rate_add, rate_bps


# octets

def load(width: int, data: bytes) -> int:
    cdef const uint8_t* p = data
    if width == 16:
        return octets.load16(p)
    if width == 24:
        return octets.load24(p)
    return octets.load32(p) if width == 32 else octets.load64(p)


def store(width: int, uint64_t value) -> bytes:
    cdef uint8_t[8] p
    if width == 16:
        octets.store16(p, <uint32_t>value)
    elif width == 24:
        octets.store24(p, <uint32_t>value)
    elif width == 32:
        octets.store32(p, <uint32_t>value)
    else:
        octets.store64(p, value)
    return (<uint8_t*>p)[:width // 8]


# sequence

def newer16(uint16_t a, uint16_t b) -> bool:
    return sequence.newer16(a, b)


def newer32(uint32_t a, uint32_t b) -> bool:
    return sequence.newer32(a, b)


def unwrap16(int64_t reference, uint16_t value) -> int:
    return sequence.unwrap16(reference, value)


def unwrap32(int64_t reference, uint32_t value) -> int:
    return sequence.unwrap32(reference, value)


# clock

def ntp_from_us(uint64_t wall_us) -> int:
    return clock.ntp_from_us(wall_us)


def us_from_ntp(uint64_t ntp) -> int:
    return clock.us_from_ntp(ntp)


def compact_ntp(uint64_t ntp) -> int:
    return clock.compact_ntp(ntp)


def us_from_compact(uint32_t compact) -> int:
    return clock.us_from_compact(compact)


def abs_send_time(uint64_t now_us) -> int:
    return clock.abs_send_time(now_us)


# invariant

def assert_that(condition: bool) -> None:
    MEDIAD_ASSERT(condition)


# budget

cdef class BudgetWindow:
    """One budget."""

    cdef uint64_t due_us

    def take(self, interval_us: int, burst: int, now_us: int):
        return budget_take(&self.due_us, interval_us, burst, now_us)


# rate

cdef class RateWindow:
    cdef RateMeter meter

    def add(self, uint32_t size, uint64_t now_us) -> None:
        rate_add(&self.meter, size, now_us)

    def bps(self, uint64_t now_us) -> int:
        return rate_bps(&self.meter, now_us)
