"""Transport-wide congestion control, receiving side: arrival times in, feedback packets out.

Format: draft-holmer-rmcat-transport-wide-cc-extensions-01.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    TWCC_WINDOW = 2048         # sequence numbers remembered; power of two
    TWCC_INTERVAL_US = 100000
    TWCC_MAX_PACKETS = 400     # statuses in one feedback packet

ctypedef struct TwccRecorder:
    bint started
    int64_t next_sequence      # first unwrapped number not yet reported
    int64_t highest
    uint8_t feedback_count
    uint32_t media_ssrc        # any SSRC of the sender, as the format wants one
    uint64_t arrivals_us[TWCC_WINDOW]   # 0 = not arrived
    uint64_t feedbacks_sent
    uint64_t received
    uint64_t lost

cdef void twcc_init(TwccRecorder* recorder) noexcept nogil
cdef void twcc_received(
    TwccRecorder* recorder, uint16_t sequence_number, uint32_t media_ssrc, uint64_t now_us
) noexcept nogil
cdef bint twcc_pending(const TwccRecorder* recorder) noexcept nogil
# One feedback packet for what arrived since the last one; call until NULL (nothing left or does not fit before limit).
# Every number up to the highest that arrived is reported once, as received or lost; a packet after that is too late.
cdef uint8_t* twcc_write_feedback(
    TwccRecorder* recorder, uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc
) noexcept nogil
