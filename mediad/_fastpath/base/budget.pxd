"""Token bucket in one number: the moment at which all tokens taken so far will have been earned (GCRA).

A zeroed budget is full. One token is earned every `interval_us`; at most `burst` of them can be taken at once.
"""

from libc.stdint cimport uint32_t, uint64_t


cdef inline bint budget_has(uint64_t due_us, uint64_t interval_us, uint32_t burst, uint64_t now_us) noexcept nogil:
    return due_us <= now_us + (burst - 1) * interval_us


cdef inline void budget_spend(uint64_t* due_us, uint64_t interval_us, uint64_t now_us) noexcept nogil:
    due_us[0] = (due_us[0] if due_us[0] > now_us else now_us) + interval_us


cdef inline bint budget_take(uint64_t* due_us, uint64_t interval_us, uint32_t burst, uint64_t now_us) noexcept nogil:
    """False, and nothing is taken, when there is no token."""
    if not budget_has(due_us[0], interval_us, burst, now_us):
        return False
    budget_spend(due_us, interval_us, now_us)
    return True
