"""Health of a stream as one digit, 0 to 10: the share of packets delivered, to the fourth power, smoothed.

A repaired packet came, but late and at the price of a round trip: it counts as delivered in part, the less the more
packets needed repair.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memmove

cdef enum:
    SCORE_VALUES = 24
    SCORE_BEST = 10


cdef inline uint8_t delivery_score(double expected, double lost, double repaired) noexcept nogil:
    """Score of one interval: of `expected` > 0 packets `lost` never came, `repaired` others were missing first."""
    cdef double weight = 1.0 / (1.0 + repaired / expected)
    cdef double ratio
    weight *= weight
    weight *= weight
    ratio = (expected - lost - repaired * (1.0 - weight)) / expected
    if ratio <= 0.0:
        return 0
    if ratio >= 1.0:
        return SCORE_BEST
    ratio *= ratio
    return <uint8_t>(ratio * ratio * SCORE_BEST + 0.5)


cdef inline uint8_t smooth_score(uint8_t* history, uint8_t* count, uint8_t newest) noexcept nogil:
    """Remember the newest value and return the mean of the history, weighted 1, 2, 3, … from oldest to newest."""
    cdef int i, weights = 0, total = 0
    if count[0] == SCORE_VALUES:
        memmove(history, history + 1, SCORE_VALUES - 1)
        count[0] -= 1
    history[count[0]] = newest
    count[0] += 1
    for i in range(count[0]):
        total += (i + 1) * history[i]
        weights += i + 1
    return <uint8_t>((2 * total + weights) // (2 * weights))
