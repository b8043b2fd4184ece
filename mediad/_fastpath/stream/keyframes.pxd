"""Times of key frame requests to a sender: one in flight per stream, repeated until the key frame came.

A client that changes layers twice in a row should not wait the second time, so a few requests may follow closely.
"""

from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    KEYFRAME_INTERVAL_US = 1000000     # between requests to one stream in the long run
    KEYFRAME_SPACING_US = 300000       # between any two; libwebrtc ignores one that comes sooner
    KEYFRAME_BURST_US = 2000000        # how far ahead of the long run they may be: two requests
    KEYFRAME_RETRY_US = 500000         # asked, and nothing came (lost PLI): ask again once after this, then each second

ctypedef struct KeyframeRequests:
    bint wanted                # a consumer wants one that has not arrived yet; the owner may clear it when none does
    uint32_t asked             # requests since `wanted` was last set
    uint64_t asked_us          # when the last request went out; 0 = never
    uint64_t paced_us          # when the next request would go out in the long run
    uint64_t wanted_us         # when the newest wish came
    uint64_t received_us       # when the last key frame came
    uint64_t requests          # PLI or FIR sent

cdef void keyframes_init(KeyframeRequests* requests) noexcept nogil
# A consumer wants a key frame. True: send a request now (counts it). Otherwise keyframes_deadline says when to look
# again.
cdef bint keyframes_want(KeyframeRequests* requests, uint64_t now_us) noexcept nogil
# The first packet of a key frame came: it serves all wishes before now, requested or not.
cdef void keyframes_received(KeyframeRequests* requests, uint64_t now_us) noexcept nogil
cdef bint keyframes_due(KeyframeRequests* requests, uint64_t now_us) noexcept nogil      # true: send one now
cdef uint64_t keyframes_deadline(const KeyframeRequests* requests) noexcept nogil        # 0 = nothing pending
