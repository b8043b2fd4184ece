"""Probing by one estimator: the target rises by probe clusters while the media leaves room."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.stream.estimator_state cimport Estimator

# Starts a probe cluster if one is worth it now. While one is sent, probing_padding says how many bytes it lacks.
cdef bint probing_start(Estimator* estimator, uint64_t now_us) noexcept nogil
cdef uint32_t probing_padding(Estimator* estimator, uint64_t now_us) noexcept nogil
# Takes in the cluster's result once there is one. `later`: as in probe_judge.
cdef void probing_judge(Estimator* estimator, bint later, uint64_t now_us) noexcept nogil
cdef void probing_wait(Estimator* estimator, uint64_t now_us) noexcept nogil
# Overuse showed while this much arrived.
cdef void probing_note_overuse(Estimator* estimator, double arrival_bps, uint64_t now_us) noexcept nogil
# Lowers the target, never raises it; the next probe waits a second at least.
cdef void lower_target(Estimator* estimator, double target_bps, uint64_t now_us) noexcept nogil
