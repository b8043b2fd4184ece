"""Capacity of a path, learned from the arrival rates at which overuse set in.

The mean of those rates and their variance relative to it, as draft-ietf-rmcat-gcc-02 section 5.5 has them. A zeroed
Capacity is an unknown one.
"""

ctypedef struct Capacity:
    double bps                 # 0 = unknown
    double variance            # relative to the mean

# Overuse showed while this much arrived.
cdef void capacity_learn(Capacity* capacity, double arrival_bps) noexcept nogil
# This much arrived without overuse: a capacity clearly below it is outdated, and becomes unknown.
cdef void capacity_exceed(Capacity* capacity, double bps) noexcept nogil
