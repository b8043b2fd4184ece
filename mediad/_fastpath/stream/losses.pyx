"""Loss by intervals, and the least of the last ones."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

cdef enum:
    INTERVAL_US = 500000
    LONGEST_US = 2000000
    LEAST_PACKETS = 20
    LEARNING = 4                   # intervals before the least of them is trusted

cdef double MAX_OWN = 0.25         # a path that loses more by itself is full


cdef void losses_init(LossWatch* watch) noexcept nogil:
    memset(watch, 0, sizeof(LossWatch))


cdef void losses_add(LossWatch* watch, bint lost) noexcept nogil:
    watch.expected += 1
    watch.lost += lost


cdef void losses_found(LossWatch* watch) noexcept nogil:
    if watch.lost:
        watch.lost -= 1


cdef double path_own(const LossWatch* watch) noexcept nogil:
    """Return the least loss of the remembered intervals before the current one."""
    cdef uint32_t i
    cdef uint32_t count = watch.intervals if watch.intervals < LOSS_INTERVALS else LOSS_INTERVALS
    cdef double least = MAX_OWN
    if count < LEARNING:
        return 0.0
    for i in range(count):
        if watch.fractions[i] < least:
            least = watch.fractions[i]
    return least


cdef bint losses_update(LossWatch* watch, uint64_t now_us) noexcept nogil:
    cdef uint64_t passed_us = now_us - watch.begun_us
    if watch.begun_us == 0:
        watch.begun_us = now_us
        return False
    if passed_us < INTERVAL_US or (watch.expected < LEAST_PACKETS and passed_us < LONGEST_US):
        return False
    watch.begun_us = now_us
    if watch.expected == 0:
        watch.fraction = watch.excess = 0.0
        return False
    watch.fraction = <double>watch.lost / watch.expected
    watch.excess = watch.fraction - path_own(watch)
    if watch.excess < 0.0:
        watch.excess = 0.0
    watch.fractions[watch.intervals % LOSS_INTERVALS] = watch.fraction
    watch.intervals += 1
    watch.expected = watch.lost = 0
    return True
