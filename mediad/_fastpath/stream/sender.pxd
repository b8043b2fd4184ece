"""State of one sent RTP stream: content of SRs, results of RRs, and the RTX stream beside it."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.rate cimport RateMeter
from mediad._fastpath.wire.rtcp cimport ReportBlock, SenderInfo

cdef enum:
    SENT_REPORTS = 8           # sender reports whose sending time is remembered
    SENDER_SILENCE_US = 2000000

ctypedef struct RtpStreamSender:
    uint32_t ssrc
    uint32_t rtx_ssrc
    uint32_t clock_rate
    uint16_t rtx_sequence_number
    uint64_t packets
    uint64_t bytes             # payload octets as SRs count them: without header and padding
    uint64_t total_bytes       # on the wire before SRTP, for stats
    uint64_t rtx_packets
    uint64_t rtx_bytes
    RateMeter rate
    uint32_t last_timestamp    # of the newest packet, as sent
    uint64_t last_timestamp_us     # when it was sent
    uint64_t last_capture_us   # sender's capture wall time of that timestamp if known, else 0
    uint64_t last_packet_us
    # from receiver reports
    uint8_t fraction_lost
    uint8_t fraction_missed    # the same before repairs
    int64_t packets_lost
    uint32_t remote_jitter
    uint64_t rtt_us            # 0 = unknown
    uint32_t last_report_highest
    uint64_t nack_count
    uint64_t nack_packet_count
    uint64_t pli_count
    uint64_t fir_count
    uint64_t retransmitted
    uint64_t repaired          # of those, packets that were sent again for the first time
    # SRs we sent, for round trips: their NTP time may be the capture clock's, so LSR alone does not tell when they left
    uint32_t report_ids[SENT_REPORTS]       # compact NTP as the RR echoes it; 0 = unused
    uint64_t report_wall_us[SENT_REPORTS]
    uint8_t next_report
    # score 0..10
    bint reported              # a first RR came
    uint64_t reported_wall_us  # when the newest came
    uint64_t packets_reported  # how many had been sent by then, and repaired
    uint64_t repaired_reported
    int64_t lost_scored
    uint64_t retransmitted_scored
    uint8_t score
    uint8_t score_count
    uint8_t score_history[24]

cdef void sender_init(
    RtpStreamSender* stream, uint32_t ssrc, uint32_t rtx_ssrc, uint32_t clock_rate, uint16_t first_rtx_sequence
) noexcept nogil
cdef void sender_sent(
    RtpStreamSender* stream,
    uint32_t timestamp,
    uint32_t payload_bytes,
    uint32_t total_bytes,
    uint64_t capture_us,
    uint64_t now_us,
) noexcept nogil
# False when nothing was sent for 2 s (no SR then). wall_us: microseconds since 1970 of now_us. The NTP/RTP pair is
# extrapolated from the newest packet; when capture time is known both halves refer to the capture clock, so that audio
# and video of one sender align. Remembers when the report left, for round trips: call it for reports that are sent.
cdef bint sender_report(RtpStreamSender* stream, SenderInfo* info, uint64_t now_us, uint64_t wall_us) noexcept nogil
# A report block about us; true when the score changed.
cdef bint sender_receiver_report(RtpStreamSender* stream, const ReportBlock* report, uint64_t wall_us) noexcept nogil
