"""Key frame requests (PLI, RFC 4585 section 6.3.1; FIR, RFC 5104 section 4.3.1), limited to what encoders stand.

A key frame is many times the size of another picture, and every receiver that joins or loses one wants it: without a
limit a room of fifty would keep its senders from sending anything else.
"""

from libc.stdint cimport uint64_t
from libc.string cimport memset


cdef void keyframes_init(KeyframeRequests* requests) noexcept nogil:
    memset(requests, 0, sizeof(KeyframeRequests))


cdef void ask(KeyframeRequests* requests, uint64_t now_us) noexcept nogil:
    if requests.paced_us < now_us:
        requests.paced_us = now_us
    requests.paced_us += KEYFRAME_INTERVAL_US
    requests.asked_us = now_us if now_us > 0 else 1
    requests.asked += 1
    requests.requests += 1


cdef uint64_t next_request_us(const KeyframeRequests* requests) noexcept nogil:
    cdef uint64_t wait_us = KEYFRAME_INTERVAL_US
    cdef uint64_t next_us
    if requests.asked_us == 0:
        return 0
    if requests.asked == 0:
        wait_us = KEYFRAME_SPACING_US
    elif requests.asked == 1:
        # The second request comes sooner, as the likeliest reason for silence is a lost packet; after that it is the
        # sender that does not answer, and haste is no use.
        wait_us = KEYFRAME_RETRY_US
    next_us = requests.asked_us + wait_us
    if requests.paced_us > next_us + KEYFRAME_BURST_US:
        next_us = requests.paced_us - KEYFRAME_BURST_US
    return next_us


cdef bint keyframes_want(KeyframeRequests* requests, uint64_t now_us) noexcept nogil:
    if not requests.wanted or now_us >= requests.asked_us + 2 * KEYFRAME_INTERVAL_US:
        # A wish not repeated for so long was given up: this one begins anew, with a quick second request.
        requests.wanted = True
        requests.asked = 0
    requests.wanted_us = now_us
    return keyframes_due(requests, now_us)


cdef void keyframes_received(KeyframeRequests* requests, uint64_t now_us) noexcept nogil:
    requests.wanted = False
    requests.received_us = now_us


cdef bint keyframes_due(KeyframeRequests* requests, uint64_t now_us) noexcept nogil:
    if not requests.wanted or now_us < next_request_us(requests):
        return False
    ask(requests, now_us)
    return True


cdef uint64_t keyframes_deadline(const KeyframeRequests* requests) noexcept nogil:
    return next_request_us(requests) if requests.wanted else 0
