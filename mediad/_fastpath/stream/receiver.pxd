"""State of one received RTP stream: RFC 3550 appendix A statistics, its NACKs, its SR clock and its score."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.rate cimport RateMeter
from mediad._fastpath.stream.nack cimport NackGenerator
from mediad._fastpath.wire.rtcp cimport ReportBlock, SenderInfo

cpdef enum Arrival:
    ARRIVAL_NEW = 0
    ARRIVAL_LATE = 1           # older than the highest, not seen before
    ARRIVAL_DUPLICATE = 2
    ARRIVAL_OUT_OF_RANGE = 3   # a jump beyond MAX_DROPOUT not yet confirmed by a second packet (RFC 3550 appendix A.1)
    ARRIVAL_RESET = 4          # the confirmed jump: the stream restarted, sequence state is new

cdef enum:
    MAX_DROPOUT = 3000         # packets the highest number may jump ahead
    MAX_MISORDER = 1500        # packets behind the highest that still count as late
    NO_SCORE = 255

ctypedef struct RtpStreamReceiver:
    uint32_t ssrc
    uint32_t rtx_ssrc
    uint32_t clock_rate
    bint started
    bint use_nack
    NackGenerator nack
    # sequence state: unwrapped numbers; `highest` starts at 2^32 + first so that late packets stay positive
    int64_t base_sequence      # the oldest since the last reset
    int64_t highest
    int64_t expected_before    # packets expected before the last reset
    int64_t bad_sequence       # the number that would confirm a jump; -1 = none
    uint64_t seen[32]          # 2048-packet duplicate window, by number modulo 2048: all that MAX_MISORDER lets in
    # RFC 3550 appendix A.3 and A.8
    uint64_t packets
    uint64_t bytes
    int64_t expected_prior
    uint64_t received_prior
    uint64_t repaired_prior
    uint8_t fraction_lost
    uint8_t fraction_missed    # of the same interval, what was repaired later included
    double jitter              # RTP units
    uint32_t last_transit      # RTP units, of the newest timestamp
    uint32_t last_timestamp
    bint transit_known
    uint64_t last_packet_us
    uint64_t packets_discarded       # duplicates and unconfirmed jumps
    uint64_t packets_retransmitted   # came over RTX, or after a NACK where there is no RTX
    uint64_t packets_repaired        # and were missing
    uint64_t rtx_discarded           # came over RTX, but nothing was missing
    RateMeter rate
    # last SR: maps RTP time to the sender's wall clock
    uint64_t sr_ntp
    uint32_t sr_rtp_timestamp
    uint64_t sr_received_us
    uint64_t sr_packets
    uint64_t rtt_us            # 0 = unknown
    # score 0..10
    uint8_t score
    uint8_t told_score         # the last one receiver_update_score announced; NO_SCORE before the first
    uint8_t is_active          # packets come; the owner may tell DTX from silence by the inactivity it chooses
    int64_t expected_scored
    uint64_t received_scored
    uint64_t repaired_scored
    uint8_t score_count
    uint8_t score_history[24]

cdef void receiver_init(
    RtpStreamReceiver* stream, uint32_t ssrc, uint32_t clock_rate, bint use_nack
) noexcept nogil
# An authenticated packet in original sequence space. `repaired`: it came as RTX. *sequence is its unwrapped number, not
# set when the packet is out of range. ARRIVAL_RESET: numbers go on two cycles later, and what was stored or synced by
# the old ones is void.
cdef Arrival receiver_packet(
    RtpStreamReceiver* stream,
    uint16_t sequence_number,
    uint32_t timestamp,
    uint32_t bytes,
    bint is_keyframe,
    bint repaired,
    uint64_t now_us,
    int64_t* sequence,
) noexcept nogil
cdef void receiver_sender_report(RtpStreamReceiver* stream, const SenderInfo* info, uint64_t now_us) noexcept nogil
# Starts a new interval of fraction_lost and fraction_missed.
cdef void receiver_report(RtpStreamReceiver* stream, ReportBlock* report, uint64_t now_us) noexcept nogil
# Once per report interval: true when the score differs from the last one announced (so also the first time after a
# packet). inactivity_us 0 = never goes to 0 by silence. A stream that was silent starts again at 10 with its next one.
cdef bint receiver_update_score(RtpStreamReceiver* stream, uint64_t inactivity_us, uint64_t now_us) noexcept nogil
# Inactive from now on, and that counts as announced.
cdef void receiver_falls_silent(RtpStreamReceiver* stream) noexcept nogil
# RTP timestamp → sender's NTP in µs since 1970 by the last SR; false when there was none.
cdef bint receiver_capture_us(const RtpStreamReceiver* stream, uint32_t timestamp, uint64_t* capture_us) noexcept nogil


cdef inline bint receiver_score_is_news(RtpStreamReceiver* stream) noexcept nogil:
    """True when the score differs from the last one announced; then it counts as announced.

    Called after a packet, so that a stream that appears or comes back is told of at once, not at the next update.
    """
    if stream.score == stream.told_score:
        return False
    stream.told_score = stream.score
    return True
