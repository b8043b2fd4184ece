"""Smoothing of the arrival rates at overuse, and the test for an outdated capacity."""

from libc.math cimport sqrt


cdef double deviation(const Capacity* capacity) noexcept nogil:
    return sqrt(capacity.variance * capacity.bps * 1000.0)


cdef void capacity_learn(Capacity* capacity, double arrival_bps) noexcept nogil:
    """Smooth the arrival rate, and its variance divided by the mean (kbit/s), which stays within 0.4 to 2.5."""
    cdef double error
    if capacity.bps <= 0.0 or arrival_bps < capacity.bps - 3 * deviation(capacity):
        capacity.bps = arrival_bps
        capacity.variance = 0.4
        return
    error = capacity.bps - arrival_bps
    capacity.bps += 0.05 * (arrival_bps - capacity.bps)
    capacity.variance += 0.05 * (error * error / (capacity.bps * 1000.0) - capacity.variance)
    if capacity.variance < 0.4:
        capacity.variance = 0.4
    elif capacity.variance > 2.5:
        capacity.variance = 2.5


cdef void capacity_exceed(Capacity* capacity, double bps) noexcept nogil:
    if capacity.bps > 0.0 and bps > capacity.bps + 3 * deviation(capacity):
        capacity.bps = 0.0
