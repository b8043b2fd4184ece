"""Loss above that of the path itself.

A radio link may lose 15 % whatever is sent; a full queue loses what is too much. The least loss of the last seconds is
taken for the path's own, and only loss above it is a sign of congestion: so steady random loss does not starve a call,
which a fixed threshold (draft-ietf-rmcat-gcc-02 section 6) does.
"""

from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    LOSS_INTERVALS = 10

ctypedef struct LossWatch:
    uint64_t begun_us          # of the current interval; 0 = none
    uint32_t expected
    uint32_t lost
    uint32_t intervals         # done since the start
    double fractions[LOSS_INTERVALS]
    double fraction            # of the last whole interval
    double excess              # of it, above the path's own; 0 = none

cdef void losses_init(LossWatch* watch) noexcept nogil
cdef void losses_add(LossWatch* watch, bint lost) noexcept nogil
# A packet reported lost came after all.
cdef void losses_found(LossWatch* watch) noexcept nogil
# True when an interval is complete: `fraction` and `excess` are new.
cdef bint losses_update(LossWatch* watch, uint64_t now_us) noexcept nogil


cdef inline bint losses_are_high(const LossWatch* watch) noexcept nogil:
    """True when the last interval's excess can only come from congestion: more than a tenth."""
    return watch.excess > 0.10
